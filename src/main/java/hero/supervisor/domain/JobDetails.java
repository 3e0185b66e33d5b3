package hero.supervisor.domain;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All that is known of one job. Source: `openrpc.json job.get`.
///
/// @param stopRequestedAt when the end of its present attempt was asked for; null unless it was
/// @param result null until the job has ended
/// @param attempts in their order
public record JobDetails(
        Job job,
        String queue,
        JobState state,
        @Nullable Instant stopRequestedAt,
        @Nullable JobResult result,
        List<Attempt> attempts) {

    /// One hand-over.
    ///
    /// @param status running, completed, failed, timeout or lost
    public record Attempt(
            int attempt,
            @Nullable String sessionId,
            Instant startedAt,
            @Nullable Instant endedAt,
            String status,
            @Nullable String error,
            @Nullable Integer exitCode) {}
}
