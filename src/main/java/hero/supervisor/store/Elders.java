package hero.supervisor.store;

import hero.supervisor.domain.Time;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/// Whether gateways are connected that read each event from a row of its own ([EventLog#STANDS]), as those before
/// schema step 14 did: while gateways are replaced one by one. They are told by the name that their connections
/// have in `pg_stat_activity`. For one thread.
final class Elders {
    /// Of those gateways.
    static final String NAME = "hero-supervisor";

    private static final String SQL = """
            select exists (select from pg_stat_activity
              where datname = current_database() and application_name = ?)
            """;

    /// So long after one has come, or a batch later when none was written meanwhile, it is known.
    private static final Duration EVERY = Duration.ofSeconds(5);

    private final Time time;
    private boolean looked;
    private boolean there;
    private long lookedNanos;

    Elders(Time time) {
        this.time = time;
    }

    boolean areThere(Connection connection) throws SQLException {
        long now = time.nanoTime();
        if (!looked || now - lookedNanos >= EVERY.toNanos()) {
            there = look(connection);
            looked = true;
            lookedNanos = now;
        }
        return there;
    }

    private static boolean look(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            statement.setString(1, NAME);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getBoolean(1);
            }
        }
    }
}
