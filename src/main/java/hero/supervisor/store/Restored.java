package hero.supervisor.store;

import java.sql.PreparedStatement;
import org.jooq.DSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A database that another server's dump was restored into. An event's place in the log is the number of its
/// transaction, which a dump carries along; the new server begins to count anew. Its own events would lie before
/// the old ones: no figures, and streams that tell nothing, until it has counted up to there.
final class Restored {
    /// No transaction that can be seen has a number that is yet to come.
    private static final String FOREIGN = """
            select c.xid >= s.next or f.xid >= s.next or exists (select from job_events e where e.xid >= s.next)
            from job_figures_cursor c cross join job_events_floor f
              cross join (select pg_snapshot_xmax(pg_current_snapshot()) as next) s
            """;

    /// All lie before what this server writes, in their order; those that figures have not counted behind the
    /// others.
    private static final String RENUMBER = """
            update job_events e set xid = case when (e.xid, e.seq) <= (c.xid, c.seq) then '3' else '4' end::xid8
            from job_figures_cursor c
            """;

    private static final String CURSOR =
            "update job_figures_cursor set seq = case xid when '0' then 0 else 9223372036854775807 end,"
                    + " xid = case xid when '0' then '0' else '3' end::xid8";

    private static final String FLOOR =
            "update job_events_floor set seq = 0, xid = case xid when '0' then '0' else '3' end::xid8";

    private static final Logger log = LoggerFactory.getLogger(Restored.class);

    private final Database database;

    Restored(Database database) {
        this.database = database;
    }

    /// True when the log's numbers are another server's.
    boolean isForeign() {
        // At each start: without jOOQ, which takes a tenth of a start's time to begin with.
        return database.statement(connection -> {
            try (PreparedStatement question = connection.prepareStatement(FOREIGN)) {
                return Database.isTrue(question);
            }
        });
    }

    /// Gives the events numbers of this server, where they have another's: once after a restore, and a pass over
    /// all events. Others who want that too wait for it.
    void adopt() {
        if (isForeign()) {
            database.patiently(sql -> {
                sql.execute("select from job_figures_cursor for update");
                if (sql.fetchSingle(FOREIGN).get(0, Boolean.class)) {
                    renumber(sql);
                }
                return true;
            });
        }
    }

    private static void renumber(DSLContext sql) {
        log.atWarn().log("restored from another server: its event log is given new numbers, which may take a while");
        int events = sql.execute(RENUMBER);
        sql.execute(CURSOR);
        sql.execute(FLOOR);
        log.atInfo().addKeyValue("events", events).log("the event log has this server's numbers");
    }
}
