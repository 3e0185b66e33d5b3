package hero.supervisor.domain;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A job in a runner's hands: what it must show again with every outcome.
///
/// @param attempt 1 for the first hand-over, counted by the database
/// @param lease random, new for each hand-over; an outcome without it is stale
/// @param sessionId the session that holds it
/// @param startedAt when it was handed out, by the database's clock
/// @param waitedMicros before that: since it was queued, or since its start_at
/// @param trace of who asked for the job; null when it has none
public record Assignment(
        Job job,
        int attempt,
        long lease,
        String sessionId,
        Instant startedAt,
        long waitedMicros,
        @Nullable Trace trace) {

    public Assignment(Job job, int attempt, long lease, String sessionId, Instant startedAt) {
        this(job, attempt, lease, sessionId, startedAt, 0, null);
    }

    /// What is told of its trace; null when it has none.
    public Tracing.@Nullable Run traced() {
        return trace == null ? null : new Tracing.Run(key(), trace, startedAt);
    }

    public Key key() {
        return new Key(job.id(), attempt, lease);
    }

    /// The fence: names one hand-over of one job.
    public record Key(String jobId, int attempt, long lease) {}
}
