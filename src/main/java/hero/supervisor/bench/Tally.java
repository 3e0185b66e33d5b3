package hero.supervisor.bench;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// What the workers of one measurement count: how many are done, how long each took while it is asked for, and the
/// first thing that went wrong. Safe for any thread.
final class Tally {
    private static final int TIMES_MAX = 1 << 22;

    private final AtomicLong done = new AtomicLong();
    private final AtomicReference<@Nullable String> failure = new AtomicReference<>();
    private volatile boolean timing;
    private long[] times = new long[1 << 12];
    private int timesSize;

    void done(long tookNs) {
        done.incrementAndGet();
        if (timing) {
            took(tookNs);
        }
    }

    /// Counts without a time.
    void done(int count) {
        done.addAndGet(count);
    }

    private synchronized void took(long ns) {
        if (timesSize == TIMES_MAX) {
            return;
        }
        if (timesSize == times.length) {
            times = Arrays.copyOf(times, times.length * 2);
        }
        times[timesSize++] = ns;
    }

    long count() {
        return done.get();
    }

    /// From now on times are kept, or no longer.
    void timing(boolean on) {
        timing = on;
    }

    /// The times kept, ascending.
    synchronized long[] times() {
        long[] sorted = Arrays.copyOf(times, timesSize);
        Arrays.sort(sorted);
        return sorted;
    }

    void failed(String what) {
        failure.compareAndSet(null, what);
    }

    boolean hasFailed() {
        return failure.get() != null;
    }

    /// [Invalid] with the first thing that went wrong, if anything did.
    void check(String measurement) {
        String what = failure.get();
        if (what != null) {
            throw new Invalid(measurement + ": " + what);
        }
    }
}
