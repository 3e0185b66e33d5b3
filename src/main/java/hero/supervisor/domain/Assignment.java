package hero.supervisor.domain;

import java.time.Instant;

/// A job in a runner's hands: what it must show again with every outcome.
///
/// @param attempt 1 for the first hand-over, counted by the database
/// @param lease random, new for each hand-over; an outcome without it is stale
/// @param sessionId the session that holds it
/// @param startedAt when it was handed out, by the database's clock
/// @param waitedMicros before that: since it was queued, or since its start_at
public record Assignment(Job job, int attempt, long lease, String sessionId, Instant startedAt, long waitedMicros) {

    public Assignment(Job job, int attempt, long lease, String sessionId, Instant startedAt) {
        this(job, attempt, lease, sessionId, startedAt, 0);
    }

    public Key key() {
        return new Key(job.id(), attempt, lease);
    }

    /// The fence: names one hand-over of one job.
    public record Key(String jobId, int attempt, long lease) {}
}
