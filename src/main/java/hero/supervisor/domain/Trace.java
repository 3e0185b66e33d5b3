package hero.supervisor.domain;

import org.jspecify.annotations.Nullable;

/// The trace that a call or a job belongs to, as one program tells the next.
///
/// Source: W3C Trace Context, §3.
///
/// @param parent as of [Traceparent#read]
/// @param state as of [Tracestate#read]; empty for none
public record Trace(String parent, String state) {

    /// Null when the first is no traceparent: without it the second means nothing.
    public static @Nullable Trace read(@Nullable String traceparent, @Nullable String tracestate) {
        String parent = Traceparent.read(traceparent);
        return parent == null ? null : new Trace(parent, Tracestate.read(tracestate));
    }

    /// The same way on, one program further.
    public Trace under(String traceparent) {
        return new Trace(traceparent, state);
    }
}
