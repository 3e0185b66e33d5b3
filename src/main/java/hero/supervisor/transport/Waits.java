package hero.supervisor.transport;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Counts calls that only wait, within a bound of its own and within the node's. Safe for any thread.
final class Waits {
    private final AtomicInteger count = new AtomicInteger();
    private final int max;
    private final @Nullable Waits outer;

    Waits(int max, @Nullable Waits outer) {
        this.max = max;
        this.outer = outer;
    }

    /// False when there are as many as there may be.
    boolean enter() {
        if (count.incrementAndGet() > max || (outer != null && !outer.enter())) {
            count.decrementAndGet();
            return false;
        }
        return true;
    }

    void leave() {
        count.decrementAndGet();
        if (outer != null) {
            outer.leave();
        }
    }

    int count() {
        return count.get();
    }
}
