package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.atMostOnce;
import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.retried;
import static hero.supervisor.store.JobFixture.slots;
import static hero.supervisor.store.JobFixture.startingAt;
import static hero.supervisor.store.JobFixture.succeed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import hero.supervisor.store.JobStore.Answer;
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.JobStore.Ripened;
import hero.supervisor.store.RunnerStore.Session;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The contract on a real PostgreSQL, and what only several gateways on one database can show.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init")
class PostgresJobStoreTest extends JobStoreContract {
    private Database database;
    private PostgresJobStore store;
    private PostgresJobStore other;
    private PostgresRunnerStore runners;

    @BeforeAll
    void connect() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
        new Partitions(database).ahead();
        runners = new PostgresRunnerStore(database);
    }

    @BeforeEach
    void setup() {
        database.query(sql -> sql.execute("truncate runners, jobs, job_queue, job_timers, job_holds, job_attempts,"
                + " runner_sessions, job_events"));
        runners.register("runner", "queue");
        open("s1", Duration.ofHours(1));
        store = new PostgresJobStore(database, "one", 10_000, 1000);
        other = new PostgresJobStore(database, "two", 10_000, 1000);
    }

    @AfterEach
    void stop() {
        store.close();
        other.close();
    }

    @AfterAll
    void disconnect() {
        database.close();
    }

    @Override
    JobStore store() {
        return store;
    }

    private void open(String session, Duration lease) {
        assertTrue(runners.openSession(new Session(session, "runner", "one", 5, List.of(), Map.of()), false, lease));
    }

    private void sql(String statement) {
        database.query(sql -> sql.execute(statement));
    }

    private long count(String table) {
        return database.query(sql -> (long) sql.fetchCount(DSL.table(table)));
    }

    // ---- several gateways ----

    @Test
    void claims_of_two_gateways_never_share_a_job() {
        int jobs = 2000;
        List<CompletableFuture<Created>> created = IntStream.range(0, jobs)
                .mapToObj(n -> (n % 2 == 0 ? store : other).create(job("j" + n), true))
                .toList();
        created.forEach(JobFixture::get);
        List<String> taken = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = IntStream.range(0, 8)
                .mapToObj(n -> Thread.startVirtualThread(() -> {
                    JobStore mine = n % 2 == 0 ? store : other;
                    List<Assignment> given;
                    do {
                        given = get(mine.claim("queue", slots("s1", 17)));
                        given.forEach(next -> {
                            taken.add(next.job().id());
                            assertEquals(
                                    Outcome.RECORDED, succeed(mine, next.key()).outcome());
                        });
                    } while (!given.isEmpty());
                }))
                .toList();
        threads.forEach(thread -> {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        // A claim may find nothing because the other gateway holds the rows: what is left comes now.
        get(store.claim("queue", slots("s1", jobs)))
                .forEach(next -> taken.add(next.job().id()));
        assertEquals(jobs, taken.size());
        assertEquals(jobs, taken.stream().distinct().count());
        assertEquals(0, count("job_queue"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void one_id_at_two_gateways_at_once_is_accepted_once(boolean fresh) {
        for (int round = 0; round < 5; round++) {
            String name = "r" + round + "n";
            List<Job> jobs = IntStream.range(0, 30)
                    .mapToObj(n -> job(fresh ? FreshJobsTest.freshId() : name + n))
                    .toList();
            List<CompletableFuture<Created>> answers = new ArrayList<>();
            for (int n = 0; n < 30; n++) {
                // In opposite orders, so that the two transactions wait for each other.
                answers.add(store.create(jobs.get(n), true));
                answers.add(other.create(jobs.get(29 - n), true));
            }
            List<Created> all = answers.stream().map(JobFixture::get).toList();
            assertEquals(30, all.stream().filter(Created.New.class::isInstance).count());
            assertEquals(30, all.stream().filter(Created.Same.class::isInstance).count());
        }
        assertEquals(150, count("jobs"));
        assertEquals(150, count("job_queue"));
    }

    @Test
    void one_report_at_two_gateways_is_recorded_once() {
        for (int n = 0; n < 20; n++) {
            queued("j" + n);
            Assignment.Key key = claimOne(store).key();
            var one = store.complete(new JobStore.Completion(key, new JobResult.Success("1")));
            var two = other.complete(new JobStore.Completion(key, new JobResult.Failure("2", 1)));
            List<Outcome> outcomes = new ArrayList<>(List.of(get(one).outcome(), get(two).outcome()));
            Collections.sort(outcomes);
            assertEquals(List.of(Outcome.RECORDED, Outcome.DUPLICATE), outcomes);
        }
    }

    @Test
    void a_queue_row_of_a_stopped_job_costs_no_slot() {
        queued("a", "b");
        sql("update jobs set status = 'failed', error = 'stopped', completed_at = now() where id = 'a'");
        assertEquals(List.of("b"), claim(1));
        assertEquals(0, count("job_queue"));
    }

    @Test
    void a_bad_row_hurts_itself_only() {
        List<CompletableFuture<Created>> answers = IntStream.range(0, 40)
                .mapToObj(n -> store.create(job("j" + n, n == 17 ? "nul \0" : "fine", 1, Job.Extras.NONE), false))
                .toList();
        for (int n = 0; n < 40; n++) {
            CompletableFuture<Created> answer = answers.get(n);
            if (n == 17) {
                assertThrows(IllegalStateException.class, () -> get(answer));
            } else {
                assertEquals(new Created.New("queue"), get(answer));
            }
        }
    }

    // ---- timers ----

    @Test
    void a_timer_whose_time_has_come_moves_to_the_queue() {
        get(store.create(startingAt("a", FAR), true));
        queued("b");
        sql("update job_timers set due_at = now()");
        assertEquals(new Ripened(List.of("queue"), null), store.ripen(10));
        assertEquals(new Ripened(List.of(), null), store.ripen(10));
        assertEquals(List.of("a", "b"), claim(5));
        assertEquals(0, count("job_timers"));
    }

    @Test
    void a_stopped_or_deleted_job_leaves_no_timer_and_no_place() {
        get(store.create(startingAt("a", FAR), true));
        queued("b", "c");
        store.stop("a");
        store.stop("b");
        store.delete("c", 0);
        assertEquals(0, count("job_timers"));
        assertEquals(0, count("job_queue"));
    }

    // ---- lost sessions ----

    @Test
    void a_lost_sessions_jobs_are_queued_again_until_the_limit() {
        queued("a");
        for (int losses = 1; losses <= 2; losses++) {
            open("gone", Duration.ZERO);
            Assignment given = get(store.claim("queue", slots("gone", 1))).getFirst();
            assertEquals(losses, given.attempt());
            assertEquals(List.of(), other.rescue(Duration.ofHours(1), 2).sessions());
            JobStore.Rescued rescued = other.rescue(Duration.ZERO, 2);
            assertEquals(List.of("gone"), rescued.sessions());
            assertEquals(List.of("queue"), rescued.queues());
            assertEquals(List.of(), rescued.ended());
            assertEquals(Outcome.STALE, succeed(store, given.key()).outcome());
        }
        open("gone", Duration.ZERO);
        get(store.claim("queue", slots("gone", 1)));
        JobResult lost = new JobResult.Failure("runner lost", null);
        assertEquals(
                List.of(new JobStore.Ended("a", lost)),
                other.rescue(Duration.ZERO, 2).ended());
        assertEquals(new Answer.Done(lost), store.answer("a"));
        assertEquals(
                List.of("lost", "lost", "lost"),
                store.details("a").orElseThrow().attempts().stream()
                        .map(JobDetails.Attempt::status)
                        .toList());
        store.tidy();
        assertEquals(0, count("job_holds"));
    }

    @Test
    void a_lost_job_that_may_run_once_or_was_stopped_ends() {
        get(store.create(atMostOnce("once"), true));
        queued("stopped");
        open("gone", Duration.ZERO);
        get(store.claim("queue", slots("gone", 2)));
        store.stop("stopped");
        assertEquals(
                List.of(
                        new JobStore.Ended("once", new JobResult.Failure("runner lost", null)),
                        new JobStore.Ended("stopped", new JobResult.Failure("stopped", null))),
                store.rescue(Duration.ZERO, 2).ended());
    }

    @Test
    void a_failure_of_a_job_that_may_run_once_is_final() {
        get(store.create(atMostOnce("a"), true));
        assertEquals(
                new JobResult.Failure("broken", 3),
                JobFixture.fail(store, claimOne(store).key()).result());
    }

    @Test
    void a_hold_without_a_session_is_freed_and_a_living_session_is_left_alone() {
        queued("a", "b");
        claimOne(store);
        get(store.claim("queue", slots("never opened", 1)));
        JobStore.Rescued rescued = store.rescue(Duration.ZERO, 2);
        assertEquals(List.of("queue"), rescued.queues());
        assertEquals(JobStatus.RUNNING, status("a"));
        assertEquals(JobStatus.QUEUED, status("b"));
    }

    // ---- the event log ----

    private static List<String> words(List<Event> events) {
        return events.stream()
                .map(event -> event.jobId() + " " + event.status())
                .toList();
    }

    @Test
    void events_of_all_gateways_come_in_order() {
        Position head = other.head();
        get(store.create(retried("a", 1, 0), true));
        get(other.create(job("mine"), true));
        Assignment given = claimOne(store);
        JobFixture.fail(store, given.key());
        succeed(store, get(store.claim("queue", slots("s1", 2))).getLast().key());
        store.stop("mine");
        List<String> expected =
                List.of("a created", "a queued", "mine created", "mine queued", "a running", "a queued");
        JobStore.Events events = other.events(head, 100);
        assertEquals(expected, words(events.events()).subList(0, 6));
        assertEquals(List.of(), other.events(events.next(), 100).events());

        // One by one gives the same.
        List<Event> single = new ArrayList<>();
        Position at = head;
        for (Position before = null; !at.equals(before); ) {
            before = at;
            JobStore.Events one = other.events(at, 1);
            single.addAll(one.events());
            at = one.next();
        }
        assertEquals(words(events.events()), words(single));
    }

    @Test
    void an_event_of_a_transaction_that_still_runs_is_never_skipped() throws Exception {
        try (Connection slow = database.patientSource().getConnection();
                Statement statement = slow.createStatement()) {
            slow.setAutoCommit(false);
            statement.execute("insert into job_events (job_id, status, attempt, runner, queue, node)"
                    + " values ('slow', 'created', 0, 'runner', 'queue', 'three')");
            Position head = other.head();
            queued("fast");
            JobStore.Events before = other.events(head, 100);
            assertEquals(List.of(), words(before.events()));
            slow.commit();
            assertEquals(
                    List.of("slow created", "fast created", "fast queued"),
                    words(other.events(before.next(), 100).events()));
        }
    }

    @Test
    void the_end_of_a_released_job_is_read_by_every_gateway() {
        queued("a");
        Assignment.Key key = claimOne(store).key();
        store.stop("a");
        Position head = store.head();
        store.release(List.of(key));
        assertEquals(List.of("a failed"), words(store.events(head, 10).events()));
    }

    // ---- the checks ----

    @ParameterizedTest
    @ValueSource(
            strings = {
                "status = 'done'",
                "status = 'completed', completed_at = now()",
                "status = 'completed', output = 'x'",
                "status = 'running'",
                "status = 'running', lease = 1, session_id = 's', started_at = now(), attempt = 0",
                "status = 'created', attempt = 1",
                "status = 'queued', queued_at = null",
                "status = 'queued', lease = 1",
                "status = 'failed', completed_at = now(), error = 'x', output = 'y'",
                "output = 'x'",
                "timeout_s = 0",
                "priority = 101",
                "retries = -1"
            })
    void the_database_refuses_a_row_that_no_job_can_have(String change) {
        queued("a");
        DataAccessException refused =
                assertThrows(DataAccessException.class, () -> sql("update jobs set " + change + " where id = 'a'"));
        assertEquals("23514", refused.sqlState());
    }
}
