package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.fail;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.slots;
import static hero.supervisor.store.JobFixture.succeed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Who holds what, of rows that name many jobs and are divided later.
@SuppressWarnings("NullAway.Init")
final class HoldingTest {
    /// More than the parts that rows of single jobs are looked at in.
    private static final int ALL = 10;
    private static final int ROUNDS = 20;

    private Database database;
    private PostgresRunnerStore runners;
    private PostgresJobStore store;

    private StoreFixture fixture;

    @BeforeEach
    void connect() {
        fixture = new StoreFixture(1000, 100);
        database = fixture.database;
        runners = fixture.runners;
        store = fixture.store;
        open("s1");
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private void open(String session) {
        fixture.open(session, 9, Duration.ofHours(1));
    }

    private List<Assignment> taken(String session, String... ids) {
        List.of(ids).forEach(id -> get(store.create(job(id), true)));
        return get(store.claim("queue", slots(session, ids.length)));
    }

    private List<String> held(String session) {
        return store.held(session).stream().map(held -> held.key().jobId()).toList();
    }

    /// One for each row: how many jobs it names.
    private List<Integer> rows() {
        return database.query(sql -> sql.fetch(
                        "select coalesce(cardinality(numbers), 0) from job_holds order by session_id, job_number")
                .into(Integer.class));
    }

    private long running() {
        return runners.statuses().getFirst().running();
    }

    @Test
    void jobs_that_are_handed_over_together_are_one_row_which_is_divided_as_they_run() {
        List<Assignment> jobs = taken("s1", "a", "b", "c");
        assertEquals(List.of(3), rows());
        succeed(store, jobs.getFirst().key());
        assertEquals(List.of(3), rows());
        assertEquals(List.of("b", "c"), held("s1"));
        assertEquals(2, running());
        store.tidy();
        assertEquals(List.of(0, 0), rows());
        assertEquals(List.of("b", "c"), held("s1"));
        fail(store, jobs.get(1).key());
        assertEquals(List.of("c"), held("s1"));
        assertEquals(1, running());
        IntStream.range(0, ALL).forEach(_ -> store.tidy());
        assertEquals(List.of(0), rows());
        succeed(store, jobs.get(2).key());
        IntStream.range(0, ALL).forEach(_ -> store.tidy());
        assertEquals(List.of(), rows());
        assertEquals(List.of(), held("s1"));
    }

    /// More of both kinds than one statement takes.
    @Test
    void however_many_rows_there_are_none_is_left_of_jobs_that_do_not_run() {
        database.query(sql -> sql.execute("insert into job_holds (session_id, job_number, deadline_at, numbers)"
                + " select 's1', -n, now(), array[n, n + 1] from generate_series(1, 1200) n"));
        database.query(sql -> sql.execute("insert into job_holds (session_id, job_number, deadline_at)"
                + " select 's1', 8 * n, now() from generate_series(1, 6000) n"));
        IntStream.range(0, ALL).forEach(_ -> store.tidy());
        assertEquals(List.of(), rows());
    }

    @Test
    void a_job_that_comes_back_to_its_session_is_held_once_and_one_that_goes_elsewhere_there() {
        open("s2");
        List<Assignment> jobs = taken("s1", "a", "b");
        store.release(jobs.stream().map(Assignment::key).toList());
        assertEquals(List.of(), held("s1"));
        get(store.claim("queue", slots("s1", 1)));
        get(store.claim("queue", slots("s2", 1)));
        for (int i = 0; i < ALL; i++) {
            assertEquals(List.of("a"), held("s1"));
            assertEquals(List.of("b"), held("s2"));
            assertEquals(2, running());
            store.tidy();
        }
        assertEquals(List.of(0, 0), rows());
    }

    @Test
    void a_session_whose_jobs_have_ended_can_be_closed_and_one_that_holds_a_job_cannot() {
        List<Assignment> jobs = taken("s1", "a", "b");
        succeed(store, jobs.getFirst().key());
        runners.closeSession("s1", "one");
        assertEquals(1, runners.statuses().getFirst().connections());
        succeed(store, jobs.get(1).key());
        runners.closeSession("s1", "one");
        assertEquals(0, runners.statuses().getFirst().connections());
        store.tidy();
        assertEquals(List.of(), rows());
    }

    @Test
    void what_another_gateway_divides_at_this_moment_is_left_to_it() throws Exception {
        taken("s1", "a");
        taken("s1", "b");
        try (Connection other = database.patientSource().getConnection();
                var statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("select from job_holds where numbers is not null limit 1 for update");
            store.tidy();
            assertEquals(List.of(0, 1), rows().stream().sorted().toList());
            assertEquals(List.of("a", "b"), held("s1"));
            other.rollback();
        }
        store.tidy();
        assertEquals(List.of(0, 0), rows());
    }

    /// Its snapshot is of a moment at which the job waited.
    @Test
    void who_removes_rows_late_leaves_that_of_a_job_which_has_come_back_meanwhile() throws Exception {
        List<Assignment> given = taken("s1", "a");
        store.tidy();
        store.release(List.of(given.getFirst().key()));
        try (Connection late = database.patientSource().getConnection();
                var remove = late.prepareStatement(Holding.REMOVE)) {
            late.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            late.setAutoCommit(false);
            late.createStatement().execute("select from jobs");
            get(store.claim("queue", slots("s1", 1)));
            store.tidy();
            remove.setInt(1, 1);
            remove.setInt(2, 0);
            remove.setInt(3, 10);
            SQLException changed = assertThrows(SQLException.class, remove::executeUpdate);
            assertEquals("40001", changed.getSQLState());
            late.rollback();
        }
        assertEquals(List.of("a"), held("s1"));
    }

    @Test
    void no_hold_is_lost_while_two_gateways_put_them_in_order() throws Exception {
        var over = new AtomicBoolean();
        try (var other = new PostgresJobStore(database, "two", 1000, 100);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> tidying = Stream.of(store, other)
                    .map(gateway -> threads.submit(() -> tidy(gateway, over)))
                    .toList();
            get(store.create(job("a"), true));
            for (int round = 0; round < ROUNDS; round++) {
                List<Assignment> given = get(store.claim("queue", slots("s1", 1)));
                assertEquals(List.of("a"), held("s1"), "round " + round);
                assertEquals(List.of("a"), held("s1"), "a moment later, round " + round);
                store.release(List.of(given.getFirst().key()));
                assertEquals(List.of(), held("s1"), "released, round " + round);
            }
            over.set(true);
            for (Future<Integer> gateway : tidying) {
                assertTrue(gateway.get() > 0);
            }
        }
    }

    private static int tidy(JobStore gateway, AtomicBoolean over) {
        int times = 0;
        while (!over.get()) {
            gateway.tidy();
            times++;
        }
        return times;
    }
}
