package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.fail;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.retried;
import static hero.supervisor.store.JobFixture.succeed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.JobFilter;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.Retention.Ages;
import hero.supervisor.store.Retention.Removed;
import hero.supervisor.store.RunnerStore.Session;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What is too old goes, what is not stays, and nobody is in anybody's way. Rows are made old by hand.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init")
class RetentionTest {
    private static final Duration DAY = Duration.ofDays(1);
    private static final Ages AGES = new Ages(
            Duration.ofDays(5),
            DAY.multipliedBy(2),
            DAY.multipliedBy(4),
            DAY.multipliedBy(3),
            DAY,
            DAY.multipliedBy(9),
            DAY);
    private static final Ages NEVER =
            new Ages(Ages.FOREVER, Ages.FOREVER, Ages.FOREVER, Ages.FOREVER, Ages.FOREVER, Ages.FOREVER, Ages.FOREVER);
    private static final Removed NOTHING = new Removed(0, 0, 0);

    private Database database;
    private PostgresJobStore store;
    private PostgresRunnerStore runners;

    @BeforeAll
    void connect() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
    }

    @BeforeEach
    void setup() {
        for (String table : texts("select inhrelid::regclass::text from pg_inherits where inhrelid::regclass::text"
                + " ~ '^job_(events|logs)_[0-9]+$'")) {
            execute("drop table " + table);
        }
        execute("truncate runners, jobs, job_queue, job_timers, job_holds, job_attempts, runner_sessions, job_events,"
                + " job_logs, job_log_ends, job_progress, job_deletions, runner_sessions_ended, job_figures,"
                + " job_histograms, audit");
        execute("update job_figures_cursor set xid = '0', seq = 0");
        execute("update job_events_floor set xid = '0', seq = 0");
        runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        runners.openSession(
                new Session("s1", "runner", "one", 10, List.of("python"), Map.of()), false, Duration.ofHours(1));
        store = new PostgresJobStore(database, "one", 1000, 100);
    }

    @AfterEach
    void stop() {
        store.close();
    }

    @AfterAll
    void disconnect() {
        database.close();
    }

    private Removed round(Ages ages) {
        try (Retention retention = new Retention(database, ages)) {
            return retention.run();
        }
    }

    private void execute(String sql) {
        database.query(on -> on.execute(sql));
    }

    private List<String> texts(String query) {
        return database.query(sql -> sql.fetch(query).into(String.class));
    }

    private long count(String table) {
        return database.query(sql ->
                sql.fetchSingle("select count(*) from {0}", DSL.table(table)).get(0, Long.class));
    }

    /// One job of each kind, each `days` days old.
    private void jobsOfAge(int days) {
        get(store.create(job("created-" + days), false));
        get(store.create(job("completed-" + days), true));
        succeed(store, claimOne(store).key());
        get(store.create(job("failed-" + days), true));
        fail(store, claimOne(store).key());
        get(store.create(retried("retried-" + days, 1, 0), true));
        fail(store, claimOne(store).key());
        succeed(store, claimOne(store).key());
        get(store.create(job("running-" + days), true));
        claimOne(store);
        String id = "where id like '%-" + days + "'";
        execute("update jobs set accepted_at = accepted_at - interval '" + days + " days' " + id);
        execute("update jobs set completed_at = completed_at - interval '" + days + " days',"
                + " started_at = started_at - interval '" + days + " days',"
                + " queued_at = queued_at - interval '" + days + " days' " + id);
    }

    @Test
    void jobs_end_by_status_and_age_and_every_list_agrees() {
        List.of(6, 3, 1).forEach(this::jobsOfAge);
        execute("insert into job_progress (job_id, attempt, note) select id, 1, 'n' from jobs");
        execute("insert into job_log_ends (job_id, attempt, lease, stdout_next) select id, 1, 1, 2 from jobs");
        execute("insert into job_logs (job_id, attempt, stream, start, place, size, data)"
                + " select id, 1, 'stdout', 0, 0, 2, 'hi' from jobs");
        assertEquals(NOTHING, round(NEVER));
        assertEquals(6, round(AGES).jobs());

        List<String> kept = List.of(
                "completed-1",
                "created-1",
                "created-3",
                "failed-1",
                "failed-3",
                "retried-1",
                "running-1",
                "running-3",
                "running-6");
        assertEquals(kept, texts("select id from jobs order by id"));
        assertEquals(kept, texts("select job_id from report.jobs order by job_id"));
        List<String> listed = new ArrayList<>();
        store.page(JobFilter.ALL, Long.MAX_VALUE, 100).jobs().forEach(job -> listed.add(job.id()));
        assertEquals(new TreeSet<>(kept), new TreeSet<>(listed));
        for (int days : List.of(6, 3, 1)) {
            for (String kind : List.of("created", "completed", "failed", "retried", "running")) {
                String id = kind + "-" + days;
                assertEquals(kept.contains(id), store.details(id).isPresent(), id);
            }
        }
        for (String table : List.of("job_progress", "job_log_ends", "job_logs")) {
            assertEquals(kept, texts("select job_id from " + table + " order by job_id"), table);
        }
        assertEquals(List.of("retried-1"), texts("select job_id from job_attempts"));
        assertEquals(
                List.of("created-6"),
                texts("select job_id from job_events where detail = 'expired' and status = 'deleted'"));
        assertEquals(NOTHING, round(AGES));
    }

    @Test
    void jobs_from_a_clock_that_was_ahead_hold_up_none_behind_them() {
        get(store.create(job("ahead-1"), false));
        jobsOfAge(6);
        get(store.create(job("ahead-2"), false));
        jobsOfAge(5);
        execute("update jobs set accepted_at = clock_timestamp()"
                + " + case id when 'ahead-1' then interval '1 day' else interval '0' end where id like 'ahead%'");
        assertEquals(8, round(AGES).jobs());
        assertEquals(List.of("ahead-1", "ahead-2", "running-5", "running-6"), texts("select id from jobs order by id"));
    }

    @Test
    void a_locked_job_is_left_for_the_next_round() {
        jobsOfAge(6);
        database.transaction(other -> {
            try (Statement statement = other.createStatement()) {
                statement.execute("select from jobs where id = 'failed-6' for no key update");
            }
            assertEquals(3, round(AGES).jobs());
            return 0;
        });
        assertEquals(List.of("failed-6", "running-6"), texts("select id from jobs order by id"));
        assertEquals(1, round(AGES).jobs());
    }

    @Test
    void gateways_at_once_remove_each_job_once() {
        IntStream.range(0, 1200).forEach(i -> store.create(job("j" + i), false));
        get(store.create(job("last"), false));
        execute("update jobs set accepted_at = accepted_at - interval '6 days' where id <> 'last'");
        List<CompletableFuture<Removed>> rounds = new ArrayList<>();
        IntStream.range(0, 3).forEach(i -> rounds.add(CompletableFuture.supplyAsync(() -> round(AGES))));
        long removed = rounds.stream().mapToLong(one -> get(one).jobs()).sum();
        assertEquals(1200, removed + round(AGES).jobs());
        assertEquals(List.of("last"), texts("select id from jobs"));
        assertEquals(1200, count("(select distinct job_id from job_events where detail = 'expired') e"));
    }

    private void day(String table, int daysAgo) {
        database.query(sql -> sql.execute(sql.fetchSingle(
                        "select format('create table %1$s_%2$s partition of %1$s for values from (%3$L) to (%4$L)', {0},"
                                + " to_char(d, 'YYYYMMDD'), d::text || ' 00:00+00', (d + 1)::text || ' 00:00+00')"
                                + " from (select (now() at time zone 'UTC')::date - {1} as d) x",
                        DSL.inline(table), DSL.inline(daysAgo))
                .get(0, String.class)));
    }

    private void event(int daysAgo) {
        execute("insert into job_events (at, job_id, status, attempt, runner, queue, node)"
                + " values (now() - interval '" + daysAgo + " days', 'd" + daysAgo + "', 'created', 0, 'r', 'q', 'n')");
    }

    @Test
    void old_days_of_the_log_are_dropped_once_counted_and_the_floor_moves_with_them() {
        List.of(7, 6, 3, 1).forEach(ago -> day("job_events", ago));
        List.of(9, 7, 6, 3, 1).forEach(this::event);
        Position floor = store.floor();
        assertEquals(0, round(AGES).days(), "not counted yet");
        assertEquals(5, count("job_events"));
        assertEquals(floor, store.floor());

        try (Figures figures = new Figures(database)) {
            figures.count();
        }
        List<JobStore.Event> events = store.events(floor, 100).events();
        assertEquals(2, round(AGES).days());
        assertEquals(List.of("d1", "d3"), texts("select job_id from job_events order by job_id"));
        assertEquals(events.get(2).position(), store.floor(), "behind the last event that was dropped");
        assertEquals(2, store.events(store.floor(), 100).events().size());
        assertEquals(
                1,
                count("(select distinct at from job_figures where period = 'minute' and at < now() - interval"
                        + " '2 days') m"),
                "minutes go with the log");
        assertEquals(5, count("(select distinct at from job_figures where period = 'day') d"));
    }

    @Test
    void a_day_that_somebody_reads_is_dropped_in_the_next_round() {
        day("job_logs", 5);
        database.transaction(reader -> {
            try (Statement statement = reader.createStatement()) {
                statement.execute("select from job_logs");
            }
            assertEquals(0, round(AGES).days());
            return 0;
        });
        assertEquals(1, round(AGES).days());
    }

    @Test
    void logs_go_by_days_and_leave_a_log_that_is_empty_and_over() {
        List.of(5, 2, 1).forEach(ago -> day("job_logs", ago));
        jobsOfAge(1);
        execute("insert into job_log_ends (job_id, attempt, lease, stdout_next, began_at)"
                + " select id, 1, 1, 2, now() - interval '5 days' from jobs");
        execute("insert into job_logs (at, job_id, attempt, stream, start, place, size, data)"
                + " select now() - interval '5 days', id, 1, 'stdout', 0, 0, 2, 'hi' from jobs");
        execute("insert into job_logs (at, job_id, attempt, stream, start, place, size, data)"
                + " select now() - interval '1 day', id, 1, 'stdout', 2, 2, 2, 'ho' from jobs where id = 'failed-1'");
        assertEquals(2, round(AGES).days());
        assertEquals(1, count("job_logs"));
        // Whoever still runs may print on.
        assertEquals(
                List.of("created-1", "failed-1", "running-1"),
                texts("select job_id from job_log_ends order by job_id"));
        var logs = new LogReads(database);
        var slice =
                logs.read(new LogStore.Asked("completed-1", 1, null, 0, 1000)).orElseThrow();
        assertTrue(slice.chunks().isEmpty() && slice.end(), slice.toString());
    }

    @Test
    void traces_figures_sessions_and_the_audit_end_too() {
        for (int days : List.of(12, 6, 2, 0)) {
            String at = "now() - interval '" + days + " days'";
            execute("insert into audit (at, actor, action, subject) values (" + at + ", 'a', 'b', 'c')");
            execute("insert into job_deletions (number, id, accepted_at, deleted_at) values (" + days + ", 'x', now(), "
                    + at + ")");
            execute("insert into runner_sessions_ended (id, runner, node, slots, connected_at, seen_at, ended_at)"
                    + " values ('e" + days + "', 'r', 'n', 1, now(), now(), " + at + ")");
            for (String period : List.of("minute", "hour", "day")) {
                execute("insert into job_figures (period, at, queue) values ('" + period + "', " + at + ", 'q')");
                execute("insert into job_histograms (period, at, queue, kind, bucket, n) values ('" + period + "', "
                        + at + ", 'q', 'run', 1, 1)");
            }
        }
        assertEquals(new Removed(0, 0, 3 + 2 + 1 + 2 * (2 + 2)), round(AGES));
        assertEquals(1, count("audit"));
        assertEquals(2, count("report.jobs"));
        assertEquals(3, count("runner_sessions_ended"));
        assertEquals(2 + 3 + 3, count("job_histograms"));
        assertEquals(NOTHING, round(AGES));
    }
}
