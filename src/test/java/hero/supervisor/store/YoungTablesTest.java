package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.LogAppend;
import hero.supervisor.domain.LogStream;
import hero.supervisor.domain.Progress;
import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore.Completion;
import hero.supervisor.store.JobStore.Place;
import hero.supervisor.store.JobStore.Placing;
import hero.supervisor.store.JobStore.Slot;
import hero.supervisor.store.RunnerStore.Session;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Plans are kept, and may have been made when the tables were all but empty: they must go by keys all the same,
/// else each batch reads all that there is, until PostgreSQL analyzes the table again (`docs/decisions/005`).
@SuppressWarnings("NullAway.Init")
class YoungTablesTest {
    private static final int MANY = 2000;
    private static final int FEW = 10;
    /// A statement is prepared when it is executed for the fifth time.
    private static final int PREPARED_AFTER = 6;

    private Database database;
    private PostgresJobStore store;
    private PostgresRunnerStore runners;
    private final Map<String, Long> tooMany = new TreeMap<>();

    @BeforeEach
    void setup() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
        new Partitions(database).ahead();
        store = new PostgresJobStore(database, "one", 10_000, 1000);
        runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        open("s");
    }

    @AfterEach
    void close() {
        store.close();
        runners.close();
        database.close();
    }

    private void open(String session) {
        runners.openSession(new Session(session, "runner", "one", 50, List.of(), Map.of()), false, Duration.ofHours(1));
    }

    private long lease;

    private interface Step {
        void run() throws SQLException;
    }

    /// Entries of all indexes that the statements of this connection have read.
    private static long read(Connection connection) throws SQLException {
        connection.createStatement().execute("select pg_stat_force_next_flush()");
        try (var rows = connection
                .createStatement()
                .executeQuery("select sum(idx_tup_read) from pg_stat_user_indexes where relname like any"
                        + " ('{jobs,job_holds,job_queue,job_log_ends,job_progress,runner_sessions}')")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /// What the whole life of some jobs takes, each step as one batch.
    private void live(Connection own, String name, int jobs) throws SQLException {
        var create = IntStream.range(0, jobs)
                .mapToObj(n -> CreateBatch.Create.of(job(name + n), false, null, Placing.NONE))
                .toList();
        List<StartBatch.Start> starts = create.stream()
                .map(made -> new StartBatch.Start(made.job().id(), "", Placing.NONE))
                .toList();
        CreateBatch creates = new CreateBatch("one", new Elders(Time.system()), Time.system());
        step(own, "create", () -> creates.write(own, create));
        step(own, "create the same", () -> creates.write(own, create));
        step(own, "start", () -> new StartBatch("one").write(own, starts));
        step(own, "start the same", () -> new StartBatch("one").write(own, starts));
        handOver(own, name, jobs);
        List<Slot> slots =
                IntStream.range(0, jobs).mapToObj(_ -> new Slot("s", ++lease)).toList();
        var claim = List.of(new ClaimBatch.Claim("queue", () -> slots));
        List<List<Assignment>> taken = new ArrayList<>();
        var claims = new ClaimBatch("one", new QueueHeads(Time.system()));
        step(own, "claim", () -> taken.addAll(claims.write(own, claim)));
        List<Assignment.Key> keys =
                taken.getFirst().stream().map(Assignment::key).toList();
        assertEquals(jobs, keys.size());
        var lines = keys.stream()
                .map(key -> new LogAppend(key, LogStream.STDOUT, 0, "a"))
                .toList();
        step(own, "log", () -> new LogWrites(1 << 20).write(own, lines));
        var says = keys.stream()
                .map(key -> new ProgressBatch.Saying(key, new Progress.Said(1.0, null, null)))
                .toList();
        step(own, "progress", () -> new ProgressBatch().write(own, says));
        EndBatch ends = new EndBatch("one");
        var successes = keys.subList(0, jobs / 2).stream()
                .map(key -> EndBatch.End.reported(new Completion(key, new JobResult.Success("done"))))
                .toList();
        step(own, "success", () -> ends.write(own, successes));
        var failures = keys.subList(jobs / 2, jobs).stream()
                .map(key -> EndBatch.End.reported(new Completion(key, new JobResult.Failure("bad", 1))))
                .toList();
        step(own, "failure", () -> ends.write(own, failures));
        step(
                own,
                "beat",
                () -> new BeatBatch().write(own, List.of(new BeatBatch.Beat("s", "one", Duration.ofHours(1)))));
    }

    private void handOver(Connection own, String name, int jobs) throws SQLException {
        var create = IntStream.range(0, jobs)
                .mapToObj(n -> CreateBatch.Create.of(job(name + "-" + n), false, null, Placing.NONE))
                .toList();
        new CreateBatch("one", new Elders(Time.system()), Time.system()).write(own, create);
        var starts = create.stream()
                .map(made -> new StartBatch.Start(
                        made.job().id(), "runner", _ -> new Place("queue", new Slot("s", ++lease))))
                .toList();
        step(own, "start and hand over", () -> new StartBatch("one").write(own, starts));
    }

    private void step(Connection own, String name, Step step) throws SQLException {
        long before = read(own);
        step.run();
        long entries = read(own) - before;
        if (entries > 20 * FEW) {
            tooMany.put(name, entries);
        }
    }

    @Test
    void a_write_reads_few_entries_though_its_plan_is_older_than_the_rows() {
        database.statement(own -> {
            live(own, "before", MANY);
            own.createStatement().execute("analyze");
            own.createStatement().execute("truncate jobs, job_holds, job_queue, job_log_ends, job_progress");
            for (int n = 0; n < PREPARED_AFTER; n++) {
                live(own, "early" + n, 3);
                live(own, "pair" + n, 2);
                live(own, "alone" + n, 1);
            }
            tooMany.clear();
            IntStream.range(0, MANY)
                    .mapToObj(n -> store.create(job("many" + n), false))
                    .toList()
                    .forEach(JobFixture::get);
            IntStream.range(0, MANY / 4).forEach(n -> open("s" + n));
            live(own, "late", FEW);
            // One row has a statement of its own (Sized); of two, one succeeds and one fails.
            live(own, "late pair", 2);
            live(own, "late alone", 1);
            return tooMany;
        });
        assertEquals(Map.of(), tooMany);
    }
}
