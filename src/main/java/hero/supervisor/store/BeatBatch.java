package hero.supervisor.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Moves the leases of many sessions in one statement. Not waited for on disk: a beat that a crash of PostgreSQL
/// takes back is followed by the next one long before its lease is over.
final class BeatBatch implements GroupCommit.Batch<BeatBatch.Beat, Pulse> {
    /// By key, and no join, nor `exists`: a plan that was made for one session would read all of them, and be kept
    /// when there are thousands.
    private static final String SQL = """
            update runner_sessions s set seen_at = clock_timestamp(),
              lease_until = clock_timestamp() + make_interval(secs => ?)
            from (select set_config('synchronous_commit', 'off', true)) as quick
            where s.id = any (?::text[]) and s.node = ?
            returning s.id, (select true from job_holds h where h.session_id = s.id limit 1)
            """;

    private static final String ELSEWHERE = "select id from runner_sessions where id = any (?::text[]) and node <> ?";

    /// @param lease from now on, by the database's clock
    record Beat(String sessionId, String node, Duration lease) {
        private boolean isLike(Beat other) {
            return node.equals(other.node) && lease.equals(other.lease);
        }
    }

    @Override
    public boolean commitsItself() {
        return true;
    }

    @Override
    public List<Pulse> write(Connection connection, List<Beat> beats) throws SQLException {
        return Rounds.of(beats, Beat::sessionId, round -> writeRound(connection, round));
    }

    /// Those with the lease of the first, which is nearly always that of all.
    private static List<@Nullable Pulse> writeRound(Connection connection, List<Beat> beats) throws SQLException {
        Beat first = beats.getFirst();
        List<Beat> alike = beats.stream().filter(first::isLike).toList();
        Map<String, Pulse> found = HashMap.newHashMap(alike.size());
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            statement.setDouble(1, first.lease().toMillis() / 1000.0);
            new Columns<>(statement, alike, 1).text(Beat::sessionId).all(first.node());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.put(rows.getString(1), rows.getBoolean(2) ? Pulse.HOLDING : Pulse.IDLE);
                }
            }
        }
        List<Beat> gone = alike.stream()
                .filter(beat -> !found.containsKey(beat.sessionId()))
                .toList();
        if (!gone.isEmpty()) {
            moved(connection, gone).forEach(id -> found.put(id, Pulse.MOVED));
        }
        List<@Nullable Pulse> answers = new ArrayList<>(beats.size());
        for (Beat beat : beats) {
            answers.add(first.isLike(beat) ? found.getOrDefault(beat.sessionId(), Pulse.LOST) : null);
        }
        return answers;
    }

    private static Set<String> moved(Connection connection, List<Beat> beats) throws SQLException {
        Set<String> moved = new HashSet<>();
        try (PreparedStatement statement = connection.prepareStatement(ELSEWHERE)) {
            new Columns<>(statement, beats)
                    .text(Beat::sessionId)
                    .all(beats.getFirst().node());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    moved.add(rows.getString(1));
                }
            }
        }
        return moved;
    }
}
