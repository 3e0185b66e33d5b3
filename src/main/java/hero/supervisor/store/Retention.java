package hero.supervisor.store;

import hero.supervisor.store.JobStore.Position;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Table;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes what is older than people want to keep: the log and what jobs print by dropped partitions, all else in
/// small batches with pauses. Ages are those of the database's clock. Any number of gateways may call at once, one
/// of them works at each step; nobody who works on jobs waits for it longer than a moment. Safe for any thread.
///
/// `detach … concurrently` would need no lock on the whole table, but PostgreSQL refuses it on one with a default
/// partition, and without that a late partition would stop every write. So the partition is dropped under a lock
/// that lasts for an entry in the catalogue, and is waited for 300 ms at most: who queues behind it waits no
/// longer. When that was too short the day stays until the next round.
public final class Retention implements AutoCloseable {
    /// Jobs or rows of one transaction.
    static final int BATCH = 500;

    private static final Logger log = LoggerFactory.getLogger(Retention.class);

    /// Any number that nothing else locks.
    private static final long LOCK = 0x68657276_6b656570L;

    /// Rows of `jobs` that one statement looks at.
    private static final int WINDOW = 20_000;

    private static final long PAUSE_NANOS = 20_000_000;

    /// How long things are kept; [#FOREVER] for ever.
    ///
    /// @param created jobs that were never started, from their acceptance
    /// @param completed from their end
    /// @param failed failed and timed-out ones, from their end
    /// @param events the log, traces of deleted jobs, figures per minute
    /// @param logs what jobs print
    /// @param figures per hour and day, and ended sessions
    /// @param audit the audit trail
    public record Ages(
            Duration created,
            Duration completed,
            Duration failed,
            Duration events,
            Duration logs,
            Duration figures,
            Duration audit) {
        /// No age at which anything ends.
        public static final Duration FOREVER = Duration.ZERO;

        List<Duration> jobs() {
            return List.of(created, completed, failed);
        }
    }

    /// What one round removed.
    ///
    /// @param days partitions of the log and of the jobs' logs
    /// @param rows of all other kinds
    public record Removed(long jobs, int days, long rows) {}

    /// Jobs of one stretch of numbers that are too old. One that is locked is left for the next round.
    private static final String OLD = """
            select number, id from jobs
            where number > {0} and number <= {0} + {1} and (
              (status = 'created' and accepted_at < {2}::timestamptz)
              or (status = 'completed' and completed_at < {3}::timestamptz)
              or (status in ('failed', 'timeout') and completed_at < {4}::timestamptz))
            order by number limit {5} for update skip locked
            """;

    /// Who waits for a job that nobody started hears that it is gone, on every gateway.
    private static final String TELL = """
            insert into job_events (job_id, status, attempt, runner, queue, node, detail)
            select id, 'deleted', attempt, runner, queue, {1}, 'expired' from jobs
            where number = any({0}) and status = 'created' order by number
            """;

    /// Where streams end, of jobs that are over and have no chunk left: their logs are then simply empty.
    private static final String SILENT = """
            t.began_at < {0}::timestamptz
              and not exists (select from job_logs l where l.job_id = t.job_id and l.attempt = t.attempt)
              and not exists (select from jobs j where j.id = t.job_id and j.completed_at is null)
            """;

    private static final String LAST = """
            select e.xid::text::bigint as last_xid, e.seq as last_seq from {0} e where {1}
            order by e.xid desc, e.seq desc limit 1
            """;

    private static final String MOVE_FLOOR = """
            update job_events_floor set xid = {0}::text::xid8, seq = {1} where (xid, seq) < ({0}::text::xid8, {1})
            """;

    private static final String TRIM = """
            delete from {0} where ctid = any(array(
              select t.ctid from {0} t where {1} limit {2} for update skip locked))
            """;

    /// The next job that can be old enough, after a gap. Numbers go with the time of acceptance, but for jobs of a
    /// moment when the clock was ahead: so many young ones in a row mean that all that follow are young.
    private static final String NEXT = """
            select number from (
              select number, accepted_at from jobs where number > {0} order by number limit {2}) n
            where accepted_at < {1}::timestamptz order by number limit 1
            """;

    private static final int YOUNG_MAX = 10_000;

    private static final Condition MINUTES = DSL.condition("period = 'minute'");

    private final Database database;
    private final Ages ages;
    private volatile boolean closed;

    public Retention(Database database, Ages ages) {
        this.database = database;
        this.ages = ages;
    }

    /// One round over everything.
    public Removed run() {
        long jobs = jobs();
        int days = events() + logs();
        long rows = rows();
        if (jobs + days + rows > 0) {
            log.atInfo()
                    .addKeyValue("jobs", jobs)
                    .addKeyValue("days", days)
                    .addKeyValue("rows", rows)
                    .log("what was too old is gone");
        }
        return new Removed(jobs, days, rows);
    }

    /// Lets a round end after its present batch.
    @Override
    public void close() {
        closed = true;
    }

    // ---- jobs ----

    /// Walks through the jobs in the order of their acceptance, up to those that nothing can be too old of.
    private long jobs() {
        if (ages.jobs().stream().allMatch(Duration::isZero)) {
            return 0;
        }
        List<Field<String>> cutoffs = new ArrayList<>();
        ages.jobs().forEach(age -> cutoffs.add(DSL.val(before(age))));
        Duration youngest = ages.jobs().stream()
                .filter(age -> !age.isZero())
                .min(Duration::compareTo)
                .orElseThrow();
        Field<String> youngestCutoff = DSL.val(before(youngest));
        long removed = 0;
        long at = 0;
        while (!closed) {
            long from = at;
            Record next = database.query(sql -> sql.fetchOne(NEXT, DSL.val(from), youngestCutoff, DSL.val(YOUNG_MAX)));
            if (next == null) {
                return removed;
            }
            long begin = next.get("number", Long.class) - 1;
            int batch = database.transactionQuery(sql -> batch(sql, begin, cutoffs));
            if (batch < 0) {
                return removed;
            }
            removed += batch;
            at = batch == BATCH ? begin : begin + WINDOW;
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        return removed;
    }

    /// -1 when another gateway is at it.
    private static int batch(DSLContext sql, long from, List<Field<String>> cutoffs) {
        if (!mine(sql)) {
            return -1;
        }
        List<Record> old = List.copyOf(sql.fetch(
                OLD,
                DSL.val(from),
                DSL.val((long) WINDOW),
                cutoffs.get(0),
                cutoffs.get(1),
                cutoffs.get(2),
                DSL.val(BATCH)));
        if (old.isEmpty()) {
            return 0;
        }
        String[] ids = old.stream().map(job -> job.get("id", String.class)).toArray(String[]::new);
        Long[] numbers = old.stream().map(job -> job.get("number", Long.class)).toArray(Long[]::new);
        sql.execute(TELL, DSL.val(numbers), DSL.val(JobWrites.NOBODY));
        sql.execute("delete from job_attempts where job_id = any({0})", DSL.val(ids));
        int gone = sql.execute("delete from jobs where number = any({0})", DSL.val(numbers));
        sql.execute("delete from job_traces where job_number = any({0})", DSL.val(numbers));
        LogWrites.delete(sql, ids);
        return gone;
    }

    // ---- days ----

    private int events() {
        if (ages.events().isZero()) {
            return 0;
        }
        LocalDate before = day(ages.events());
        int dropped = 0;
        for (LocalDate day : old("job_events", before)) {
            if (closed || !drop("job_events", day)) {
                return dropped;
            }
            dropped++;
        }
        // What fell into the default partition while no gateway made days ahead. The floor moves with it.
        Condition late = older("at", start(before));
        boolean counted = database.transactionQuery(sql -> moveFloor(sql, DSL.table("job_events_default"), late));
        if (counted) {
            trim("job_events_default", late);
        }
        return dropped;
    }

    private int logs() {
        if (ages.logs().isZero()) {
            return 0;
        }
        LocalDate before = day(ages.logs());
        int dropped = 0;
        for (LocalDate day : old("job_logs", before)) {
            if (closed || !drop("job_logs", day)) {
                return dropped;
            }
            dropped++;
        }
        trim("job_logs_default", older("at", start(before)));
        trim("job_log_ends", DSL.condition(SILENT, DSL.val(start(before))));
        return dropped;
    }

    private List<LocalDate> old(String table, LocalDate before) {
        return database.query(sql -> Partitions.days(sql, table)).stream()
                .filter(day -> day.isBefore(before))
                .toList();
    }

    /// False when somebody else is at it or in the way, or the day is not counted yet.
    private boolean drop(String table, LocalDate day) {
        String partition = Partitions.name(table, day);
        try {
            return database.transactionQuery(sql -> {
                if (!mine(sql)) {
                    return false;
                }
                sql.execute("set local lock_timeout = '300ms'");
                // The whole table first, in the order in which readers and writers take their locks.
                sql.execute("lock table only {0} in access exclusive mode", DSL.table(DSL.name(table)));
                if (table.equals("job_events") && !moveFloor(sql, DSL.table(DSL.name(partition)), DSL.noCondition())) {
                    return false;
                }
                sql.execute("drop table if exists {0}", DSL.table(DSL.name(partition)));
                return true;
            });
        } catch (IllegalStateException | DataAccessException e) {
            log.atInfo()
                    .addKeyValue("partition", partition)
                    .addKeyValue(
                            "reason",
                            String.valueOf(e.getMessage()).lines().findFirst().orElse(""))
                    .log("a day was not dropped, the next round tries again");
            return false;
        }
    }

    /// Tells readers that nothing up to the last of these events may be there any more. False when figures still
    /// need one of them.
    private static boolean moveFloor(DSLContext sql, Table<?> partition, Condition which) {
        Record last = sql.fetchOne(LAST, partition, which);
        if (last == null) {
            return true;
        }
        Position position = new Position(last.get("last_xid", Long.class), last.get("last_seq", Long.class));
        if (Figures.counted(sql).compareTo(position) < 0) {
            log.atWarn().addKeyValue("partition", partition).log("events are not counted yet, they stay");
            return false;
        }
        sql.execute(MOVE_FLOOR, DSL.val(Long.toString(position.xid())), DSL.val(position.seq()));
        return true;
    }

    // ---- rows ----

    private long rows() {
        long gone = 0;
        if (!ages.events().isZero()) {
            String before = start(day(ages.events()));
            gone += trim("job_deletions", older("deleted_at", before));
            gone += trim("job_figures", MINUTES.and(older("at", before)));
            gone += trim("job_histograms", MINUTES.and(older("at", before)));
        }
        if (!ages.figures().isZero()) {
            String before = start(day(ages.figures()));
            gone += trim("job_figures", MINUTES.not().and(older("at", before)));
            gone += trim("job_histograms", MINUTES.not().and(older("at", before)));
            gone += trim("runner_sessions_ended", older("ended_at", before));
        }
        if (!ages.audit().isZero()) {
            gone += trim("audit", older("at", before(ages.audit())));
        }
        return gone;
    }

    private static Condition older(String column, String before) {
        return DSL.condition("{0} < {1}::timestamptz", DSL.field(DSL.name(column)), DSL.val(before));
    }

    /// Deletes rows of a table that is called `t` in the condition, a batch per transaction. Under the session's
    /// own plans: figures are found by their index, which a free planner passes over for so small a limit and
    /// then reads past all that is gone already (measured). Other tables have no index on times, which only this
    /// would use, and are read from their beginning, where the oldest rows are.
    private long trim(String table, Condition condition) {
        long gone = 0;
        int batch = BATCH;
        while (batch == BATCH && !closed) {
            batch = database.transactionQuery(
                    sql -> mine(sql) ? sql.execute(TRIM, DSL.table(DSL.name(table)), condition, DSL.inline(BATCH)) : 0);
            gone += batch;
            if (batch == BATCH) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        return gone;
    }

    /// One gateway per step; the lock ends with the transaction.
    private static boolean mine(DSLContext sql) {
        return sql.fetchSingle("select pg_try_advisory_xact_lock({0})", DSL.val(LOCK))
                .get(0, Boolean.class);
    }

    /// The moment `age` ago, as PostgreSQL reads it; before all times for an age that never comes.
    private String before(Duration age) {
        return age.isZero()
                ? "-infinity"
                : database.query(sql -> sql.fetchSingle(
                                "select (clock_timestamp() - make_interval(secs => {0}))::text",
                                DSL.val((double) age.toSeconds()))
                        .get(0, String.class));
    }

    /// The day, in UTC, before which all is too old: whole days only.
    private LocalDate day(Duration age) {
        return database.query(sql -> sql.fetchSingle(
                        "select ((clock_timestamp() - make_interval(secs => {0})) at time zone 'UTC')::date",
                        DSL.val((double) age.toSeconds()))
                .get(0, LocalDate.class));
    }

    private static String start(LocalDate day) {
        return day.atStartOfDay().atOffset(ZoneOffset.UTC).toString();
    }
}
