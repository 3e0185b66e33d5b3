package hero.supervisor.store;

import hero.supervisor.domain.Time;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;

/// Keeps `job_holds` small: who holds what. A statement that hands jobs to a session writes one row for all of
/// them, and nothing when they end: most have ended before anybody asks. The rows only say where to look, `jobs`
/// says what is true (the view `job_held`). Now and then such rows are divided, one for each job that still runs,
/// and rows of jobs that do not run any more are removed (`docs/decisions/013`).
///
/// Gateways that do this at once take different rows. For one thread.
final class Holding {
    private static final String INSERT = """
            held as (
              insert into job_holds (session_id, job_number, deadline_at, numbers)
              select session_id, min(lease) | (-9223372036854775808),
                max(started_at + make_interval(secs => timeout_s)), array_agg(number)
              from HANDED group by session_id
            ),
            """;

    /// Rows of one statement, each of which may name a thousand jobs to look up: few enough for it to end in time.
    private static final int DIVIDED_MAX = 500;
    private static final int REMOVED_MAX = 5000;
    private static final int PAUSES = 20;
    /// No longer, whatever it costs: what is not divided grows with the load, and with it the cost.
    private static final Duration PAUSE_MOST = Duration.ofSeconds(5);
    /// Of jobs that have a row of their own, one of so many is looked at each time: they run for long.
    private static final int PARTS = 8;

    /// A row that is there already is written again: who is about to remove it, because its job did not run a
    /// moment ago, then leaves it.
    private static final String DIVIDE = """
            with taken as (
              delete from job_holds where ctid = any (array(
                select ctid from job_holds where numbers is not null limit ? for update skip locked))
              returning session_id, numbers
            ),
            kept as (
              insert into job_holds (session_id, job_number, deadline_at)
              select distinct t.session_id, j.number, j.started_at + make_interval(secs => j.timeout_s)
              from taken t cross join lateral unnest(t.numbers) n
                join jobs j on j.number = n and j.session_id = t.session_id and case j.status when 'running' then true end
              on conflict (session_id, job_number) do update set deadline_at = excluded.deadline_at
            )
            select count(*) from taken
            """;

    /// The parts, the one that is looked at, and how many rows at most.
    static final String REMOVE = """
            delete from job_holds where ctid = any (array(
              select h.ctid from job_holds h
              where h.numbers is null and h.job_number % ? = ? and not exists (
                select from jobs j where j.number = h.job_number and j.session_id = h.session_id and case j.status when 'running' then true end)
              limit ? for update of h skip locked))
            """;

    private final Database database;
    private final Rarely rarely;
    private int part;

    Holding(Database database, Time time) {
        this.database = database;
        this.rarely = new Rarely(time, PAUSES, PAUSE_MOST);
    }

    /// The part of a statement that notes what it hands over.
    ///
    /// In place of a job's number, of which none is below zero, stands the lowest lease, which is drawn by
    /// chance. A deadline is read by gateways before schema step 15 only.
    ///
    /// @param handed where the jobs are: another part, with `number`, `lease`, `session_id`, `started_at` and
    /// `timeout_s` of each
    static String insert(String handed) {
        return INSERT.replace("HANDED", handed);
    }

    /// Once a second, or more rarely when it takes long: while some transaction keeps PostgreSQL from cleaning up,
    /// all rows that were there since it began have to be stepped over.
    void tidy() {
        if (rarely.isDue()) {
            rarely.run(() -> {
                part = (part + 1) % PARTS;
                for (int rows = DIVIDED_MAX; rows == DIVIDED_MAX; ) {
                    rows = divide();
                }
                for (int rows = REMOVED_MAX; rows == REMOVED_MAX; ) {
                    rows = remove();
                }
                return true;
            });
        }
    }

    private int divide() {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(DIVIDE)) {
                statement.setInt(1, DIVIDED_MAX);
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    return rows.getInt(1);
                }
            }
        });
    }

    private int remove() {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(REMOVE)) {
                statement.setInt(1, PARTS);
                statement.setInt(2, part);
                statement.setInt(3, REMOVED_MAX);
                return statement.executeUpdate();
            }
        });
    }
}
