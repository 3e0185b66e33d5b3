package hero.supervisor.store;

import hero.supervisor.store.JobStore.Position;
import java.util.ArrayList;
import java.util.List;
import org.jooq.Record;

/// Counts what one gateway wrote into the event log since it began, below the oldest transaction that still runs:
/// each event once, also those of a commit whose answer was lost. For one thread.
public final class OwnEvents {
    private static final String SQL = """
            select pg_snapshot_xmin(now.seen)::text::bigint as edge, e.status, e.again, e.stands, e.events
            from (select pg_current_snapshot() as seen) now left join lateral (
              select l.status, l.detail is not null and l.detail not in ('handed', 'created') as again,
                STANDS as stands, count(*) as events
              from job_events l
              where (l.xid, l.seq) >= ({0}::text::xid8, 0) and l.xid < pg_snapshot_xmin(now.seen) and l.node = {1}
              group by 1, 2, 3) e on true
            """.replace("STANDS", EventLog.STANDS);

    private final Database database;
    private final String node;
    private Position from;

    /// @param log its head is where counting begins
    public OwnEvents(Database database, JobStore log, String node) {
        this.database = database;
        this.node = node;
        this.from = log.head();
    }

    /// @param again of queued: a retry, handed back, or lost with a runner
    public record Count(String status, boolean again, long events) {}

    /// What came since the last call. Costs one look at each event of that time. A status may come twice.
    public List<Count> next() {
        List<Count> counts = new ArrayList<>();
        Position edge = from;
        for (Record row : database.query(sql -> sql.fetch(SQL, String.valueOf(from.xid()), node))) {
            edge = new Position(row.get("edge", Long.class), 0);
            String status = row.get("status", String.class);
            if (status != null) {
                long events = row.get("events", Long.class);
                counts.add(new Count(status, row.get("again", Boolean.class), events));
                EventLog.before(row.get("stands", Integer.class))
                        .forEach(before -> counts.add(new Count(before, false, events)));
            }
        }
        from = edge;
        return counts;
    }
}
