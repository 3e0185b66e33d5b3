package hero.supervisor.domain;

import java.time.Instant;

/// What the engine and the store report for figures: how much of what happened, and how long it took. Called on
/// hot paths from any thread: an implementation returns at once, allocates nothing, throws nothing and calls
/// nobody back.
public interface Signals {
    /// Reports to nobody.
    Signals NONE = new Signals() {};

    /// Events that this gateway wrote stand in the log. Told once of each, some seconds after its commit.
    ///
    /// @param status as in the event log: `created`, `queued`, …, `stopping`, `deleted`
    /// @param again they belong to jobs that had been handed out before
    default void recorded(String status, boolean again, long events) {}

    /// A job was handed to a runner for the first time.
    ///
    /// @param waitedMicros since it could have been, by the database's clock
    default void assigned(long waitedMicros) {}

    /// A runner's outcome is committed.
    ///
    /// @param tookNanos since this gateway handed the job over
    default void answered(long tookNanos) {}

    /// A group commit is done.
    ///
    /// @param kind of write: `create`, `start`, `claim`, `complete`
    /// @param writes in it
    default void committed(String kind, int writes, long tookNanos) {}

    /// News of another gateway was heard, or read from the log.
    ///
    /// @param at when it happened, by the database's clock or that gateway's
    default void heard(Instant at) {}

    /// Runner sessions were found lost, and what they held was freed.
    default void leasesExpired(int sessions) {}

    /// A job that was asked to stop has ended.
    ///
    /// @param tookNanos since this gateway was asked
    default void stopped(long tookNanos) {}
}
