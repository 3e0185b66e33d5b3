package hero.supervisor.domain;

/// One hand-over of a job as a runner names it: without the lease, so it proves nothing.
///
/// @param attempt from 1
public record Hold(String jobId, int attempt) {}
