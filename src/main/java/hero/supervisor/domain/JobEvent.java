package hero.supervisor.domain;

import java.time.Instant;

/// One transition of a job, as streams tell it.
///
/// @param seq its position in the event log, opaque to clients
/// @param status one of the words of [JobStatus], or `deleted`
/// @param at by the database's clock
/// @param attempt the hand-over that it belongs to; 0 before the first
/// @param queue the runner's queue when the job was accepted
/// @param stopping true when the end of a running job was asked for
///
/// Source: contract §7.
public record JobEvent(
        String seq,
        String jobId,
        String status,
        Instant at,
        int attempt,
        String runner,
        String queue,
        boolean stopping) {
    /// The job and all that was kept of it is gone.
    public static final String DELETED = "deleted";

    /// True when nothing can follow.
    public boolean isLast() {
        return status.equals(DELETED) || JobStatus.of(status).isFinal();
    }
}
