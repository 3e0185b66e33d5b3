package hero.supervisor.store;

import hero.supervisor.store.JobStore.Position;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Counts the event log into figures per minute, hour and day (`job_figures`, `job_histograms`), a page at a time.
/// Any number of gateways may call at once: whoever locks the cursor works, the others have nothing to do. The
/// cursor moves in the transaction that adds the figures, so each event is counted exactly once; like every reader
/// of the log it stops below the oldest transaction that still runs ([EventLog]). Safe for any thread.
public final class Figures implements AutoCloseable {
    /// Events of one transaction, few enough to keep it short.
    static final int PAGE = 10_000;

    private static final Logger log = LoggerFactory.getLogger(Figures.class);

    /// Asked first, because locking the cursor is a write.
    private static final String NEWS = """
            select exists (
              select from job_figures_cursor c cross join lateral (
                select from job_events e
                where (e.xid, e.seq) > (c.xid, c.seq) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
                order by e.xid, e.seq limit 1) n)
            """;

    private static final String CURSOR = "select xid::text, seq from job_figures_cursor for no key update skip locked";

    /// A statement of its own after the lock, so that it sees what the last holder has committed. The bucket's
    /// bounds are told in the migration that makes `job_histograms`.
    private static final String COUNT = """
            with page as materialized (
              select l.xid, l.seq, l.at, l.queue, l.status, l.detail,
                case when l.seconds < 0 then 0 else l.seconds end as seconds, STANDS as stands
              from job_events l
              where (l.xid, l.seq) > (?::xid8, ?) and l.xid < pg_snapshot_xmin(pg_current_snapshot())
              order by l.xid, l.seq limit ?
            ),
            rows as materialized (
              select date_trunc('minute', at, 'UTC') as at, queue, status,
                case when detail in ('retry', 'runner lost') then detail end as detail,
                case when seconds is not null and status in ('running', 'completed', 'failed', 'timeout') then
                  greatest(ceil(ln(greatest(seconds, 0.001) / 0.001) / ln(1.1::float8)), 0)::smallint end as bucket,
                stands, count(*) as n, sum(seconds) as seconds
              from page group by 1, 2, 3, 4, 5, 6
            ),
            minute as (
              select at, queue, status, detail, bucket, n, seconds from rows
              union all
              select at, queue, 'created', null, null, n, null from rows where stands > 1
            ),
            event as (
              select p.period, date_trunc(p.period, m.at, 'UTC') as at, m.queue, m.status, m.detail, m.bucket, m.n,
                m.seconds
              from minute m cross join (values ('minute'), ('hour'), ('day')) p(period)
            ),
            figures as (
              insert into job_figures as f (period, at, queue, accepted, started, completed, failed, timeout, retried,
                lost, deleted, wait_s, run_s, busy_s)
              select period, at, queue,
                coalesce(sum(n) filter (where status = 'created'), 0),
                coalesce(sum(n) filter (where status = 'running'), 0),
                coalesce(sum(n) filter (where status = 'completed'), 0),
                coalesce(sum(n) filter (where status = 'failed'), 0),
                coalesce(sum(n) filter (where status = 'timeout'), 0),
                coalesce(sum(n) filter (where detail = 'retry'), 0),
                coalesce(sum(n) filter (where detail = 'runner lost'), 0),
                coalesce(sum(n) filter (where status = 'deleted'), 0),
                coalesce(sum(seconds) filter (where status = 'running'), 0),
                coalesce(sum(seconds) filter (where status in ('completed', 'failed', 'timeout')), 0),
                coalesce(sum(seconds) filter (where status <> 'running'), 0)
              from event group by period, at, queue
              on conflict (period, at, queue) do update set
                accepted = f.accepted + excluded.accepted, started = f.started + excluded.started,
                completed = f.completed + excluded.completed, failed = f.failed + excluded.failed,
                timeout = f.timeout + excluded.timeout, retried = f.retried + excluded.retried,
                lost = f.lost + excluded.lost, deleted = f.deleted + excluded.deleted,
                wait_s = f.wait_s + excluded.wait_s, run_s = f.run_s + excluded.run_s,
                busy_s = f.busy_s + excluded.busy_s
            ),
            lengths as (
              insert into job_histograms as h (period, at, queue, kind, bucket, n)
              select period, at, queue, case status when 'running' then 'wait' else 'run' end, bucket, sum(n)
              from event where bucket is not null
              group by 1, 2, 3, 4, 5
              on conflict (period, at, queue, kind, bucket) do update set n = h.n + excluded.n
            ),
            last as (
              select xid, seq from page order by xid desc, seq desc limit 1
            ),
            moved as (
              update job_figures_cursor c set xid = l.xid, seq = l.seq, counted_at = clock_timestamp() from last l
            )
            select count(*)::int from page
            """.replace("STANDS", EventLog.STANDS);

    private final Database database;
    private volatile boolean closed;

    public Figures(Database database) {
        this.database = database;
    }

    /// Counts all that can be counted now, unless another gateway does. Returns how many events that were.
    public long count() {
        long all = 0;
        int page = PAGE;
        while (!closed && page == PAGE && news()) {
            page = database.transaction(connection -> page(connection, PAGE));
            all += page;
        }
        return all;
    }

    /// Lets [#count] end after its present page.
    @Override
    public void close() {
        closed = true;
    }

    private boolean news() {
        return database.query(sql -> sql.fetchSingle(NEWS).get(0, Boolean.class));
    }

    /// 0 as well when another gateway is at work.
    static int page(Connection connection, int max) throws SQLException {
        String xid;
        long seq;
        try (Statement statement = connection.createStatement();
                ResultSet cursor = statement.executeQuery(CURSOR)) {
            if (!cursor.next()) {
                return 0;
            }
            xid = cursor.getString(1);
            seq = cursor.getLong(2);
        }
        try (PreparedStatement statement = connection.prepareStatement(COUNT)) {
            statement.setString(1, xid);
            statement.setLong(2, seq);
            statement.setInt(3, max);
            try (ResultSet counted = statement.executeQuery()) {
                counted.next();
                return counted.getInt(1);
            }
        }
    }

    /// How far the log is counted.
    static Position counted(DSLContext sql) {
        var cursor = sql.fetchSingle("select xid::text::bigint, seq from job_figures_cursor");
        return new Position(cursor.get(0, Long.class), cursor.get(1, Long.class));
    }

    /// Throws away the figures of all days that the log still holds whole, and counts those days again, in pages,
    /// beside gateways that may run. Figures of older days stay. Returns how many events it counted itself; a
    /// `busy` refusal when another gateway has been counting for 10 s.
    public long rebuild() {
        Optional<LocalDate> from = database.upkeep(sql -> {
            // Who reads reports is read-only by default, and shall hear that the right is missing, not the server.
            sql.execute("set transaction read write");
            sql.execute("set local lock_timeout = '10s'");
            sql.fetchSingle("select from job_figures_cursor for no key update");
            Optional<LocalDate> kept = oldestDay(sql);
            var since = DSL.val(kept.map(LocalDate::toString).orElse("-infinity"));
            sql.execute("delete from job_figures where at >= {0}::timestamp at time zone 'UTC'", since);
            sql.execute("delete from job_histograms where at >= {0}::timestamp at time zone 'UTC'", since);
            sql.execute("update job_figures_cursor set xid = '0', seq = 0");
            return kept;
        });
        log.atInfo()
                .addKeyValue("from", from.map(LocalDate::toString).orElse("the beginning"))
                .log("figures are counted again");
        return count();
    }

    /// The first day of the log after something was dropped: only whole days are. Empty when nothing was.
    private static Optional<LocalDate> oldestDay(DSLContext sql) {
        if (sql.fetchSingle("select xid = '0'::xid8 from job_events_floor").get(0, Boolean.class)) {
            return Optional.empty();
        }
        LocalDate late = sql.fetchSingle(
                        "select (coalesce(min(at), now()) at time zone 'UTC')::date from job_events_default")
                .get(0, LocalDate.class);
        return Partitions.days(sql, "job_events").stream()
                .filter(day -> day.isBefore(late))
                .findFirst()
                .or(() -> Optional.of(late));
    }
}
