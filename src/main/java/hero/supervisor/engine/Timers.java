package hero.supervisor.engine;

import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Ripened;
import hero.supervisor.store.Rarely;
import java.time.Duration;
import java.util.function.Consumer;

/// Jobs that wait for a time (`start_at`, the pause before a retry) go to their queues when it comes. Every
/// gateway looks once a second, when the next is due, and after a write of its own that may have put one earlier.
final class Timers {
    private static final Duration MOST = Duration.ofSeconds(1);
    private static final Duration LEAST = Duration.ofMillis(20);
    private static final int RIPEN_MAX = 1000;
    private static final int PAUSES = 4;

    private final JobStore store;
    private final Consumer<String> wake;
    private final Time time;
    /// An old transaction makes each look step over all that was due since it began.
    private Rarely rarely;
    private final Loop loop = new Loop("timers", LEAST, MOST, this::look);

    /// @param wake told each queue that has got work
    Timers(JobStore store, Consumer<String> wake, Time time) {
        this.store = store;
        this.wake = wake;
        this.time = time;
        this.rarely = new Rarely(time, PAUSES);
    }

    Loop loop() {
        return loop;
    }

    /// A timer may have been set.
    void changed() {
        loop.wake();
    }

    /// Returns how long there is nothing to do, which may be years. One thread.
    Duration look() {
        Duration left = rarely.left();
        if (left.isPositive()) {
            return left;
        }
        Ripened ripened;
        try {
            ripened = rarely.run(() -> store.ripen(RIPEN_MAX));
        } catch (RuntimeException e) {
            // It took long because the database was away: what became due meanwhile waits for the next look.
            rarely = new Rarely(time, PAUSES);
            throw e;
        }
        ripened.queues().forEach(wake);
        Duration next = ripened.next();
        return next == null ? MOST : next;
    }
}
