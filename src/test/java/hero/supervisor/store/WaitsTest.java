package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.fail;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.retried;
import static hero.supervisor.store.JobFixture.slots;
import static hero.supervisor.store.JobFixture.startingAt;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.store.JobStore.Ripened;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What waits for a time, how that is counted, and how far the log has been read, on a real PostgreSQL.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init")
final class WaitsTest {
    private Database.Settings settings;
    private Database database;
    private PostgresJobStore store;
    private PostgresJobStore other;

    @BeforeAll
    void connect() {
        settings = PostgresFixture.freshDatabase();
        database = Database.connect(settings, Duration.ofSeconds(10));
        new Partitions(database).ahead();
        var runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        runners.openSession(
                new RunnerStore.Session("s1", "runner", "one", 5, List.of(), Map.of()), false, Duration.ofHours(1));
    }

    @BeforeEach
    void setup() {
        sql("truncate jobs, job_queue, job_timers, job_holds, job_attempts, job_events");
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

    private void sql(String statement) {
        database.query(sql -> sql.execute(statement));
    }

    private long count(String table) {
        return database.query(sql -> (long) sql.fetchCount(DSL.table(table)));
    }

    private void queued(String id) {
        get(store.create(job(id), true));
    }

    private List<String> claim(int count) {
        return get(store.claim("queue", slots("s1", count))).stream()
                .map(given -> given.job().id())
                .toList();
    }

    @Test
    void a_pause_before_a_retry_is_a_start_at_of_its_own_and_counts_as_waiting_nowhere() {
        get(store.create(retried("a", 1, 3600), true));
        fail(store, claimOne(store).key());
        assertEquals(1, count("jobs j join job_timers t on t.job_number = j.number and j.start_at = t.due_at"));
        assertEquals(
                1, count("(select 1 from jobs where start_at > now() + interval '59 min' and start_text is null) x"));
    }

    @Test
    void what_waited_for_its_time_has_not_waited_in_its_queue() {
        queued("a");
        sql("update jobs set queued_at = now() - interval '1 day', start_at = now()");
        Backlog.Depth depth = new Backlog(database).read().getFirst();
        assertTrue(depth.oldestS() < 3600, () -> depth.oldestS() + " s");
        sql("update jobs set start_at = null");
        assertTrue(new Backlog(database).read().getFirst().oldestS() > 80_000);
    }

    @Test
    void what_is_queued_again_is_counted_as_such_also_when_it_was_handed_back_untouched() {
        OwnEvents events = new OwnEvents(database, store, "one");
        queued("a");
        store.release(List.of(claimOne(store).key()));
        List<OwnEvents.Count> counts = events.next().stream()
                .filter(count -> count.status().equals("queued"))
                .sorted(Comparator.comparing(OwnEvents.Count::again))
                .toList();
        assertEquals(List.of(new OwnEvents.Count("queued", false, 1), new OwnEvents.Count("queued", true, 1)), counts);
    }

    @Test
    void when_more_timers_are_due_than_a_look_moves_the_next_look_is_due_at_once() {
        get(store.create(startingAt("a", JobStoreLifeContract.FAR), true));
        get(store.create(startingAt("b", JobStoreLifeContract.FAR), true));
        sql("update job_timers set due_at = now()");
        assertEquals(new Ripened(List.of("queue"), Duration.ZERO), store.ripen(1));
        assertEquals(List.of("a"), claim(5));
        assertEquals(new Ripened(List.of("queue"), Duration.ZERO), store.ripen(1));
        assertEquals(new Ripened(List.of(), null), store.ripen(1));
        assertEquals(List.of("b"), claim(5));
    }

    /// Each day has a partition, and each look at one costs.
    @Test
    void a_reader_who_goes_on_looks_at_the_days_around_now_and_one_from_elsewhere_at_all() throws SQLException {
        sql("create table job_events_old partition of job_events for values from ('2020-01-01') to ('2020-01-02')");
        JobStore.Position head = other.news(store.head(), 10).next();
        queued("z");
        JobStore.Position place = other.news(head, 10).next();
        queued("a");
        JobStore.Position first = other.events(place, 1).next();
        sql("insert into job_events (at, job_id, status, attempt, runner, queue, node)"
                + " values ('2020-01-01 12:00Z', 'old', 'queued', 0, 'runner', 'queue', 'one')");
        assertEquals(List.of("a"), ids(other.news(place, 10)));
        assertEquals(List.of("a"), ids(other.events(first, 10)));
        try (var elsewhere = new PostgresJobStore(database, "three", 10_000, 1000)) {
            assertEquals(List.of("a", "old"), ids(elsewhere.news(place, 10)));
            assertEquals(List.of("a", "old"), ids(elsewhere.events(first, 10)));
        }
        String plan = plan(place);
        assertTrue(plan.contains("Subplans Removed"), plan);
        assertFalse(plan.contains("job_events_old"), plan);
        sql("drop table job_events_old");
    }

    /// It holds back what others wrote, for as long as it runs; that may be of any day then.
    @Test
    void what_an_old_transaction_held_back_is_read_whenever_it_was_written() throws SQLException {
        try (Connection old = DriverManager.getConnection(settings.url(), Database.properties(settings));
                Statement statement = old.createStatement()) {
            old.setAutoCommit(false);
            statement.execute("select pg_current_xact_id()");
            sql("create table job_events_old partition of job_events for values from ('2020-01-01') to ('2020-01-02')");
            JobStore.Position place = other.news(store.head(), 10).next();
            sql("insert into job_events (at, job_id, status, attempt, runner, queue, node)"
                    + " values ('2020-01-01 12:00Z', 'old', 'queued', 0, 'runner', 'queue', 'one')");
            assertEquals(List.of(), ids(other.news(place, 10)));
            assertEquals(place, other.news(place, 10).next());
            old.rollback();
            assertEquals(List.of("old"), ids(other.news(place, 10)));
        }
        sql("drop table job_events_old");
    }

    private String plan(JobStore.Position place) throws SQLException {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("explain " + EventLog.NEWS)) {
                statement.setString(1, "two");
                statement.setString(2, Long.toString(place.xid()));
                statement.setLong(3, place.seq());
                statement.setString(4, "two");
                statement.setString(5, Instant.now().toString());
                statement.setString(6, Instant.now().toString());
                statement.setInt(7, 10);
                StringBuilder plan = new StringBuilder();
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        plan.append(rows.getString(1)).append('\n');
                    }
                }
                return plan.toString();
            }
        });
    }

    private static List<String> ids(JobStore.Events page) {
        return page.events().stream().map(JobStore.Event::jobId).toList();
    }

    /// After a crash PostgreSQL may give numbers of transactions a second time.
    @Test
    void a_reader_of_the_log_goes_back_when_the_numbers_of_transactions_have() {
        JobStore.Position head = store.head();
        JobStore.Position ahead = new JobStore.Position(head.xid() + 1_000_000, 7);
        JobStore.Events news = other.news(ahead, 10);
        assertEquals(List.of(), news.events());
        assertTrue(news.next().compareTo(ahead) < 0, () -> news.next().text());
        queued("a");
        assertEquals(
                List.of("a"),
                other.news(news.next(), 10).events().stream()
                        .map(JobStore.Event::jobId)
                        .toList());
    }
}
