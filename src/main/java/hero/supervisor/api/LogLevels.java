package hero.supervisor.api;

/// The levels of this process's log, which may be changed while it runs. Safe for any thread.
@FunctionalInterface
public interface LogLevels {
    /// Sets the level of a logger and of all below it; returns the one that was in force. A refusal when there is
    /// no such logger.
    ///
    /// @param level ERROR, WARN, INFO, DEBUG or TRACE
    String set(String logger, String level);
}
