package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.slots;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.ManualTime;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Signals;
import hero.supervisor.store.JobStore.Completed;
import hero.supervisor.store.JobStore.Completion;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Events;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.RunnerStore.Session;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The events of a job lie in the log as they happened, also when a batch was held up in its middle while others
/// committed. A batch is held up by a lock on one of its rows.
@SuppressWarnings("NullAway.Init")
class EventOrderTest {
    private Database.Settings settings;
    private Database database;
    private PostgresJobStore store;
    private PostgresJobStore other;

    @BeforeEach
    void setup() {
        settings = PostgresFixture.freshDatabase();
        database = Database.connect(settings, Duration.ofSeconds(10));
        new Partitions(database).ahead();
        // Whose time stands still: what takes long here is no reason for a pause.
        store = new PostgresJobStore(database, "one", 1000, 100, Committed.NOBODY, Signals.NONE, new ManualTime());
        other = new PostgresJobStore(database, "two", 1000, 100);
        var runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        runners.openSession(new Session("s", "runner", "one", 50, List.of(), Map.of()), false, Duration.ofSeconds(60));
    }

    @AfterEach
    void close() {
        store.close();
        other.close();
        database.close();
    }

    private void queue(String... ids) {
        for (String id : ids) {
            get(store.create(job(id), true));
        }
    }

    private Connection locking(String id) throws SQLException {
        Connection connection = DriverManager.getConnection(settings.url(), settings.user(), settings.password());
        connection.setAutoCommit(false);
        connection.createStatement().execute("select from jobs where id = '" + id + "' for no key update");
        return connection;
    }

    private void awaitHeldUp() {
        await().until(() -> database.query(sql -> sql.fetchExists(sql.selectOne()
                .from("pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"))));
    }

    /// Of all that is committed: a transaction of any database on the server holds back what came after it.
    private List<String> log(String id) {
        Events all = await().until(() -> store.events(new Position(0, 0), 1000), page -> !page.held());
        return all.events().stream()
                .filter(event -> event.jobId().equals(id))
                .map(Event::status)
                .toList();
    }

    @Test
    void a_job_that_came_back_is_told_of_when_the_next_one_of_its_id_waits_nowhere() {
        queue("a");
        store.release(get(store.claim("queue", slots("s", 1))).stream()
                .map(Assignment::key)
                .toList());
        other.stop("a");
        other.delete("a", 0);
        get(other.create(job("a"), false));
        assertEquals(List.of("created", "queued", "running", "queued", "failed", "deleted", "created"), log("a"));
        assertEquals(
                List.of("failed", "deleted"),
                store.news(new Position(0, 0), 1000).events().stream()
                        .map(Event::status)
                        .toList());
    }

    private CompletableFuture<Completed> succeed(Assignment job) {
        return store.complete(new Completion(job.key(), new JobResult.Success("out")));
    }

    @Test
    void a_stop_that_comes_into_a_batch_of_results_is_logged_before_the_end() throws Exception {
        queue("first", "held", "stopped");
        List<Assignment> jobs = get(store.claim("queue", slots("s", 3)));
        assertEquals(3, jobs.size());
        CompletableFuture<Completed> end;
        try (Connection lock = locking("held")) {
            // The writer takes the first at once and the other two together, or all three: held up in either case.
            succeed(jobs.get(0));
            succeed(jobs.get(1));
            end = succeed(jobs.get(2));
            awaitHeldUp();
            other.stop("stopped");
            lock.rollback();
        }
        assertEquals(Outcome.RECORDED, get(end).outcome());
        assertEquals(List.of("created", "queued", "running", "stopping", "failed"), log("stopped"));
    }

    @Test
    void a_job_that_comes_into_a_claim_is_logged_as_queued_before_it_runs() throws Exception {
        queue("lapsed", "held");
        database.query(sql -> sql.execute(
                "update jobs set status = 'failed', error = 'stopped', completed_at = now() where id = 'lapsed'"));
        CompletableFuture<List<Assignment>> claim;
        try (Connection lock = locking("held")) {
            claim = store.claim("queue", slots("s", 2));
            awaitHeldUp();
            get(other.create(job("late"), true));
            lock.rollback();
        }
        assertEquals(
                List.of("held", "late"),
                get(claim).stream().map(given -> given.job().id()).toList());
        assertEquals(List.of("created", "queued", "running"), log("late"));
    }

    @Test
    void a_stop_that_comes_into_a_release_is_logged_before_the_end() throws Exception {
        queue("a-held", "b", "c");
        List<Assignment.Key> keys = get(store.claim("queue", slots("s", 3))).stream()
                .map(Assignment::key)
                .toList();
        CompletableFuture<List<String>> released;
        try (Connection lock = locking("b")) {
            released = CompletableFuture.supplyAsync(() -> store.release(keys));
            awaitHeldUp();
            other.stop("c");
            lock.rollback();
        }
        assertEquals(List.of("queue"), get(released));
        assertEquals(List.of("created", "queued", "running", "stopping", "failed"), log("c"));
        assertEquals(List.of("created", "queued", "running", "queued"), log("b"));
    }

    @Test
    void a_stop_that_comes_into_a_rescue_is_logged_before_the_end() throws Exception {
        queue("held", "stopped", "free");
        assertEquals(3, get(store.claim("queue", slots("s", 3))).size());
        database.query(sql -> sql.execute("update runner_sessions set lease_until = now() - interval '1 h'"));
        CompletableFuture<JobStore.Rescued> rescue;
        try (Connection lock = locking("held")) {
            // The session's end waits for nothing; the jobs' rows that others hold are left to the next sweep.
            rescue = CompletableFuture.supplyAsync(() -> store.rescue(Duration.ZERO, 5));
            assertEquals(List.of("s"), get(rescue).sessions());
            lock.rollback();
        }
        other.stop("held");
        assertEquals(
                List.of("held"),
                store.rescue(Duration.ZERO, 5).ended().stream()
                        .map(JobStore.Ended::jobId)
                        .toList());
        assertEquals(List.of("created", "queued", "running", "stopping", "failed"), log("held"));
        assertEquals(List.of("created", "queued", "running", "queued"), log("free"));
    }

    private Connection begin() throws SQLException {
        Connection connection = DriverManager.getConnection(settings.url(), settings.user(), settings.password());
        connection.setAutoCommit(false);
        return connection;
    }

    private void awaitWaiting(int transactions) {
        await().until(() -> database.query(sql -> sql.fetchCount(DSL.selectOne()
                        .from("pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")))
                == transactions);
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (ResultSet rows = connection.createStatement().executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /// The transaction that stops or deletes gets its number while it waits, and then finds a row that was written
    /// under a higher one (here that of a savepoint).
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void what_somebody_wants_of_a_job_is_logged_after_all_that_it_has_seen(boolean delete) throws Exception {
        get(store.create(job("a"), false));
        CompletableFuture<Object> wish;
        long seen;
        try (Connection first = begin();
                Connection second = begin()) {
            first.createStatement().execute("update jobs set queue_seq = queue_seq where id = 'a'");
            var held = CompletableFuture.runAsync(
                    () -> {
                        try {
                            second.createStatement().execute("select from jobs where id = 'a' for update");
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    Thread::startVirtualThread);
            awaitWaiting(1);
            wish = CompletableFuture.supplyAsync(
                    () -> delete ? store.delete("a", 0) : store.stop("a"), Thread::startVirtualThread);
            awaitWaiting(2);
            first.commit();
            held.get();
            await().until(() -> database.query(sql -> sql.fetchExists(sql.selectOne()
                    .from("pg_stat_activity where wait_event_type = 'Lock' and backend_xid is not null"
                            + " and datname = current_database()"))));
            second.setSavepoint();
            second.createStatement().execute("update jobs set queue_seq = queue_seq where id = 'a'");
            seen = number(second, "select xmin::text::bigint from jobs where id = 'a'");
            second.commit();
            wish.get();
            long logged = number(first, "select max(xid::text::bigint) from job_events where job_id = 'a'");
            assertTrue(logged > seen, logged + " is not after " + seen);
        }
        assertEquals(List.of("created", delete ? "deleted" : "failed"), log("a"));
    }
}
