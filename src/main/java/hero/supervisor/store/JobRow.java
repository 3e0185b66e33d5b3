package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Trace;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Reads the columns of `jobs` from a plain JDBC result.
final class JobRow {
    /// Column by column: a prepared statement must bring the same ones also after a later version has added some.
    private static final String ASSIGNMENT = """
            j.id, j.caller_id, j.context_id, j.payload, j.runner, j.executor, j.timeout_s, j.env_vars, j.created_text,
              j.updated_text, j.retries, j.retry_delay_s, j.priority, j.start_text, j.labels, j.at_most_once, j.attempt,
              j.lease, j.session_id, j.started_at, greatest(j.queued_at, j.start_at) as waits_since""";

    /// Where no job has a trace none is looked for, which takes a tenth of a claim.
    private static final String TRACE = """
            case when j.number <= d.last_traced then
                (select array[traceparent, tracestate] from job_traces where job_number = j.number) end as trace""";

    private static final String LAST_TRACED =
            "(select job_number from job_traces order by job_number desc limit 1) as last_traced";

    private JobRow() {}

    static Job job(ResultSet row) throws SQLException {
        return new Job(
                text(row, "id"),
                text(row, "caller_id"),
                text(row, "context_id"),
                text(row, "payload"),
                text(row, "runner"),
                text(row, "executor"),
                row.getDouble("timeout_s"),
                FlatJson.read(text(row, "env_vars")),
                text(row, "created_text"),
                text(row, "updated_text"),
                extras(row));
    }

    private static Job.Extras extras(ResultSet row) throws SQLException {
        String labels = row.getString("labels");
        return extras(
                integer(row, "retries"),
                row.getObject("retry_delay_s", Double.class),
                integer(row, "priority"),
                row.getString("start_text"),
                labels,
                row.getObject("at_most_once", Boolean.class));
    }

    static Job.Extras extras(
            @Nullable Integer retries,
            @Nullable Double retryDelayS,
            @Nullable Integer priority,
            @Nullable String startText,
            @Nullable String labels,
            @Nullable Boolean atMostOnce) {
        return new Job.Extras(
                retries == null ? OptionalInt.empty() : OptionalInt.of(retries),
                retryDelayS,
                priority == null ? OptionalInt.empty() : OptionalInt.of(priority),
                startText,
                labels == null ? null : FlatJson.read(labels),
                atMostOnce);
    }

    /// `trace`, an array of its two parts; null for a job without one.
    static @Nullable Trace trace(ResultSet row) throws SQLException {
        Array parts = row.getArray("trace");
        if (parts == null) {
            return null;
        }
        Object[] texts = (Object[]) parts.getArray();
        return Trace.read((String) texts[0], (String) texts[1]);
    }

    /// Fills in what [#assignment] reads: the columns ASSIGNMENT and TRACE of a job `j`, the latter with
    /// LAST_TRACED, a column of `d`.
    static String handing(String sql) {
        return sql.replace("ASSIGNMENT", ASSIGNMENT)
                .replace("LAST_TRACED", LAST_TRACED)
                .replace("TRACE", TRACE);
    }

    /// A hand-over, of the columns of [#handing].
    static Assignment assignment(ResultSet row) throws SQLException {
        return new Assignment(
                job(row),
                row.getInt("attempt"),
                row.getLong("lease"),
                text(row, "session_id"),
                instant(row, "started_at"),
                waitedMicros(row),
                trace(row));
    }

    /// From `waits_since` to `started_at`.
    private static long waitedMicros(ResultSet row) throws SQLException {
        return Math.max(0, ChronoUnit.MICROS.between(instant(row, "waits_since"), instant(row, "started_at")));
    }

    static String text(ResultSet row, String column) throws SQLException {
        return Objects.requireNonNull(row.getString(column), column);
    }

    static @Nullable Integer integer(ResultSet row, String column) throws SQLException {
        int value = row.getInt(column);
        return row.wasNull() ? null : value;
    }

    static Instant instant(ResultSet row, String column) throws SQLException {
        return Objects.requireNonNull(row.getObject(column, OffsetDateTime.class), column)
                .toInstant();
    }

    static @Nullable Instant instantOrNull(ResultSet row, String column) throws SQLException {
        OffsetDateTime value = row.getObject(column, OffsetDateTime.class);
        return value == null ? null : value.toInstant();
    }

    /// The outcome of a final row; null of any other.
    static @Nullable JobResult result(
            JobStatus status, @Nullable String output, @Nullable String error, @Nullable Integer exitCode) {
        if (!status.isFinal()) {
            return null;
        }
        return status == JobStatus.COMPLETED
                ? new JobResult.Success(Objects.requireNonNull(output))
                : new JobResult.Failure(Objects.requireNonNull(error), exitCode);
    }
}
