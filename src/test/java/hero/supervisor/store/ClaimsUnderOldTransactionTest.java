package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.prioritised;
import static hero.supervisor.store.JobFixture.slots;
import static hero.supervisor.store.JobFixture.startingAt;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Signals;
import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.RunnerStore.Session;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Claims do not step over what was taken before them, and miss nothing that waits behind where they begin.
@SuppressWarnings("NullAway.Init")
class ClaimsUnderOldTransactionTest {
    private Database.Settings settings;
    private Database database;
    private PostgresJobStore store;
    private PostgresJobStore other;
    private PostgresRunnerStore runners;
    private final List<Spot> ripened = new ArrayList<>();

    @BeforeEach
    void setup() {
        settings = PostgresFixture.freshDatabase();
        database = Database.connect(settings, Duration.ofSeconds(10));
        new Partitions(database).ahead();
        store = store("one");
        other = store("two");
        runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        open("s", Duration.ofHours(1));
    }

    @AfterEach
    void close() {
        store.close();
        other.close();
        database.close();
    }

    private PostgresJobStore store(String node) {
        var committed = new Committed() {
            @Override
            public void news(News news) {}

            @Override
            public void ripened(Collection<Spot> spots) {
                ripened.addAll(spots);
            }
        };
        return new PostgresJobStore(database, node, 10_000, 1000, committed, Signals.NONE, Time.system());
    }

    private void open(String session, Duration lease) {
        assertTrue(runners.openSession(new Session(session, "runner", "one", 50, List.of(), Map.of()), false, lease));
    }

    private Connection connection() throws SQLException {
        return DriverManager.getConnection(settings.url(), settings.user(), settings.password());
    }

    private Connection oldTransaction() throws SQLException {
        Connection connection = connection();
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        connection.createStatement().execute("select count(*) from jobs");
        return connection;
    }

    private void create(JobStore by, String name, int jobs) {
        IntStream.range(0, jobs)
                .mapToObj(n -> by.create(job(name + n), true))
                .toList()
                .forEach(JobFixture::get);
    }

    private List<Assignment> claim(JobStore by, int slots) {
        return get(by.claim("queue", slots("s", slots)));
    }

    private List<String> ids(JobStore by, int slots) {
        return claim(by, slots).stream().map(given -> given.job().id()).toList();
    }

    /// Takes so many jobs one after the other, so that what they drew is settled and passed.
    private void pass(JobStore by, String name) {
        for (int n = 0; n < 6; n++) {
            create(by, name + n, 1);
            assertEquals(1, claim(by, 2).size());
        }
    }

    /// Entries of an index that the statements of this connection have read.
    private static long read(Connection connection, String index) throws SQLException {
        connection.createStatement().execute("select pg_stat_force_next_flush()");
        try (var rows = connection
                .createStatement()
                .executeQuery("select idx_tup_read from pg_stat_user_indexes where indexrelname = '" + index + "'")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    @Test
    void a_claim_reads_what_it_takes_however_much_was_taken_since_an_old_transaction_began() throws SQLException {
        try (Connection old = oldTransaction()) {
            database.statement(own -> {
                ClaimBatch claims = new ClaimBatch("one", new QueueHeads(Time.system()));
                for (int n = 0; n < 20; n++) {
                    create(store, "j" + n + "-", 100);
                    claims.write(own, List.of(new ClaimBatch.Claim("queue", () -> slots("s", 100))));
                }
                database.query(sql -> sql.execute("analyze"));
                create(store, "last", 10);
                long places = read(own, "job_queue_order");
                long jobs = read(own, "jobs_pkey");
                List<List<Assignment>> given =
                        claims.write(own, List.of(new ClaimBatch.Claim("queue", () -> slots("s", 100))));
                assertEquals(10, given.getFirst().size());
                long placesRead = read(own, "job_queue_order") - places;
                long jobsRead = read(own, "jobs_pkey") - jobs;
                assertTrue(placesRead <= 310, () -> placesRead + " of 2010 places were read for 10 jobs");
                assertTrue(jobsRead <= 20, () -> jobsRead + " of 2010 jobs were read for 10");
                return given;
            });
            old.rollback();
        }
    }

    @Test
    void a_number_that_was_drawn_early_and_committed_late_is_found_at_once() throws SQLException {
        pass(store, "before");
        try (Connection late = connection()) {
            late.setAutoCommit(false);
            late.createStatement().execute("""
                    with drawn as (select pg_current_xact_id() as id, nextval('job_queue_seq') as seq),
                    made as (
                      insert into jobs (id, caller_id, context_id, payload, runner, queue, executor, timeout_s, env_vars,
                        created_text, updated_text, fingerprint, status, queued_at, queue_seq)
                      select 'late', '', '', '', 'runner', 'queue', '', 1, '{}', '', '', '', 'queued', now(), seq from drawn
                      returning number, queue_seq)
                    insert into job_queue (queue, priority, seq, job_number) select 'queue', 0, queue_seq, number from made
                    """);
            pass(store, "meanwhile");
            late.commit();
        }
        assertEquals(List.of("late"), ids(store, 2));
    }

    @Test
    void a_job_that_was_handed_back_here_is_found_at_once() {
        create(store, "a", 1);
        Assignment given = claim(store, 1).getFirst();
        pass(store, "b");
        store.release(List.of(given.key()));
        assertEquals(List.of("a0"), ids(store, 2));
    }

    @Test
    void a_job_that_was_handed_back_elsewhere_is_found_when_its_event_was_read() {
        for (boolean all : new boolean[] {false, true}) {
            create(other, "a" + all, 1);
            Assignment given = claim(other, 1).getFirst();
            pass(store, "b" + all);
            Position head = store.head();
            other.release(List.of(given.key()));
            assertEquals(
                    1,
                    (all ? store.eventsWithFacts(head, 10) : store.news(head, 10))
                            .events()
                            .size());
            assertEquals(List.of(given.job().id()), ids(store, 2));
        }
    }

    @Test
    void a_job_whose_runner_was_lost_is_found_at_once_here_and_elsewhere_when_its_event_was_read() {
        for (JobStore finder : List.of(store, other)) {
            open("gone", Duration.ZERO);
            create(store, "a" + (finder == store), 1);
            Assignment given = get(store.claim("queue", slots("gone", 1))).getFirst();
            pass(finder, "b" + (finder == store));
            Position head = finder.head();
            assertEquals(1, store.rescue(Duration.ZERO, 5).again().size());
            if (finder == other) {
                finder.news(head, 10);
            }
            assertEquals(List.of(given.job().id()), ids(finder, 2));
        }
    }

    @Test
    void a_job_whose_time_has_come_is_found_at_once_here_and_elsewhere_when_that_was_told() {
        for (JobStore finder : List.of(store, other)) {
            String id = "a" + (finder == store);
            get(store.create(startingAt(id, "2100-01-01T00:00:00Z"), true));
            pass(finder, "b" + id);
            database.query(sql -> sql.execute("update job_timers set due_at = now()"));
            assertEquals(List.of("queue"), store.ripen(10).queues());
            if (finder == other) {
                finder.returned(List.of(ripened.getLast()));
            }
            assertEquals(List.of(id), ids(finder, 2));
        }
    }

    @Test
    void a_claim_takes_no_more_than_its_slots_whatever_plan_it_is_given() throws Exception {
        create(store, "a", 1);
        database.query(sql -> sql.execute("analyze job_queue"));
        create(store, "b", 9);
        try (Connection connection = connection();
                Statement statement = connection.createStatement()) {
            // As behind a pooler, where our settings of the planner do not arrive: one that expects one row may look
            // for what to take once for each row of the queue.
            statement.execute("set plan_cache_mode = force_custom_plan; set enable_tidscan = off;"
                    + " set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off");
            ClaimBatch claims = new ClaimBatch("one", new QueueHeads(Time.system()));
            List<JobStore.Slot> two = slots("s", 2);
            var claim = new ClaimBatch.Claim("queue", () -> two);
            assertEquals(
                    List.of("a0", "b0"),
                    claims.write(connection, List.of(claim)).getFirst().stream()
                            .map(given -> given.job().id())
                            .toList());
        }
        assertEquals(8, ids(store, 10).size());
    }

    @Test
    void of_many_queues_those_with_jobs_are_found_and_few_are_all_looked_into() {
        create(store, "a", 1);
        List<String> few = IntStream.range(0, 100).mapToObj(i -> "empty" + i).toList();
        assertEquals(few, store.waiting(few));
        List<String> many = new ArrayList<>(few);
        many.add("queue");
        assertEquals(List.of("queue"), store.waiting(many));
    }

    @Test
    void what_nobody_told_of_is_found_by_the_net() {
        create(other, "a", 1);
        Assignment given = claim(other, 1).getFirst();
        pass(store, "b");
        other.release(List.of(given.key()));
        assertEquals(List.of(), ids(store, 2));
        assertEquals(List.of("queue"), store.overlooked());
        assertEquals(List.of("a0"), ids(store, 2));
        assertEquals(List.of(), store.overlooked());
    }

    /// A clock on which everything takes as long as it is told.
    private static final class Slow implements Time {
        final AtomicLong now = new AtomicLong();
        volatile long stepMs;

        @Override
        public Instant instant() {
            return Instant.EPOCH;
        }

        @Override
        public long nanoTime() {
            return now.addAndGet(stepMs * 1_000_000);
        }
    }

    @Test
    void a_long_look_at_all_holds_is_followed_by_a_pause_and_dead_sessions_are_freed_all_the_same() {
        Slow slow = new Slow();
        try (var sweeping = new PostgresJobStore(database, "three", 10, 10, Committed.NOBODY, Signals.NONE, slow)) {
            slow.stepMs = 100;
            assertEquals(List.of(), sweeping.rescue(Duration.ZERO, 5).again());
            slow.stepMs = 0;
            create(store, "a", 2);
            get(store.claim("queue", slots("never opened", 1)));
            open("gone", Duration.ZERO);
            get(store.claim("queue", slots("gone", 1)));
            assertEquals(List.of("a1"), sweeping.rescue(Duration.ZERO, 5).again());
            slow.now.addAndGet(Duration.ofSeconds(2).toNanos() - 1);
            assertEquals(List.of(), sweeping.rescue(Duration.ZERO, 5).again());
            slow.now.addAndGet(1);
            assertEquals(List.of("a0"), sweeping.rescue(Duration.ZERO, 5).again());
        }
    }

    /// Who has created a job may expect the next claim to find it. The claims here are always a step ahead of some
    /// creations whose numbers are lower.
    @Test
    void claims_beside_creations_on_two_gateways_find_every_job_that_was_accepted_before() throws InterruptedException {
        int each = 400;
        Set<String> taken = new TreeSet<>();
        AtomicBoolean over = new AtomicBoolean();
        Thread claimer = Thread.startVirtualThread(() -> {
            while (!over.get()) {
                claim(store, ThreadLocalRandom.current().nextInt(1, 40))
                        .forEach(given -> taken.add(given.job().id()));
            }
        });
        List<Thread> creators = IntStream.range(0, 8)
                .mapToObj(n -> Thread.startVirtualThread(() -> create(n, each)))
                .toList();
        for (Thread creator : creators) {
            creator.join();
        }
        over.set(true);
        claimer.join();
        claim(store, 8 * each).forEach(given -> taken.add(given.job().id()));
        assertEquals(8 * each, taken.size());
    }

    private void create(int creator, int jobs) {
        for (int n = 0; n < jobs; n += 4) {
            List<CompletableFuture<Created>> some = new ArrayList<>();
            for (int m = 0; m < 4; m++) {
                int priority = ThreadLocalRandom.current().nextInt(-2, 3);
                some.add((creator % 2 == 0 ? store : other)
                        .create(prioritised("j" + creator + "-" + (n + m), priority), true));
            }
            some.forEach(JobFixture::get);
        }
    }
}
