package hero.supervisor.check;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a check is told.
///
/// @param port to listen on; 0 for any free one
/// @param only ids of cases; empty for all
/// @param command starts the runner; empty when the user starts it himself
/// @param executor the runner's executor that `payloads` are for; null: the first one that the kit knows
/// @param payloads by task (say, fail, work, stubborn), instead of the kit's own
/// @param heartbeatMs told to the runner
/// @param leaseMs told to the runner; likewise the grace for a resume
/// @param patience the longest wait for anything that the runner must do
public record CheckSettings(
        int port,
        List<String> only,
        List<String> command,
        @Nullable String executor,
        Map<String, String> payloads,
        long heartbeatMs,
        long leaseMs,
        Duration patience) {

    private static final long HEARTBEAT_MIN_MS = 50;
    private static final long LEASE_MAX_MS = 600_000;
    private static final Duration PATIENCE_MAX = Duration.ofMinutes(10);

    public CheckSettings {
        only = List.copyOf(only);
        command = List.copyOf(command);
        payloads = Map.copyOf(payloads);
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("--port is " + port + "; it must be 0 (any free one) to 65535");
        }
        if (heartbeatMs < HEARTBEAT_MIN_MS || leaseMs > LEASE_MAX_MS || leaseMs < 3 * heartbeatMs) {
            throw new IllegalArgumentException("--heartbeat is " + heartbeatMs + " ms and --lease " + leaseMs
                    + " ms; a heartbeat takes at least " + HEARTBEAT_MIN_MS
                    + " ms, a lease at least three heartbeats and at most " + LEASE_MAX_MS + " ms");
        }
        if (patience.toMillis() < 1000 || patience.compareTo(PATIENCE_MAX) > 0) {
            throw new IllegalArgumentException("--timeout is " + patience.toMillis() / 1000.0 + " s; it must be 1 to "
                    + PATIENCE_MAX.toSeconds() + " s");
        }
        if (payloads.isEmpty() == (executor != null)) {
            throw new IllegalArgumentException(
                    "--executor and --payload go together: the payloads are for that executor");
        }
    }

    /// A beat each second, a lease of 5 s, 20 s of patience.
    public static CheckSettings of(List<String> command) {
        return new CheckSettings(0, List.of(), command, null, Map.of(), 1000, 5000, Duration.ofSeconds(20));
    }

    /// The same with other times.
    public CheckSettings withTimes(long heartbeat, long lease, Duration most) {
        return new CheckSettings(port, only, command, executor, payloads, heartbeat, lease, most);
    }

    /// The same with these cases only.
    public CheckSettings withOnly(List<String> ids) {
        return new CheckSettings(port, ids, command, executor, payloads, heartbeatMs, leaseMs, patience);
    }
}
