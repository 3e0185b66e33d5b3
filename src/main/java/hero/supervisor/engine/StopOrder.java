package hero.supervisor.engine;

import java.time.Duration;

/// The wish that a runner end a job. Level-triggered: repeated until the job's outcome is known.
///
/// @param reason `stopped`, `timeout` or `runner stopped`
/// @param kill false: end it gracefully and kill it after `grace`; true: kill it now
public record StopOrder(String jobId, int attempt, String reason, boolean kill, Duration grace) {

    /// The word on the wire.
    public String mode() {
        return kill ? "kill" : "graceful";
    }
}
