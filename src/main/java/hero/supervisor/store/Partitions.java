package hero.supervisor.store;

import hero.supervisor.domain.Refusal;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.jooq.DSLContext;
import org.jooq.Table;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Daily partitions of the event log and of the jobs' logs, made ahead. Days are UTC by the database's clock.
/// Called at start and once a day; several gateways may call at once, one of them works. When none was called for
/// a week, rows land in the default partition; they are moved when their day's partition is made. Safe for any
/// thread.
public final class Partitions {
    /// Today and so many days more.
    static final int DAYS_AHEAD = 7;

    private static final Logger log = LoggerFactory.getLogger(Partitions.class);

    /// Any number that nothing else locks.
    private static final long LOCK = 0x68657276_70617274L;

    private static final List<String> TABLES = List.of("job_events", "job_logs");

    private final Database database;

    public Partitions(Database database) {
        this.database = database;
    }

    /// Makes what is missing. Returns how many that were. A writer waits at most a moment: the lock on the default
    /// partition is waited for 2 s, then the day is left to the next call.
    public int ahead() {
        LocalDate today = database.query(sql -> sql.fetchSingle("select (clock_timestamp() at time zone 'UTC')::date")
                .get(0, LocalDate.class));
        List<LocalDate> days = today.datesUntil(today.plusDays(DAYS_AHEAD + 1)).toList();
        int made = 0;
        for (String table : TABLES) {
            for (LocalDate day : days) {
                try {
                    made += database.transactionQuery(sql -> make(sql, table, day));
                } catch (IllegalStateException | DataAccessException | Refusal e) {
                    log.atWarn()
                            .addKeyValue("table", table)
                            .addKeyValue("day", day)
                            .setCause(e)
                            .log("a partition was not made");
                }
            }
        }
        return made;
    }

    /// The days that have a partition, oldest first.
    static List<LocalDate> days(DSLContext sql, String table) {
        return sql
                .fetch(
                        "select inhrelid::regclass::text from pg_inherits where inhparent = {0}::regclass order by 1",
                        DSL.val(table))
                .into(String.class)
                .stream()
                .map(name -> name.substring(table.length() + 1))
                .filter(suffix -> !suffix.equals("default"))
                .map(suffix -> LocalDate.parse(suffix, DateTimeFormatter.BASIC_ISO_DATE))
                .toList();
    }

    /// The name of one of [#days].
    static String name(String table, LocalDate day) {
        return table + "_" + day.format(DateTimeFormatter.BASIC_ISO_DATE);
    }

    private static int make(DSLContext sql, String table, LocalDate day) {
        String name = name(table, day);
        String from = day.atStartOfDay().atOffset(ZoneOffset.UTC).toString();
        String to = day.plusDays(1).atStartOfDay().atOffset(ZoneOffset.UTC).toString();
        Boolean mine = sql.fetchSingle("select pg_try_advisory_xact_lock({0})", DSL.val(LOCK))
                .get(0, Boolean.class);
        Boolean exists = sql.fetchSingle("select to_regclass({0}) is not null", DSL.val(name))
                .get(0, Boolean.class);
        if (!mine || exists) {
            return 0;
        }
        // A table of its own, attached when it is complete: readers and writers of the log go on meanwhile.
        Table<?> partition = DSL.table(DSL.name(name));
        Table<?> parent = DSL.table(DSL.name(table));
        Table<?> rest = DSL.table(DSL.name(table + "_default"));
        sql.execute("set local lock_timeout = '2s'");
        // Never vacuumed for its inserts: the free space that a vacuum notes leads each later row to another old page.
        sql.execute(
                "create table {0} (like {1} including defaults including constraints)"
                        + " with (autovacuum_vacuum_insert_threshold = -1)",
                partition, parent);
        sql.execute("lock table {0} in access exclusive mode", rest);
        sql.execute(
                "with late as (delete from {3} where at >= {1}::timestamptz and at < {2}::timestamptz"
                        + " returning *) insert into {0} select * from late",
                partition, DSL.val(from), DSL.val(to), rest);
        sql.execute(
                "alter table {3} attach partition {0} for values from ({1}) to ({2})",
                partition, DSL.inline(from), DSL.inline(to), parent);
        return 1;
    }
}
