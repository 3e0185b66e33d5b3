package hero.supervisor.domain;

import java.time.Instant;

/// A job in a runner's hands: what it must show again with every outcome.
///
/// @param attempt 1 for the first hand-over, counted by the database
/// @param lease random, new for each hand-over; an outcome without it is stale
/// @param sessionId the session that holds it
/// @param startedAt when it was handed out, by the database's clock
public record Assignment(Job job, int attempt, long lease, String sessionId, Instant startedAt) {

    public Key key() {
        return new Key(job.id(), attempt, lease);
    }

    /// The fence: names one hand-over of one job.
    public record Key(String jobId, int attempt, long lease) {}
}
