package hero.supervisor.api;

/// Counts calls. Safe for any thread, never throws, returns at once.
@FunctionalInterface
public interface CallMeter {
    /// The method's label for names that are not in the table: metrics must not grow with what strangers send.
    String OTHER = "_OTHER";

    /// @param method from the table, or [#OTHER]
    /// @param outcome `ok`, `gone`, `ignored` (a response nobody asked for) or the error's kind
    /// @param tookNanos from the request read to the answer made
    void count(String method, String outcome, long tookNanos);

    /// A call of `method` is at work from now on; [#end] follows exactly once.
    default void begin(String method) {}

    /// The call that [#begin] told of has ended.
    default void end(String method) {}
}
