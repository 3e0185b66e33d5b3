package hero.supervisor.domain;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Where calls and jobs are told as spans of traces. Called on hot paths from any thread: an implementation
/// returns at once, throws nothing and waits for nobody. What has no trace costs next to nothing.
public interface Tracing {
    /// Tells nobody, but hands on what callers send.
    Tracing NONE = new Tracing() {};

    /// A call begins. [Call#end] must follow.
    ///
    /// @param sent by its caller; null when it sent none
    default Call begin(String method, @Nullable Trace sent) {
        return sent == null ? Call.UNTRACED : new PassedOn(sent);
    }

    /// A job with a trace was handed out: its wait is over.
    ///
    /// @return what its runner is told
    default Trace handed(Run run, Instant since) {
        return run.trace();
    }

    /// That attempt is over.
    ///
    /// @param outcome `completed`, `failed` or `retry`
    default void ended(Run run, String outcome) {}

    /// One attempt of a job that has a trace.
    ///
    /// @param trace as kept with the job
    /// @param startedAt by the database's clock
    record Run(Assignment.Key key, Trace trace, Instant startedAt) {}

    /// A call at work.
    interface Call {
        Call UNTRACED = new Call() {};

        /// What the jobs that it creates keep; null when they have no trace.
        default @Nullable Trace trace() {
            return null;
        }

        /// True when [#woken] tells anybody anything.
        default boolean told() {
            return false;
        }

        /// What it waited for is there; run the answer when its own thread goes on.
        default Runnable woken() {
            return () -> {};
        }

        /// @param outcome `ok`, or the kind of the error
        /// @param code of JSON-RPC; 0 for none
        default void end(String outcome, int code) {}
    }

    /// @param trace of the caller
    record PassedOn(Trace trace) implements Call {}
}
