package hero.supervisor.domain;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What is known of a job that waits or runs, for telling why. One look into the database; all times by its clock.
///
/// @param state where it stands
/// @param attempt hand-overs so far
/// @param now when this was read
/// @param dueAt a start_at or a retry that lies ahead; null when it may be handed out
/// @param ahead jobs of its queue that go first, counted up to 10,000
/// @param supply who could take it
/// @param holder who has it; null unless it runs
/// @param stopRequestedAt when its end was asked for; null unless it was
/// @param meanRunS of the last jobs of its queue that ended; null when there are none
public record JobFacts(
        JobState state,
        String runner,
        String queue,
        String executor,
        int attempt,
        Instant now,
        @Nullable Instant dueAt,
        long ahead,
        Supply supply,
        @Nullable Holder holder,
        @Nullable Instant stopRequestedAt,
        @Nullable Double meanRunS) {

    /// The runners of the job's queue.
    ///
    /// @param names registered for it
    /// @param openNames of these, not stopped
    /// @param sessions connected now, under open names
    /// @param slots that these have
    /// @param running jobs in their hands
    /// @param withExecutor of these sessions, those that name the job's executor
    public record Supply(int names, int openNames, int sessions, int slots, long running, int withExecutor) {}

    /// @param seenAt the last sign of life
    public record Holder(String sessionId, String runner, String node, Instant since, Instant seenAt) {}
}
