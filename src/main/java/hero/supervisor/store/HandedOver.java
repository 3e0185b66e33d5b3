package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/// Reads what another gateway has handed to a session of this one; see [JobStore#handed]. Safe for any thread.
final class HandedOver {
    private static final String SQL = """
            select j.id, j.caller_id, j.context_id, j.payload, j.runner, j.executor, j.timeout_s, j.env_vars,
              j.created_text, j.updated_text, j.retries, j.retry_delay_s, j.priority, j.start_text, j.labels,
              j.at_most_once, j.attempt, j.lease, j.session_id, j.started_at,
              greatest(j.queued_at, j.start_at) as waits_since, case when j.number <= d.last_traced then
                (select array[traceparent, tracestate] from job_traces where job_number = j.number) end as trace
            from (select (select job_number from job_traces order by job_number desc limit 1) as last_traced) d
              cross join unnest(?::text[], ?::int[], ?::bigint[]) with ordinality as i(id, attempt, lease, ord)
              join jobs j on j.id = i.id
            where j.status = 'running' and j.attempt = i.attempt and j.lease = i.lease and j.session_id = ?
            order by i.ord
            """;

    private final Database database;

    HandedOver(Database database) {
        this.database = database;
    }

    List<Assignment> read(String sessionId, List<Assignment.Key> keys) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(SQL)) {
                new Columns<>(statement, keys)
                        .text(Assignment.Key::jobId)
                        .ints(Assignment.Key::attempt)
                        .longs(Assignment.Key::lease)
                        .all(sessionId);
                List<Assignment> handed = new ArrayList<>(keys.size());
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        handed.add(assignment(rows));
                    }
                }
                return handed;
            }
        });
    }

    private static Assignment assignment(ResultSet row) throws SQLException {
        return new Assignment(
                JobRow.job(row),
                row.getInt("attempt"),
                row.getLong("lease"),
                JobRow.text(row, "session_id"),
                JobRow.instant(row, "started_at"),
                JobRow.waitedMicros(row),
                JobRow.trace(row));
    }
}
