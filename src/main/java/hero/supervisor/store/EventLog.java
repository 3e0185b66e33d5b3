package hero.supervisor.store;

import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Events;
import hero.supervisor.store.JobStore.Position;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/// The log of transitions, read in an order that every reader sees alike: by transaction, then by sequence, and
/// only below the oldest transaction that still runs. Above it a transaction may yet commit with a lower position.
final class EventLog {
    private static final String READ = """
            select xid::text::bigint as xid, seq, at, job_id, status, attempt, runner, queue
            from job_events
            where (xid, seq) > (?::text::xid8, ?) and xid < pg_snapshot_xmin(pg_current_snapshot())
            order by job_events.xid, seq
            limit ?
            """;

    private final Database database;

    EventLog(Database database) {
        this.database = database;
    }

    /// Every event of a transaction that runs now or comes later lies behind this position.
    Position head() {
        return database.query(sql -> new Position(
                sql.fetchSingle("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
                        .get(0, Long.class),
                0));
    }

    Events behind(Position after, int max) {
        return database.transaction(connection -> read(connection, after, max));
    }

    private Events read(Connection connection, Position after, int max) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(READ)) {
            statement.setString(1, Long.toString(after.xid()));
            statement.setLong(2, after.seq());
            statement.setInt(3, max);
            List<Event> events = new ArrayList<>();
            Position next = after;
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    next = new Position(rows.getLong("xid"), rows.getLong("seq"));
                    events.add(event(next, rows));
                }
            }
            return new Events(events, next);
        }
    }

    private static Event event(Position position, ResultSet row) throws SQLException {
        return new Event(
                position,
                JobRow.instant(row, "at"),
                JobRow.text(row, "job_id"),
                JobRow.text(row, "status"),
                row.getInt("attempt"),
                JobRow.text(row, "runner"),
                JobRow.text(row, "queue"));
    }
}
