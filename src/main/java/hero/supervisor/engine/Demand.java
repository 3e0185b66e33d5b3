package hero.supervisor.engine;

import org.jspecify.annotations.Nullable;

/// Which gateway brings new jobs to a queue: pulls are lent to another one only while it does and this one does
/// not. Guarded by the queue.
final class Demand {
    /// So long somebody counts as bringing jobs.
    private static final long FRESH_NANOS = 2_000_000_000;

    private @Nullable String other;
    private long otherNanos;
    private boolean own;
    private long ownNanos;

    /// Another gateway has brought jobs, and would take a loan.
    void heard(String node, long now) {
        other = node;
        otherNanos = now;
    }

    /// This gateway brings one.
    void own(long now) {
        own = true;
        ownNanos = now;
    }

    /// That one does not answer.
    void silent(String node) {
        if (node.equals(other)) {
            other = null;
        }
    }

    /// Who is lent to now; null when nobody is.
    @Nullable
    String lendsTo(long now) {
        own &= now - ownNanos < FRESH_NANOS;
        return own || now - otherNanos >= FRESH_NANOS ? null : other;
    }
}
