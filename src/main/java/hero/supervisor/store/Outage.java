package hero.supervisor.store;

import hero.supervisor.domain.Refusal;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;

/// Tells failures of the database as a whole from failures of a statement.
final class Outage {
    private static final long RETRY_AFTER_MS = 1000;

    private Outage() {}

    /// True when the server cannot be reached, goes down, comes up or has no connection left: classes 08
    /// (connection), 57P01…57P05 (shutdown, recovery), 53300 (too many connections), 25006 (a standby after a
    /// fail-over), or the pool found none in time.
    static boolean is(@Nullable Throwable failure) {
        return find(failure, Outage::connection) != null;
    }

    /// What the server says when it does not let us in: class 28 (user, password, rules) and 3D000 (no such
    /// database); null for everything else.
    static @Nullable SQLException findRefused(Throwable failure) {
        return find(
                failure,
                e -> e.getSQLState() != null
                        && (e.getSQLState().startsWith("28") || e.getSQLState().equals("3D000")));
    }

    /// True when the same transaction may succeed when it is simply done again: 40001 and 40P01 (deadlock).
    static boolean mayRepeat(@Nullable Throwable failure) {
        return find(failure, e -> "40001".equals(e.getSQLState()) || "40P01".equals(e.getSQLState())) != null;
    }

    /// True when the pool found no connection in time and none of them was refused by the server: all are at
    /// work.
    static boolean isExhaustion(@Nullable Throwable failure) {
        return failure instanceof SQLTransientConnectionException && failure.getCause() == null;
    }

    static Refusal exhausted() {
        return Refusal.busy(
                "every connection to the database is in use; try again in a moment, or give the server more of them"
                        + " (SUPERVISOR_DB_POOL)",
                RETRY_AFTER_MS);
    }

    static Refusal refusal() {
        return Refusal.busy("the database cannot be reached; try again in a moment", RETRY_AFTER_MS);
    }

    private static boolean connection(SQLException failure) {
        if (failure instanceof SQLTransientConnectionException) {
            return true;
        }
        String state = failure.getSQLState();
        return state != null
                && (state.startsWith("08")
                        || state.startsWith("57P0")
                        || state.equals("53300")
                        || state.equals("25006"));
    }

    private interface Test {
        boolean holds(SQLException failure);
    }

    private static @Nullable SQLException find(@Nullable Throwable failure, Test test) {
        // Bounded: a chain of causes may in theory be a ring.
        Throwable at = failure;
        for (int depth = 0; at != null && depth < 20; depth++) {
            if (at instanceof SQLException sql && test.holds(sql)) {
                return sql;
            }
            at = at.getCause();
        }
        return null;
    }
}
