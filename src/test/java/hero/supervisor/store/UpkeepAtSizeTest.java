package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.store.Retention.Ages;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Figures, their rebuilding and retention with half a million finished jobs and their two million events: right
/// to the last row. How long the single statements take is in `docs/REPORTING.md`, read from PostgreSQL's own log
/// (`log_min_duration_statement`) with `SUPERVISOR_TEST_DB_URL` naming a server that writes one.
@Tag("campaign")
@SuppressWarnings("NullAway.Init")
final class UpkeepAtSizeTest {
    private static final int JOBS = Integer.getInteger("upkeep.jobs", 500_000);
    private static final int DAYS = 10;

    /// Every tenth failed after an earlier attempt, every fifth has printed something, every other one has a
    /// trace.
    private static final String FILL = """
            insert into jobs (id, caller_id, context_id, payload, runner, queue, executor, timeout_s, env_vars,
              created_text, updated_text, fingerprint, status, queued_at, queue_seq, attempt, accepted_at, started_at,
              completed_at, output, error)
            select 'old-' || g, 'caller-' || g % 100, 'context', repeat('x', 200), 'runner', 'queue-' || g % 20, 'sh', 60,
              '{}', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', sha256(g::text::bytea),
              case when g % 10 = 0 then 'failed' else 'completed' end, t.at, g, 1, t.at, t.at + interval '1 s',
              t.at + interval '3 s', case when g % 10 <> 0 then 'done' end, case when g % 10 = 0 then 'broken' end
            from generate_series(1, JOBS) g
              cross join lateral (select now() - make_interval(secs => DAYS * 86400.0 * (JOBS - g + 1) / JOBS) as at) t;
            insert into job_events (at, job_id, status, attempt, runner, queue, node, seconds)
            select s.at, j.id, s.status, s.attempt, j.runner, j.queue, 'test', s.seconds
            from jobs j cross join lateral (values ('created', 0, j.accepted_at, null::float8),
              ('queued', 0, j.accepted_at, null), ('running', 1, j.started_at, 1.0),
              (j.status, 1, j.completed_at, 2.0)) s(status, attempt, at, seconds)
            order by j.number, s.at;
            insert into job_attempts (job_id, attempt, runner, session_id, started_at, ended_at, status, error)
            select id, 0, runner, 's', started_at, completed_at, 'failed', 'broken' from jobs where status = 'failed';
            insert into job_log_ends (job_id, attempt, lease, began_at) select id, 1, 1, started_at from jobs
            where number % 5 = 0;
            insert into job_logs (at, job_id, attempt, stream, start, place, size, data)
            select started_at, id, 1, 'stdout', 0, 0, 4, 'line' from jobs where number % 5 = 0;
            insert into job_traces select number, repeat('0', 55) from jobs where number % 2 = 0;
            insert into job_deletions (number, id, accepted_at, deleted_at)
            select -number, 'gone-' || id, accepted_at, completed_at from jobs;
            insert into audit (at, actor, action, subject) select completed_at, 'api', 'test', id from jobs;
            """;

    private Database database;

    @BeforeEach
    void fill() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
        for (String table : new String[] {"job_events", "job_logs"}) {
            for (int day = 0; day <= DAYS; day++) {
                execute("do $$ declare d date := (now() at time zone 'UTC')::date - " + day + "; begin execute format("
                        + "'create table if not exists %s_%s partition of %s for values from (%L) to (%L)', '" + table
                        + "', to_char(d, 'YYYYMMDD'), '" + table
                        + "', d || ' 00:00+00', d + 1 || ' 00:00+00'); end $$");
            }
        }
        execute(FILL.replace("JOBS", String.valueOf(JOBS)).replace("DAYS", String.valueOf(DAYS)));
        execute("analyze");
    }

    @AfterEach
    void close() {
        database.close();
    }

    private void execute(String sql) {
        try (var connection = database.patientSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    private long number(String query) {
        return database.query(sql -> sql.fetchSingle(query).get(0, Long.class));
    }

    @Test
    void half_a_million_jobs_are_counted_again_and_removed() {
        try (Figures figures = new Figures(database)) {
            assertEquals(4L * JOBS, figures.count());
            assertEquals(4L * JOBS, figures.rebuild());
        }
        assertEquals(JOBS, number("select sum(accepted)::bigint from job_figures where period = 'day'"));
        assertEquals(JOBS / 10, number("select sum(failed)::bigint from job_figures where period = 'hour'"));
        long young = number("select count(*) from jobs where completed_at >= now() - interval '2 days'");
        Duration two = Duration.ofDays(2);
        try (Retention retention = new Retention(database, new Ages(two, two, two, two, two, two, two))) {
            long removed = retention.run().jobs();
            // Time goes on while it works.
            long left = number("select count(*) from jobs");
            assertEquals(JOBS, removed + left);
            assertEquals(0, Math.max(0, left - young), "more are left than were young");
            assertEquals(0, number("select count(*) from jobs where completed_at < now() - interval '2 days 1 hour'"));
            retention.run();
        }
        for (String gone : new String[] {
            "select count(*) from job_events where at < now() - interval '3 days'",
            "select count(*) from job_attempts a where not exists (select from jobs j where j.id = a.job_id)",
            "select count(*) from job_traces t where not exists (select from jobs j where j.number = t.job_number)",
            "select count(*) from job_log_ends where began_at < now() - interval '3 days'",
            "select count(*) from job_deletions where deleted_at < now() - interval '3 days'",
            "select count(*) from job_figures where period = 'minute' and at < now() - interval '3 days'",
            "select count(*) from audit where at < now() - interval '3 days'"
        }) {
            assertEquals(0, number(gone), gone);
        }
    }
}
