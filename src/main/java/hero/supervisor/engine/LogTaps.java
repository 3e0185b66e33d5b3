package hero.supervisor.engine;

import hero.supervisor.domain.LogChunk;
import hero.supervisor.domain.LogSlice;
import hero.supervisor.domain.Time;
import hero.supervisor.engine.Logs.From;
import hero.supervisor.engine.Logs.Listener;
import hero.supervisor.store.LogStore;
import hero.supervisor.store.LogStore.Printed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Who follows which job's log here. A write on this gateway wakes the job's tap, a poll finds what other gateways
/// wrote; either way the chunks are read from the store behind each follower's cursor, so that none is missed or
/// doubled. Followers at the same place share a read. Who has no room stays where he is and is tried again after a
/// pause that grows: nothing is kept for him here. Safe for any thread.
final class LogTaps {
    private static final Logger log = LoggerFactory.getLogger(LogTaps.class);
    private static final int READ_BYTES = 256 << 10;
    /// Between two reads of a log that goes on: what is printed meanwhile is read in one go.
    private static final long PACE_MS = 20;

    private static final long PAUSE_FIRST_NANOS = 20_000_000;
    private static final int PAUSE_DOUBLINGS_MAX = 5;
    private static final long PAUSE_AFTER_FAILURE_MS = 250;

    private final LogStore store;
    private final Time time;
    private final Executor executor;
    private final ConcurrentHashMap<String, Tap> taps = new ConcurrentHashMap<>();

    LogTaps(LogStore store, Time time, Executor executor) {
        this.store = store;
        this.time = time;
        this.executor = executor;
    }

    Logs.Follow follow(String jobId, @Nullable From from, Listener listener) {
        var follower = new Follower(jobId, from, listener);
        // In one step with the removal of an empty tap, so that nobody joins one that has gone.
        Tap joined = taps.compute(jobId, (_, present) -> {
            Tap tap = present == null ? new Tap(jobId) : present;
            tap.followers.add(follower);
            return tap;
        });
        joined.wake(null);
        return follower;
    }

    /// Something was printed.
    void wake(String jobId) {
        Tap tap = taps.get(jobId);
        if (tap != null) {
            tap.wake(null);
        }
    }

    /// Looks for what other gateways wrote.
    void poll() {
        store.printed(List.copyOf(taps.keySet())).forEach((jobId, printed) -> {
            Tap tap = taps.get(jobId);
            if (tap != null && !printed.equals(tap.seen)) {
                tap.seen = printed;
                tap.wake(null);
            }
        });
    }

    /// Where a follower stands; attempt 0 before it has looked, lease 0 before it has seen anything of it.
    private record Cursor(int attempt, long lease, long place) {
        /// Another hand-over prints under that attempt's number, as this one did not count.
        boolean isPast(LogSlice slice) {
            return lease != 0 && slice.lease() != 0 && slice.lease() != lease && slice.attempt() == attempt;
        }
    }

    private final class Follower implements Logs.Follow {
        private final String jobId;
        private final Listener listener;
        private volatile boolean closed;
        // Of the tap's reader alone.
        private Cursor cursor;
        private boolean stalled;
        private long tookNanos;
        private long againNanos;
        private int refusals;

        Follower(String jobId, @Nullable From from, Listener listener) {
            this.jobId = jobId;
            this.listener = listener;
            this.cursor = from == null ? new Cursor(0, 0, 0) : new Cursor(from.attempt(), 0, from.offset());
        }

        /// False when there was no room: it stands at the first piece that it did not take.
        boolean hand(LogSlice slice) {
            for (LogChunk chunk : slice.chunks()) {
                if (closed) {
                    return false;
                }
                if (!listener.take(chunk)) {
                    cursor = new Cursor(slice.attempt(), slice.lease(), chunk.place());
                    stall();
                    return false;
                }
                stalled = false;
                refusals = 0;
            }
            return !closed;
        }

        private void stall() {
            long now = time.nanoTime();
            if (!stalled) {
                stalled = true;
                tookNanos = now;
            }
            againNanos = now + (PAUSE_FIRST_NANOS << Math.min(refusals++, PAUSE_DOUBLINGS_MAX));
            if (now - tookNanos > Subscription.STALLED_MAX_NANOS) {
                close();
                listener.giveUp();
            }
        }

        boolean rests() {
            return stalled && againNanos - time.nanoTime() > 0;
        }

        @Override
        public CompletableFuture<@Nullable Void> caughtUp() {
            var reached = new CompletableFuture<@Nullable Void>();
            Tap tap = taps.get(jobId);
            if (tap == null) {
                reached.complete(null);
            } else {
                tap.wake(new Waiter(this, reached));
            }
            return reached;
        }

        @Override
        public void close() {
            closed = true;
            taps.computeIfPresent(jobId, (_, tap) -> {
                tap.followers.remove(this);
                return tap.followers.isEmpty() ? null : tap;
            });
        }
    }

    /// Who wants to know when a follower has been handed everything.
    private record Waiter(Follower follower, CompletableFuture<@Nullable Void> done) {}

    /// The followers of one job. Idle → reading (one thread, as long as it is woken) → idle.
    private final class Tap {
        private final String jobId;
        private final List<Follower> followers = new CopyOnWriteArrayList<>();
        private final List<Waiter> waiters = new ArrayList<>();
        private boolean woken;
        private boolean reading;
        private boolean resting;
        private boolean again;
        /// What the last poll found; null: read whatever the next one finds.
        private volatile @Nullable Printed seen;

        Tap(String jobId) {
            this.jobId = jobId;
        }

        /// With a waiter at once, else when the pause after the last read is over.
        void wake(@Nullable Waiter waiter) {
            synchronized (this) {
                woken = true;
                if (waiter != null) {
                    waiters.add(waiter);
                }
                if (reading || (resting && waiters.isEmpty())) {
                    return;
                }
                reading = true;
            }
            executor.execute(this::run);
        }

        private void run() {
            for (var waiting = next(); waiting != null; waiting = next()) {
                try {
                    read();
                    settle(waiting);
                } catch (RuntimeException e) {
                    log.atDebug()
                            .addKeyValue("job_id", jobId)
                            .addKeyValue("error", e.toString())
                            .log("a followed log could not be read, it is tried again");
                    seen = null;
                    keep(waiting);
                    wakeIn(PAUSE_AFTER_FAILURE_MS);
                }
            }
        }

        /// Null when nobody has woken it since, or nobody who would not wait for a little.
        private synchronized @Nullable List<Waiter> next() {
            if (!woken || (resting && waiters.isEmpty())) {
                reading = false;
                return null;
            }
            woken = false;
            if (!resting) {
                resting = true;
                CompletableFuture.delayedExecutor(PACE_MS, TimeUnit.MILLISECONDS, executor)
                        .execute(this::rested);
            }
            List<Waiter> waiting = List.copyOf(waiters);
            waiters.clear();
            return waiting;
        }

        private void rested() {
            synchronized (this) {
                resting = false;
                if (!woken || reading) {
                    return;
                }
                reading = true;
            }
            run();
        }

        private synchronized void keep(List<Waiter> waiting) {
            waiters.addAll(waiting);
        }

        /// Everything has been read; who had no room for it is not there yet.
        private void settle(List<Waiter> waiting) {
            Map<Boolean, List<Waiter>> stalled = waiting.stream()
                    .collect(Collectors.partitioningBy(waiter -> waiter.follower.stalled && !waiter.follower.closed));
            keep(stalled.getOrDefault(true, List.of()));
            stalled.getOrDefault(false, List.of()).forEach(waiter -> waiter.done.complete(null));
            long now = time.nanoTime();
            followers.stream()
                    .filter(follower -> follower.stalled)
                    .mapToLong(follower -> follower.againNanos - now)
                    .min()
                    .ifPresent(nanos -> wakeIn(Math.max(1, nanos / 1_000_000)));
        }

        private void wakeIn(long ms) {
            synchronized (this) {
                if (again) {
                    return;
                }
                again = true;
            }
            CompletableFuture.delayedExecutor(ms, TimeUnit.MILLISECONDS, executor)
                    .execute(() -> {
                        synchronized (this) {
                            again = false;
                        }
                        wake(null);
                    });
        }

        private void read() {
            Map<Cursor, List<Follower>> groups = new LinkedHashMap<>();
            for (Follower follower : followers) {
                if (!follower.stalled) {
                    groups.computeIfAbsent(follower.cursor, _ -> new ArrayList<>())
                            .add(follower);
                } else if (!follower.rests()) {
                    // One piece will show whether there is room.
                    advance(follower.cursor, List.of(follower), 1);
                }
            }
            groups.forEach((from, group) -> advance(from, group, READ_BYTES));
        }

        private void advance(Cursor from, List<Follower> group, int bytesFirst) {
            List<Follower> moving = new ArrayList<>(group);
            Cursor at = from;
            int bytes = bytesFirst;
            while (true) {
                var asked = new LogStore.Asked(jobId, at.attempt == 0 ? null : at.attempt, null, at.place, bytes);
                LogSlice slice = store.read(asked).orElse(null);
                if (slice != null && at.isPast(slice)) {
                    at = new Cursor(at.attempt, slice.lease(), 0);
                    continue;
                }
                moving.removeIf(follower -> slice == null || !follower.hand(slice));
                if (slice == null || moving.isEmpty()) {
                    return;
                }
                Cursor next = slice.chunks().isEmpty()
                        ? later(slice, at)
                        : new Cursor(slice.attempt(), slice.lease(), slice.next());
                moving.forEach(follower -> follower.cursor = next);
                if (next.equals(at) || (slice.all() && !slice.end())) {
                    return; // what is printed later wakes the tap
                }
                at = next;
                bytes = READ_BYTES;
            }
        }

        /// On to the next attempt, when this one has no more and a later one has printed. From the first look on a
        /// follower stands at an attempt, so that it goes through all that follow.
        private Cursor later(LogSlice slice, Cursor at) {
            Printed printed = slice.end() ? store.printed(List.of(jobId)).get(jobId) : null;
            return printed != null && printed.attempt() > slice.attempt()
                    ? new Cursor(slice.attempt() + 1, 0, 0)
                    : new Cursor(Math.max(1, slice.attempt()), slice.lease(), at.place);
        }
    }
}
