package hero.supervisor.api;

import hero.supervisor.domain.Burst;
import hero.supervisor.domain.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ends waits whose time is over, those that are over at about the same time together. A wait never ends early,
/// and late by a sixty-fourth of its time at most, 256 ms at most: twenty thousand runners that ask for work every
/// half minute would else cost a timer and a thread each. One thread, started with the first wait; what hangs on a
/// wait runs on it, and must not block. Safe for any thread.
final class Timeouts {
    private static final Logger LOG = LoggerFactory.getLogger(Timeouts.class);
    private static final int STEPS_PER_WAIT = 64;
    private static final long STEP_NS_MIN = 1_000_000;
    private static final long STEP_NS_MAX = 256_000_000;
    /// Longer waits are no longer than this, some seventy years.
    private static final long NS_MAX = Long.MAX_VALUE / 4;

    private final Time time;
    private final long bornNs;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition sooner = lock.newCondition();
    /// By the time when they are over.
    private final TreeMap<Long, Set<Wait>> waits = new TreeMap<>();
    private @Nullable Thread thread;

    Timeouts(Time time) {
        this.time = time;
        this.bornNs = time.nanoTime();
    }

    /// One wait.
    final class Wait {
        private final CompletableFuture<?> future;
        private final long overNs;

        private Wait(CompletableFuture<?> future, long overNs) {
            this.future = future;
            this.overNs = overNs;
        }

        /// What it waits for is there. May be called at any time, and again.
        void end() {
            lock.lock();
            try {
                Set<Wait> group = waits.get(overNs);
                if (group != null && group.remove(this) && group.isEmpty()) {
                    waits.remove(overNs);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /// Completes the future with a [TimeoutException] unless it is done by then. [Wait#end] should follow.
    Wait begin(CompletableFuture<?> future, Duration atMost) {
        long ns = Math.clamp(atMost.toNanos(), 0, NS_MAX);
        long step = Math.clamp(ns / STEPS_PER_WAIT, STEP_NS_MIN, STEP_NS_MAX);
        Wait wait = new Wait(future, Math.ceilDiv(nowNs() + ns, step) * step);
        lock.lock();
        try {
            waits.computeIfAbsent(wait.overNs, _ -> new HashSet<>()).add(wait);
            if (thread == null) {
                thread = Thread.ofPlatform().daemon().name("timeouts").start(this::run);
            } else if (waits.firstKey() == wait.overNs) {
                sooner.signal();
            }
        } finally {
            lock.unlock();
        }
        return wait;
    }

    private long nowNs() {
        return time.nanoTime() - bornNs;
    }

    private void run() {
        while (true) {
            try {
                List<Wait> over = over();
                Burst.run(over.size(), i -> over.get(i).future.completeExceptionally(new TimeoutException()));
            } catch (RuntimeException | Error e) {
                // A bug must not stop the clock for everybody.
                LOG.atError().setCause(e).log("ending waits failed");
            }
        }
    }

    /// Waits for those that are over next.
    private List<Wait> over() {
        lock.lock();
        try {
            while (waits.isEmpty() || waits.firstKey() > nowNs()) {
                if (waits.isEmpty()) {
                    sooner.awaitUninterruptibly();
                } else {
                    sooner.awaitNanos(waits.firstKey() - nowNs());
                }
            }
            return new ArrayList<>(waits.pollFirstEntry().getValue());
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        } finally {
            lock.unlock();
        }
    }
}
