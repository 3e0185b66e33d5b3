package hero.supervisor.bench;

import hero.supervisor.bench.Meter.Measured;
import hero.supervisor.bench.Reading.Against;
import hero.supervisor.bench.Reading.Goal;
import hero.supervisor.store.Database;
import hero.supervisor.store.Partitions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a long history, a long queue and a long transaction do to the speed. Each has databases of its own. Not
/// for several threads.
final class Growth {
    private static final String RUNNER = "bench-growth";
    private static final int CHUNK = 500_000;
    private static final Duration DRAIN_WITHIN = Duration.ofMinutes(10);

    /// A finished job as our own writes leave it, and its four events in three rows.
    private static final String FINISHED = """
            with made as (
              insert into jobs (id, caller_id, context_id, payload, runner, queue, executor, timeout_s, env_vars,
                created_text, updated_text, fingerprint, status, queued_at, queue_seq, attempt, started_at,
                completed_at, output)
              select 'history-' || g, 'bench', 'bench', 'PAYLOAD', 'RUNNER', 'RUNNER', 'bench', 60, '{}',
                '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', sha256(g::text::bytea), 'completed', now(),
                nextval('job_queue_seq'), 1, now(), now(), 'done'
              from generate_series(FROM, TO) g
              returning id)
            insert into job_events (job_id, status, attempt, runner, queue, node, detail)
            select id, s.status, s.attempt, 'RUNNER', 'RUNNER', 'bench', s.detail
            from made, (values ('queued', 0, 'created'), ('running', 1, null), ('completed', 1, null))
              s (status, attempt, detail)""";

    private static final String QUEUED = """
            with made as (
              insert into jobs (id, caller_id, context_id, payload, runner, queue, executor, timeout_s, env_vars,
                created_text, updated_text, fingerprint, status, queued_at, queue_seq)
              select 'queued-' || g, 'bench', 'bench', 'PAYLOAD', 'RUNNER', 'RUNNER', 'bench', 60, '{}',
                '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', sha256(g::text::bytea), 'queued', now(),
                nextval('job_queue_seq')
              from generate_series(FROM, TO) g
              returning id, number, queue_seq),
            placed as (
              insert into job_queue (queue, priority, seq, job_number) select 'RUNNER', 0, queue_seq, number from made)
            insert into job_events (job_id, status, attempt, runner, queue, node, detail)
            select id, 'queued', 0, 'RUNNER', 'RUNNER', 'bench', 'created' from made""";

    private static final String COUNTED = """
            update job_figures_cursor set (xid, seq) = (select xid, seq from job_events order by xid desc, seq desc limit 1)""";

    private final Stage stage;
    private long filled;

    Growth(Stage stage) {
        this.stage = stage;
    }

    /// `growth`: a full database against an empty one, in turn.
    List<Reading> history() {
        Plan plan = stage.plan();
        int drained = Math.min(plan.drainJobs(), plan.queued());
        Site empty = stage.site("empty");
        Site full = stage.site("full");
        prepare(empty, 0, 0);
        prepare(full, plan.history(), plan.queued());
        Rates onEmpty = new Rates(stage, empty);
        Rates onFull = new Rates(stage, full);
        onEmpty.warmUp(List.of());
        onFull.warmUp(List.of());
        List<Reading> readings = new ArrayList<>();
        for (int round = 1; round <= plan.rounds(); round++) {
            stage.say("round " + round + " of " + plan.rounds() + ": growth");
            readings.add(compared("growth-create", onEmpty.create(), onFull.create()));
            readings.add(compared("growth-run", onEmpty.run(64, 0, 0), onFull.run(64, 0, 0)));
            fill(empty, QUEUED, drained);
            fill(full, QUEUED, drained);
            readings.add(compared("growth-drain", drain(empty, drained), drain(full, drained)));
        }
        stage.remove(empty);
        stage.remove(full);
        return readings;
    }

    private static Reading compared(String name, Measured empty, Measured full) {
        Against against = new Against("empty database", empty.perSecond());
        return new Reading(name, "jobs/s", full.perSecond(), against, Goal.atLeast(0.85), full.details());
    }

    /// Before there is a gateway, which would take all of it for news. What a gateway makes at its start is made
    /// here: the partitions that the history goes to.
    private void prepare(Site site, int history, int queued) {
        try (Database database = Database.connect(site.sql().settings(), Duration.ofSeconds(10))) {
            new Partitions(database).ahead();
        }
        site.sql().execute("insert into runners (name, queue) values ('" + RUNNER + "', '" + RUNNER + "')");
        if (history + queued > 0) {
            stage.say("filling in " + history + " finished and " + queued + " waiting jobs");
        }
        fill(site, FINISHED, history);
        fill(site, QUEUED, queued);
        site.sql().execute("vacuum analyze");
        site.sql().execute("checkpoint");
    }

    private void fill(Site site, String statement, int jobs) {
        for (int done = 0; done < jobs; done += CHUNK) {
            int now = Math.min(CHUNK, jobs - done);
            site.sql()
                    .execute(statement
                            .replace("PAYLOAD", Naive.PAYLOAD)
                            .replace("RUNNER", RUNNER)
                            .replace("FROM, TO", (filled + 1) + ", " + (filled + now)));
            // A history was counted while it came about.
            site.sql().execute(COUNTED);
            filled += now;
        }
    }

    /// The time for the first `jobs` outcomes, whatever waits behind them.
    private Measured drain(Site site, int jobs) {
        long before = done(site);
        long begun = stage.time().nanoTime();
        Puller runner = site.runner(0, RUNNER, 256);
        boolean all = stage.meter(site)
                .until(
                        () -> runner.recorded().count() >= jobs
                                || runner.recorded().hasFailed(),
                        DRAIN_WITHIN);
        double seconds = (stage.time().nanoTime() - begun) / 1e9;
        runner.recorded().check("growth");
        if (!all) {
            throw new Invalid("growth: only " + runner.recorded().count() + " of " + jobs + " jobs were done");
        }
        long counted = runner.recorded().count();
        site.leave(runner);
        if (done(site) - before < counted) {
            throw new Invalid("growth: " + counted + " outcomes were acknowledged and fewer are in the database");
        }
        return new Measured(counted / seconds, new long[0], new LinkedHashMap<>());
    }

    private static long done(Site site) {
        return site.sql().number("select count(*) from jobs where queue = '" + RUNNER + "' and status = 'completed'");
    }

    /// `held-transaction`: under a transaction that has been open for long under load, against a database of the
    /// same server without one, in turn.
    List<Reading> held() {
        Plan plan = stage.plan();
        Site free = stage.site("free");
        Site site = stage.site("held");
        Rates without = new Rates(stage, free);
        Rates rates = new Rates(stage, site);
        without.warmUp(List.of());
        rates.warmUp(List.of());
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("before", rates.run(64, 0, 0).perSecond());
        details.put("bytes_before", sizes(site));
        List<Reading> readings = new ArrayList<>();
        try (Connection connection = site.sql().connect();
                Statement statement = connection.createStatement()) {
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            connection.setAutoCommit(false);
            try (ResultSet row = statement.executeQuery("select count(*) from jobs")) {
                row.next();
            }
            stage.say("holding a transaction for " + Report.number(plan.heldSeconds()) + " s under load");
            // The transaction that is held is that of somebody who reads reports.
            try (Reporting reporting = plan.withReports()
                    ? Reporting.on(connection, stage.time(), plan.reportPauseSeconds())
                    : Reporting.none(connection, stage.time())) {
                rates.runFor(64, (long) (plan.heldSeconds() * 1e9), plan.measureNs());
                details.put("held_seconds", plan.heldSeconds());
                details.put("bytes_after", sizes(site));
                for (int round = 1; round <= plan.rounds(); round++) {
                    Measured other = without.run(64, 0, 0);
                    Measured ours = rates.run(64, 0, 0);
                    Map<String, Object> told = new LinkedHashMap<>(details);
                    told.putAll(reporting.details());
                    told.putAll(ours.details());
                    Against against = new Against("a database without it", other.perSecond());
                    readings.add(new Reading(
                            "held-transaction", "jobs/s", ours.perSecond(), against, Goal.atLeast(0.9), told));
                }
            }
            connection.rollback();
        } catch (SQLException e) {
            throw new Invalid("the transaction could not be held", e);
        }
        stage.remove(site);
        stage.remove(free);
        return readings;
    }

    /// Bytes of each table that grew, with its indexes; partitions under their parent's name.
    private static Map<String, Object> sizes(Site site) {
        Map<String, Object> sizes = new LinkedHashMap<>();
        for (String table : List.of("jobs", "job_queue", "job_holds", "job_events")) {
            sizes.put(
                    table,
                    site.sql()
                            .number("select sum(pg_total_relation_size(relid))::bigint from (select '" + table
                                    + "'::regclass union select relid from pg_partition_tree('" + table
                                    + "')) parts (relid)"));
        }
        return sizes;
    }
}
