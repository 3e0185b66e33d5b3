package hero.supervisor.domain;

/// A registered runner name: jobs addressed to it go to its queue; every connection under a name of that queue may
/// take them.
///
/// @param open false after `stop_runner`: its connections get no further jobs
public record Runner(String name, String queue, boolean open) {}
