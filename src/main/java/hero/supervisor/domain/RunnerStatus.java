package hero.supervisor.domain;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A runner as `get_runner_status` shows it, over all gateways.
///
/// @param connections live sessions under the name
/// @param slots jobs that they can run at once
/// @param running jobs in their hands
/// @param queued jobs that wait in its queue (shared with every name on that queue)
/// @param lastSeen the latest beat of any session, by the database's clock
public record RunnerStatus(
        Runner runner,
        int connections,
        int slots,
        long running,
        long queued,
        @Nullable Instant lastSeen) {

    /// One word: `stopped` (closed by stop_runner), `offline` (nobody connected), `busy` (every slot taken),
    /// `idle`, `running` in between.
    public String state() {
        if (!runner.open()) {
            return "stopped";
        } else if (connections == 0) {
            return "offline";
        } else if (running == 0) {
            return "idle";
        }
        return running >= slots ? "busy" : "running";
    }
}
