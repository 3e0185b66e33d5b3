package hero.supervisor.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Moves the leases of many sessions in one statement. Not waited for on disk: a beat that a crash of PostgreSQL
/// takes back is followed by the next one long before its lease is over.
final class BeatBatch implements GroupCommit.Batch<BeatBatch.Beat, Boolean> {
    private static final String SQL = """
            update runner_sessions s set seen_at = clock_timestamp(),
              lease_until = clock_timestamp() + make_interval(secs => b.lease_s)
            from unnest(?::text[], ?::text[], ?::float8[]) as b(id, node, lease_s),
              (select set_config('synchronous_commit', 'off', true)) as quick
            where s.id = b.id and s.node = b.node
            returning s.id
            """;

    /// @param lease from now on, by the database's clock
    record Beat(String sessionId, String node, Duration lease) {}

    @Override
    public boolean commitsItself() {
        return true;
    }

    @Override
    public List<Boolean> write(Connection connection, List<Beat> beats) throws SQLException {
        return Rounds.of(beats, Beat::sessionId, round -> writeRound(connection, round));
    }

    private static List<Boolean> writeRound(Connection connection, List<Beat> beats) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            new Columns<>(statement, beats)
                    .text(Beat::sessionId)
                    .text(Beat::node)
                    .doubles(beat -> beat.lease().toMillis() / 1000.0);
            Set<String> alive = HashSet.newHashSet(beats.size());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    alive.add(rows.getString(1));
                }
            }
            return beats.stream().map(beat -> alive.contains(beat.sessionId())).toList();
        }
    }
}
