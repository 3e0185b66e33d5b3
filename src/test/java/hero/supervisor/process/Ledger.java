package hero.supervisor.process;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.app.PostgresProcess;
import hero.supervisor.domain.JobResult;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/// What PostgreSQL holds after a campaign, held against what callers were told and against the life of a job.
final class Ledger {
    /// The log in its order; each event beside the one before it of the same job.
    private static final String STEPS = """
            with steps as (
              select job_id, status, attempt, xid, seq, detail,
                lag(status) over w as was, lag(attempt) over w as was_attempt,
                lead(status) over w as then
              from report.transitions window w as (partition by job_id order by xid, seq)
            )
            """;

    private static final String OFF_THE_PATH = STEPS + """
            select job_id, coalesce(was, 'nothing') || ' ' || coalesce(was_attempt::text, '') || ' to ' || status || ' '
              || attempt || coalesce(' (' || detail || ')', '') from steps
            where not coalesce(case
              when was is null then status = 'created' and attempt = 0
              when was = 'created' then status in ('queued', 'failed') and attempt = 0
              when was = 'queued' then (status = 'running' and attempt = was_attempt + 1)
                or (status = 'failed' and attempt = was_attempt)
              when was in ('running', 'stopping') then
                (status = 'stopping' and was = 'running' and attempt = was_attempt)
                or (status in ('completed', 'failed', 'timeout') and attempt = was_attempt)
                or (status = 'queued' and attempt = was_attempt - case when detail = 'released' then 1 else 0 end)
              else false end, false)
            """;

    private static final String BAD_ENDS = """
            select j.id, j.status || ', and the log ends with ' || coalesce(e.status, 'nothing')
            from jobs j left join (select distinct on (job_id) job_id, status from job_events
              order by job_id, xid desc, seq desc) e on e.job_id = j.id
            where j.status not in ('completed', 'failed', 'timeout') or e.status is distinct from j.status
            """;

    private static final String LEFT_OVER = """
            select 'job_queue', count(*)::text from job_queue having count(*) > 0
            union all select 'job_timers', count(*)::text from job_timers having count(*) > 0
            union all select 'job_held', count(*)::text from job_held having count(*) > 0
            """;

    private static final String OUTCOMES = "select id, status, output, error from jobs";

    private final PostgresProcess postgres;

    Ledger(PostgresProcess postgres) {
        this.postgres = postgres;
    }

    /// Every job is final with the outcome that its caller was told, and the log of each is a path of the state
    /// diagram.
    void assertRight(Map<String, JobResult> told) throws SQLException {
        Map<String, String> wrong = new TreeMap<>(rows(BAD_ENDS));
        rows(OFF_THE_PATH).forEach((id, step) -> wrong.put(id, step + " in"));
        for (Map.Entry<String, String> entry : wrong.entrySet()) {
            entry.setValue(
                    entry.getValue() + " " + rows("""
            select xid || ':' || seq, xid || ':' || seq || ' ' || status || ' ' || attempt || ' ' || coalesce(detail, '')
              || ' ' || node || ' ' || at::time
            from report.transitions where job_id = '%s' order by xid, seq
            """.formatted(entry.getKey())).values());
        }
        Map<String, JobResult> kept = outcomes();
        told.forEach((id, result) -> {
            JobResult row = kept.get(id);
            if (row == null || !row.equals(plain(result))) {
                wrong.put(id, "told " + result + ", kept " + row);
            }
        });
        assertEquals(Map.of(), wrong);
        assertEquals(told.size(), kept.size(), "jobs");
        assertEquals(Map.of(), rows(LEFT_OVER));
    }

    private static JobResult plain(JobResult result) {
        return result instanceof JobResult.Failure failure ? new JobResult.Failure(failure.message(), null) : result;
    }

    private Map<String, JobResult> outcomes() throws SQLException {
        Map<String, JobResult> kept = new TreeMap<>();
        try (Connection connection = postgres.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(OUTCOMES)) {
            while (rows.next()) {
                String output = rows.getString("output");
                kept.put(
                        rows.getString("id"),
                        output == null
                                ? new JobResult.Failure(String.valueOf(rows.getString("error")), null)
                                : new JobResult.Success(output));
            }
        }
        return kept;
    }

    /// Pairs.
    Map<String, String> rows(String sql) throws SQLException {
        Map<String, String> rows = new LinkedHashMap<>();
        try (Connection connection = postgres.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                rows.put(row.getString(1), String.valueOf(row.getString(2)));
            }
        }
        return rows;
    }

    /// One whole number.
    long number(String sql) throws SQLException {
        return Long.parseLong(rows("select 'n', (" + sql + ")").getOrDefault("n", "-1"));
    }
}
