package hero.supervisor.domain;

/// An order to a runner: end this hand-over. Repeated until its result comes.
///
/// @param reason for people, such as `stopped` or `timeout`
/// @param kill true: at once; false: ask the process, and kill it after `graceMs`
public record Stop(Hold hold, String reason, boolean kill, long graceMs) {}
