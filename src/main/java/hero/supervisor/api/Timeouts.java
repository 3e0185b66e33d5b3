package hero.supervisor.api;

import hero.supervisor.domain.Burst;
import hero.supervisor.domain.Time;
import hero.supervisor.engine.Loop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/// Ends waits whose time is over, those that are over at about the same time together. A wait never ends early,
/// and late by a sixty-fourth of its time at most, 256 ms at most: twenty thousand runners that ask for work every
/// half minute would else cost a timer and a thread each. One thread; what hangs on a wait runs on it, and must
/// not block. Safe for any thread.
public final class Timeouts implements AutoCloseable {
    private static final int STEPS_PER_WAIT = 64;
    private static final long STEP_NS_MIN = 1_000_000;
    private static final long STEP_NS_MAX = 256_000_000;
    /// Longer waits are no longer than this, some seventy years.
    private static final long NS_MAX = Long.MAX_VALUE / 4;
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    private final Time time;
    private final long bornNs;
    private final Loop loop = new Loop("timeouts", Duration.ZERO, LOOK_EVERY, this::endThose);
    private final ReentrantLock lock = new ReentrantLock();
    /// By the time when they are over.
    private final TreeMap<Long, Set<Wait>> waits = new TreeMap<>();
    /// When the thread looks next without being woken: one that wakes it for each call costs a lone caller more
    /// than the wait itself.
    private long lookNs = Long.MAX_VALUE;

    /// None ends before [#start].
    public Timeouts(Time time) {
        this.time = time;
        this.bornNs = time.nanoTime();
    }

    /// Starts its thread; at most once.
    public Timeouts start(ThreadFactory threads) {
        loop.start(threads);
        return this;
    }

    /// No wait ends by time any more.
    @Override
    public void close() {
        loop.close();
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
        boolean sooner;
        lock.lock();
        try {
            waits.computeIfAbsent(wait.overNs, _ -> new HashSet<>()).add(wait);
            sooner = wait.overNs < lookNs;
            lookNs = Math.min(lookNs, wait.overNs);
        } finally {
            lock.unlock();
        }
        if (sooner) {
            loop.wake();
        }
        return wait;
    }

    private long nowNs() {
        return time.nanoTime() - bornNs;
    }

    /// Tells how long it is until the next are over.
    private Duration endThose() {
        List<Wait> over = over();
        Burst.run(over.size(), i -> over.get(i).future.completeExceptionally(new TimeoutException()));
        lock.lock();
        try {
            long now = nowNs();
            lookNs = Math.min(now + LOOK_EVERY.toNanos(), waits.isEmpty() ? Long.MAX_VALUE : waits.firstKey());
            return Duration.ofNanos(Math.max(0, lookNs - now));
        } finally {
            lock.unlock();
        }
    }

    private List<Wait> over() {
        List<Wait> over = new ArrayList<>();
        lock.lock();
        try {
            // Not known until the end of this look, should that ever come.
            lookNs = Long.MAX_VALUE;
            while (!waits.isEmpty() && waits.firstKey() <= nowNs()) {
                over.addAll(waits.pollFirstEntry().getValue());
            }
        } finally {
            lock.unlock();
        }
        return over;
    }
}
