package hero.supervisor.store;

import hero.supervisor.domain.Time;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Something that may take long and is done no more often than its cost allows: after one second of it there is a
/// pause of `pauses` seconds. What takes no longer than 50 ms is followed by none. For one thread.
public final class Rarely {
    private static final long CHEAP_NANOS = 50_000_000;

    private final Time time;
    private final int pauses;
    private final Duration most;
    private long endedNanos;
    private long pauseNanos;

    public Rarely(Time time, int pauses) {
        this(time, pauses, Duration.ofDays(1));
    }

    /// @param most no pause is longer
    public Rarely(Time time, int pauses, Duration most) {
        this.time = time;
        this.most = most;
        this.pauses = pauses;
        this.endedNanos = time.nanoTime();
    }

    public boolean isDue() {
        return !left().isPositive();
    }

    /// Until it is due.
    public Duration left() {
        return Duration.ofNanos(Math.max(0, pauseNanos - (time.nanoTime() - endedNanos)));
    }

    /// Does it, due or not; counts also when it fails.
    public <T extends @Nullable Object> T run(Supplier<T> work) {
        long begunNanos = time.nanoTime();
        try {
            return work.get();
        } finally {
            endedNanos = time.nanoTime();
            long cost = endedNanos - begunNanos;
            pauseNanos = cost > CHEAP_NANOS ? Math.min(cost * pauses, most.toNanos()) : 0;
        }
    }
}
