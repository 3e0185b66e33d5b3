package hero.supervisor.domain;

/// How a runner says that a hand-over ended.
///
/// @param key what the runner was given; a lease that nobody gave out makes a key that matches nothing
public record Report(Assignment.Key key, JobResult result) {}
