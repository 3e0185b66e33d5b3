package hero.supervisor.store;

import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Events;
import hero.supervisor.store.JobStore.Facts;
import hero.supervisor.store.JobStore.Position;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/// The log of transitions, read in an order that every reader sees alike: by transaction, then by sequence, and
/// only below the oldest transaction that still runs. Above it a transaction may yet commit with a lower position.
final class EventLog {
    /// How many events a row stands for. A job that is queued, or handed over, in the statement that creates it
    /// has one row: `queued` with the detail `created` for these two, `running` with the detail `handed` for
    /// `created`, `queued` and `running`. The numbers before its own are theirs: the sequence goes up by three.
    static final String STANDS = """
            case when l.status = 'running' and l.detail = 'handed' then 3
              when l.status = 'queued' and l.detail = 'created' then 2 else 1 end""";

    private static final List<String> BEFORE = List.of("created", "queued");

    /// Of a job that waits at its old place again. Rare, so it is looked up one by one. None when the job is gone,
    /// and another one of its id has no place yet.
    private static final String PLACE = """
            case when l.status = 'queued' and l.detail in ('released', 'runner lost') then
              (select array[coalesce(j.priority, 0), j.queue_seq] from jobs j
                where j.id = l.job_id and j.queue_seq is not null) end""";

    /// Only the days that can have such events: else a look costs as much as there are partitions, 1 ms for a
    /// month of them. The bounds are those of [Epochs], or none. An hour is for writers of ours that are under
    /// way, and for a clock that is set a little; one that is set far tells of it now.
    private static final String DAYS = """
            l.at >= least(?::text::timestamptz, statement_timestamp()) - interval '1 hour'
              and l.at < greatest(?::text::timestamptz, statement_timestamp()) + interval '1 hour'""";

    private static final String ROWS =
            """
            select xid::text::bigint as xid, seq, at, job_id, status, attempt, runner, queue, node, PLACE as place,
              STANDS as stands, xid < pg_snapshot_xmin(pg_current_snapshot()) as settled,
              pg_snapshot_xmax(pg_current_snapshot())::text::bigint as newest, statement_timestamp() as looked_at
            from job_events l
            where (xid, seq) > (?::text::xid8, ?) and DAYS
            order by l.xid, seq
            limit ?
            """.replace("PLACE", PLACE).replace("STANDS", STANDS).replace("DAYS", DAYS);

    private static final String ROWS_WITH_FACTS = "select e.*, j.executor, j.caller_id, j.context_id from (" + ROWS
            + ") e left join jobs j on j.id = e.job_id order by e.xid, e.seq";

    /// One row at least, for the edge. What this gateway handed straight to a runner waits for nobody elsewhere.
    static final String NEWS = """
            select pg_snapshot_xmin(now.seen)::text::bigint as edge, e.*,
              pg_snapshot_xmax(now.seen)::text::bigint as newest, statement_timestamp() as looked_at,
              exists (select from job_events h
                where (h.xid, h.seq) >= (pg_snapshot_xmin(now.seen), 0) and h.node <> ?
                  and h.at >= statement_timestamp() - interval '1 hour'
                  and h.at < statement_timestamp() + interval '1 hour') as held
            from (select pg_current_snapshot() as seen) now left join lateral (
              select xid::text::bigint as xid, seq, at, job_id, status, attempt, runner, queue, node, PLACE as place
              from job_events l
              where (l.xid, l.seq) > (?::text::xid8, ?) and l.xid < pg_snapshot_xmin(now.seen) and l.node <> ?
                and l.status not in ('created', 'running') and l.detail is distinct from 'handed' and DAYS
              order by l.xid, l.seq
              limit ?) e on true
            order by e.xid, e.seq
            """.replace("PLACE", PLACE).replace("DAYS", DAYS);

    private final Database database;
    private final String node;
    private final QueueHeads heads;
    private final Epochs epochs = new Epochs();

    /// @param heads told of each job that came back, before the page that says so is given out
    EventLog(Database database, String node, QueueHeads heads) {
        this.database = database;
        this.node = node;
        this.heads = heads;
    }

    /// Every event of a transaction that runs now or comes later lies behind this position.
    Position head() {
        return database.query(sql -> new Position(
                sql.fetchSingle("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
                        .get(0, Long.class),
                0));
    }

    Position floor() {
        Record floor = database.query(sql -> sql.fetchSingle("select xid::text::bigint, seq from job_events_floor"));
        return new Position(floor.get(0, Long.class), floor.get(1, Long.class));
    }

    Events plain(Position after, int max) {
        return database.statement(connection -> read(connection, after, max, false));
    }

    Events withFacts(Position after, int max) {
        return database.statement(connection -> read(connection, after, max, true));
    }

    Events news(Position after, int max) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(NEWS)) {
                return news(statement, after, max);
            }
        });
    }

    private Events news(PreparedStatement statement, Position after, int max) throws SQLException {
        statement.setString(1, node);
        statement.setString(2, Long.toString(after.xid()));
        statement.setLong(3, after.seq());
        statement.setString(4, node);
        days(statement, 5, after);
        statement.setInt(7, max);
        List<Event> events = new ArrayList<>();
        Position edge = after;
        Position last = after;
        boolean held = false;
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                edge = new Position(rows.getLong("edge"), 0);
                held = rows.getBoolean("held");
                epochs.seen(rows.getLong("newest"), JobRow.instant(rows, "looked_at"));
                if (rows.getString("job_id") != null) {
                    last = new Position(rows.getLong("xid"), rows.getLong("seq"));
                    events.add(event(last, rows, false, null));
                }
            }
        }
        // Everything below the edge has been looked at, unless the page was full. After a crash PostgreSQL gives the
        // numbers of transactions that had not reached the disk to others: then the edge lies before what was read.
        boolean back = edge.xid() < after.xid();
        Position next = events.size() == max ? last : back || edge.compareTo(after) > 0 ? edge : after;
        return new Events(events, next, held);
    }

    private void days(PreparedStatement statement, int index, Position after) throws SQLException {
        Instant since = epochs.before(after.xid());
        statement.setString(index, since == null ? "-infinity" : since.toString());
        statement.setString(index + 1, since == null ? "infinity" : since.toString());
    }

    private Events read(Connection connection, Position after, int max, boolean all) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(all ? ROWS_WITH_FACTS : ROWS)) {
            statement.setString(1, Long.toString(after.xid()));
            statement.setLong(2, after.seq());
            days(statement, 3, after);
            statement.setInt(5, max);
            List<Event> events = new ArrayList<>();
            Position next = after;
            boolean held = false;
            try (ResultSet found = statement.executeQuery()) {
                while (!held && events.size() < max && found.next()) {
                    epochs.seen(found.getLong("newest"), JobRow.instant(found, "looked_at"));
                    held = !found.getBoolean("settled");
                    if (!held) {
                        boolean own = JobRow.text(found, "node").equals(node);
                        for (Event step : steps(found, own, all ? facts(found) : null)) {
                            if (step.position().compareTo(after) > 0 && events.size() < max) {
                                events.add(step);
                                next = step.position();
                            }
                        }
                    }
                }
            }
            return new Events(events, next, held);
        }
    }

    /// What a row that [#STANDS] for so many events tells besides its own status.
    static List<String> before(int stands) {
        return BEFORE.subList(0, stands - 1);
    }

    /// All that one row tells.
    private List<Event> steps(ResultSet row, boolean own, @Nullable Facts facts) throws SQLException {
        Event last = event(new Position(row.getLong("xid"), row.getLong("seq")), row, own, facts);
        List<String> before = before(row.getInt("stands"));
        List<Event> steps = new ArrayList<>(before.size() + 1);
        for (int i = 0; i < before.size(); i++) {
            steps.add(last.before(before.get(i), before.size() - i));
        }
        steps.add(last);
        return steps;
    }

    private Event event(Position position, ResultSet row, boolean own, @Nullable Facts facts) throws SQLException {
        Array place = row.getArray("place");
        if (place != null) {
            Long[] values = (Long[]) place.getArray();
            heads.returned(Spot.of(JobRow.text(row, "queue"), values[0].intValue(), values[1]));
        }
        return new Event(
                position,
                JobRow.instant(row, "at"),
                JobRow.text(row, "job_id"),
                JobRow.text(row, "status"),
                row.getInt("attempt"),
                JobRow.text(row, "runner"),
                JobRow.text(row, "queue"),
                own,
                facts);
    }

    private static @Nullable Facts facts(ResultSet row) throws SQLException {
        String executor = row.getString("executor");
        return executor == null
                ? null
                : new Facts(executor, JobRow.text(row, "caller_id"), JobRow.text(row, "context_id"));
    }
}
