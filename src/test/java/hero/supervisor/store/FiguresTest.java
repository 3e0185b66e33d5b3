package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.fail;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.retried;
import static hero.supervisor.store.JobFixture.succeed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.RunnerStore.Session;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.jooq.Record;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Figures are what a reader of the whole log would count, however many gateways count and whenever.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init")
class FiguresTest {
    private static final List<String> STATUSES =
            List.of("created", "queued", "running", "completed", "failed", "timeout", "stopping", "deleted");
    private static final List<String> UNMEASURED = List.of("created", "stopping", "deleted");
    private static final List<String> DETAILS = List.of("retry", "runner lost", "released");
    private static final Map<String, ChronoUnit> PERIODS =
            Map.of("minute", ChronoUnit.MINUTES, "hour", ChronoUnit.HOURS, "day", ChronoUnit.DAYS);

    private Database database;
    private Figures figures;

    @BeforeAll
    void connect() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
        figures = new Figures(database);
    }

    @BeforeEach
    void setup() {
        database.query(sql -> sql.execute("truncate job_events, job_figures, job_histograms"));
        database.query(sql -> sql.execute("update job_figures_cursor set xid = '0', seq = 0"));
        database.query(sql -> sql.execute("update job_events_floor set xid = '0', seq = 0"));
    }

    @AfterAll
    void disconnect() {
        figures.close();
        database.close();
    }

    /// Counted by hand, as simply as can be.
    private static final class Sum {
        final Map<String, Long> counts = new TreeMap<>();
        final List<Double> waits = new ArrayList<>();
        final List<Double> runs = new ArrayList<>();
        double busy;
    }

    private record Key(String period, Instant at, @Nullable String queue) {}

    private Map<Key, Sum> byHand() {
        Map<Key, Sum> sums = new HashMap<>();
        for (Record event : database.query(sql -> sql.fetch("select * from report.transitions"))) {
            Instant at = event.get("at", java.time.OffsetDateTime.class).toInstant();
            for (Map.Entry<String, ChronoUnit> period : PERIODS.entrySet()) {
                Instant begin = at.truncatedTo(period.getValue());
                add(sums.computeIfAbsent(new Key(period.getKey(), begin, null), key -> new Sum()), event);
                String queue = event.get("queue", String.class);
                add(sums.computeIfAbsent(new Key(period.getKey(), begin, queue), key -> new Sum()), event);
            }
        }
        return sums;
    }

    private static void add(Sum sum, Record event) {
        String status = event.get("status", String.class);
        sum.counts.merge(status, 1L, Long::sum);
        sum.counts.merge(String.valueOf(event.get("detail", String.class)), 1L, Long::sum);
        Double seconds = event.get("seconds", Double.class);
        if (seconds == null) {
            return;
        } else if (status.equals("running")) {
            sum.waits.add(seconds);
            return;
        }
        sum.busy += seconds;
        if (List.of("completed", "failed", "timeout").contains(status)) {
            sum.runs.add(seconds);
        }
    }

    private void assertCounted() {
        Map<Key, Sum> expected = byHand();
        List<Record> rows = new ArrayList<>();
        database.query(sql -> rows.addAll(sql.fetch("select *, null::text as queue from report.throughput")));
        database.query(sql -> rows.addAll(sql.fetch("select * from report.queue_throughput")));
        assertEquals(expected.size(), rows.size());
        for (Record row : rows) {
            Key key = new Key(
                    row.get("period", String.class),
                    row.get("at", java.time.OffsetDateTime.class).toInstant(),
                    row.get("queue", String.class));
            Sum sum = Objects.requireNonNull(expected.get(key), key.toString());
            Map<String, String> words = new TreeMap<>(Map.of(
                    "accepted", "created",
                    "started", "running",
                    "completed", "completed",
                    "failed", "failed",
                    "timeout", "timeout",
                    "deleted", "deleted",
                    "retried", "retry",
                    "lost", "runner lost"));
            words.forEach((column, word) -> assertEquals(
                    sum.counts.getOrDefault(word, 0L), row.get(column, Long.class), () -> key + " " + column));
            assertSum(sum.waits, row.get("wait_s", Double.class));
            assertSum(sum.runs, row.get("run_s", Double.class));
            assertSum(List.of(sum.busy), row.get("busy_s", Double.class));
            for (int percent : List.of(50, 95, 99)) {
                assertNear(sum.waits, percent, row.get("wait_p" + percent + "_s", Double.class));
                assertNear(sum.runs, percent, row.get("run_p" + percent + "_s", Double.class));
            }
        }
    }

    private static void assertSum(List<Double> expected, double sum) {
        double exact = expected.stream().mapToDouble(value -> value).sum();
        assertEquals(exact, sum, 1e-9 * Math.max(1, exact));
    }

    /// The bound that docs/REPORTING.md promises.
    private static void assertNear(List<Double> values, int percent, @Nullable Double found) {
        if (values.isEmpty()) {
            assertNull(found);
            return;
        }
        List<Double> sorted = values.stream().sorted().toList();
        double exact = sorted.get((int) Math.ceil(percent / 100.0 * sorted.size()) - 1);
        assertTrue(
                found != null && (exact < 0.001 ? found < 0.001 : Math.abs(found - exact) <= 0.05 * exact),
                () -> "p" + percent + " is " + found + ", not " + exact);
    }

    /// `count` events of three days, three queues and lengths from nothing to a day.
    private void scatter(Random random, int count) {
        Double[] at = new Double[count];
        String[] status = new String[count];
        String[] queue = new String[count];
        @Nullable String[] detail = new @Nullable String[count];
        @Nullable Double[] seconds = new @Nullable Double[count];
        for (int i = 0; i < count; i++) {
            at[i] = random.nextDouble() * (random.nextBoolean() ? 300 : 200_000);
            status[i] = STATUSES.get(random.nextInt(STATUSES.size()));
            queue[i] = "q" + random.nextInt(3);
            detail[i] = status[i].equals("queued") ? DETAILS.get(random.nextInt(DETAILS.size())) : null;
            boolean measured = !UNMEASURED.contains(status[i]) && random.nextInt(5) > 0;
            seconds[i] = measured ? Math.exp(random.nextDouble() * 20 - 8.5) : null;
        }
        database.query(sql ->
                sql.execute("""
                insert into job_events (at, job_id, status, attempt, runner, queue, node, detail, seconds)
                select '2026-03-01T22:00:00Z'::timestamptz + make_interval(secs => at), 'j', status, 1, 'r', queue, 'n',
                  detail, seconds
                from unnest({0}::float8[], {1}::text[], {2}::text[], {3}::text[], {4}::float8[])
                  as e(at, status, queue, detail, seconds)
                """, DSL.val(at), DSL.val(status), DSL.val(queue), DSL.val(detail), DSL.val(seconds)));
    }

    @Test
    void figures_are_what_the_whole_log_gives_and_no_page_is_counted_twice() {
        Random random = new Random(5);
        for (int i = 0; i < 4; i++) {
            scatter(random, 150);
            int max = 40;
            // Pages of any size, gaps between them, the last one short.
            while (database.transaction(connection -> Figures.page(connection, max)) == max) {
                assertTrue(max > 0);
            }
        }
        assertCounted();
        assertEquals(0, figures.count());
    }

    @Test
    void two_gateways_that_count_at_once_count_each_event_once() throws InterruptedException {
        int writers = 2;
        CountDownLatch written = new CountDownLatch(writers);
        List<CompletableFuture<Void>> threads = new ArrayList<>();
        IntStream.range(0, writers)
                .forEach(writer -> threads.add(CompletableFuture.runAsync(() -> {
                    Random random = new Random(writer);
                    for (int i = 0; i < 15; i++) {
                        scatter(random, 20);
                    }
                    written.countDown();
                })));
        IntStream.range(0, 3)
                .forEach(counter -> threads.add(CompletableFuture.runAsync(() -> {
                    while (written.getCount() > 0) {
                        database.transaction(connection -> Figures.page(connection, 7));
                    }
                })));
        threads.forEach(JobFixture::get);
        written.await();
        figures.count();
        assertCounted();
    }

    @Test
    void what_commits_late_is_counted_and_nothing_behind_it_before() {
        String insert = "insert into job_events (job_id, status, attempt, runner, queue, node)"
                + " values ('a', 'created', 0, 'r', 'q', 'n')";
        database.transaction(late -> {
            try (Statement statement = late.createStatement()) {
                statement.execute(insert);
                database.query(sql -> sql.execute(insert));
                assertEquals(0, figures.count());
                Double behind = database.query(sql ->
                        sql.fetchSingle("select behind_s from report.freshness").get(0, Double.class));
                assertTrue(behind > 0);
            }
            return 0;
        });
        assertEquals(2, figures.count());
        assertCounted();
    }

    @Test
    void whoever_finds_another_at_work_has_nothing_to_do() {
        scatter(new Random(1), 10);
        database.transaction((Connection first) -> {
            assertEquals(10, Figures.page(first, 100));
            int other = database.transaction(second -> Figures.page(second, 100));
            assertEquals(0, other);
            return 0;
        });
        assertCounted();
    }

    @Test
    void lost_figures_are_counted_again_as_far_as_the_log_goes() {
        scatter(new Random(2), 200);
        figures.count();
        database.query(sql -> sql.execute("update job_figures set accepted = accepted + 1, run_s = 0"));
        database.query(sql -> sql.execute("delete from job_histograms where bucket % 2 = 0"));
        assertEquals(200, figures.rebuild());
        assertCounted();

        // The first day is dropped: its figures stay as they are, the others are made anew.
        String firstDay = "at < '2026-03-02T00:00:00Z'";
        var before =
                database.query(sql -> sql.fetch("select * from job_figures where " + firstDay + " order by 1, 2, 3"));
        database.query(sql -> sql.execute("delete from job_events where " + firstDay));
        database.query(sql -> sql.execute("update job_events_floor set xid = '1'"));
        database.query(sql -> sql.execute("delete from job_figures where not (" + firstDay + ")"));
        figures.rebuild();
        assertTrue(before.isNotEmpty());
        assertEquals(
                before,
                database.query(sql -> sql.fetch("select * from job_figures where " + firstDay + " order by 1, 2, 3")));
        long events = number("select count(*) from job_events where status <> 'stopping'"
                + " and detail is distinct from 'released'");
        assertEquals(
                events,
                number("select sum(accepted + started + completed + failed + timeout + deleted + retried + lost)"
                        + " from job_figures where period = 'day' and not (" + firstDay + ")"));
    }

    private long number(String query) {
        return database.query(sql -> sql.fetchSingle(query).get(0, Long.class));
    }

    @Test
    void waits_and_runs_in_the_log_are_those_of_the_jobs() {
        var runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        runners.openSession(
                new Session("s1", "runner", "one", 10, List.of("python"), Map.of()), false, Duration.ofHours(1));
        try (var store = new PostgresJobStore(database, "one", 1000, 100)) {
            List.of(job("ok"), job("bad"), job("stopped"), retried("again", 1, 0))
                    .forEach(job -> get(store.create(job, true)));
            succeed(store, claimOne(store).key());
            fail(store, claimOne(store).key());
            Assignment stopped = claimOne(store);
            store.stop(stopped.job().id());
            fail(store, stopped.key());
            fail(store, claimOne(store).key());
            succeed(store, claimOne(store).key());
            get(store.create(job("never"), true));
            store.stop("never");
        }
        figures.count();
        assertCounted();
        Record jobs = database.query(
                sql -> sql.fetchSingle("select sum(wait_s) w, sum(run_s) r, count(run_s) n" + " from report.jobs"));
        Record sums = database.query(sql -> sql.fetchSingle(
                "select wait_s, run_s, busy_s, started, retried from report.throughput where period = 'day'"));
        assertEquals(4, jobs.get("n", Integer.class).intValue());
        assertEquals(jobs.get("r", Double.class), sums.get("run_s", Double.class), 1e-6);
        assertTrue(
                jobs.get("w", Double.class) <= sums.get("wait_s", Double.class) + 1e-6, "a retried job waited twice");
        assertEquals(5, sums.get("started", Integer.class).intValue());
        assertEquals(1, sums.get("retried", Integer.class).intValue());
        Double attempts = database.query(
                sql -> sql.fetchSingle("select sum(run_s) from report.attempts").get(0, Double.class));
        // The end of a retried attempt is written twice, a moment apart.
        assertTrue(attempts >= sums.get("busy_s", Double.class) - 1e-6, attempts + " " + sums);
        Double cost = database.query(
                sql -> sql.fetchSingle("select run_s from report.callers").get(0, Double.class));
        assertEquals(attempts, cost, 1e-6);
    }
}
