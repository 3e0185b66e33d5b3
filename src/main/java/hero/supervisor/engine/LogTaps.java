package hero.supervisor.engine;

import hero.supervisor.domain.LogChunk;
import hero.supervisor.domain.LogSlice;
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
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Who follows which job's log here. A write on this gateway wakes the job's tap, a poll finds what other gateways
/// wrote; either way the chunks are read from the store behind each follower's cursor, so that none is missed or
/// doubled. Followers at the same place share a read. Safe for any thread.
final class LogTaps {
    private static final Logger log = LoggerFactory.getLogger(LogTaps.class);
    private static final int READ_BYTES = 256 << 10;

    private final LogStore store;
    private final Executor executor;
    private final ConcurrentHashMap<String, Tap> taps = new ConcurrentHashMap<>();

    LogTaps(LogStore store, Executor executor) {
        this.store = store;
        this.executor = executor;
    }

    Logs.Follow follow(String jobId, Consumer<LogChunk> listener) {
        var follower = new Follower(jobId, listener);
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

    /// Where a follower stands; attempt 0 before it has looked.
    private record Cursor(int attempt, long place) {}

    private final class Follower implements Logs.Follow {
        private final String jobId;
        private final Consumer<LogChunk> listener;
        private volatile boolean closed;
        /// Of the tap's reader alone.
        private Cursor cursor = new Cursor(0, 0);

        Follower(String jobId, Consumer<LogChunk> listener) {
            this.jobId = jobId;
            this.listener = listener;
        }

        void hand(LogSlice slice) {
            for (LogChunk chunk : slice.chunks()) {
                if (!closed) {
                    listener.accept(chunk);
                }
            }
        }

        @Override
        public CompletableFuture<@Nullable Void> caughtUp() {
            var reached = new CompletableFuture<@Nullable Void>();
            Tap tap = taps.get(jobId);
            if (tap == null) {
                reached.complete(null);
            } else {
                tap.wake(reached);
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

    /// The followers of one job. Idle → reading (one thread, as long as it is woken) → idle.
    private final class Tap {
        private final String jobId;
        private final List<Follower> followers = new CopyOnWriteArrayList<>();
        private final List<CompletableFuture<@Nullable Void>> waiters = new ArrayList<>();
        private boolean woken;
        private boolean reading;
        /// What the last poll found; null: read whatever the next one finds.
        private volatile @Nullable Printed seen;

        Tap(String jobId) {
            this.jobId = jobId;
        }

        void wake(@Nullable CompletableFuture<@Nullable Void> waiter) {
            synchronized (this) {
                woken = true;
                if (waiter != null) {
                    waiters.add(waiter);
                }
                if (reading) {
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
                    waiting.forEach(waiter -> waiter.complete(null));
                } catch (RuntimeException e) {
                    log.atDebug()
                            .addKeyValue("job_id", jobId)
                            .addKeyValue("error", e.toString())
                            .log("a followed log could not be read, the next poll tries again");
                    seen = null;
                    waiting.forEach(waiter -> waiter.completeExceptionally(e));
                }
            }
        }

        /// Null when nobody has woken it since.
        private synchronized @Nullable List<CompletableFuture<@Nullable Void>> next() {
            if (!woken) {
                reading = false;
                return null;
            }
            woken = false;
            List<CompletableFuture<@Nullable Void>> waiting = List.copyOf(waiters);
            waiters.clear();
            return waiting;
        }

        private void read() {
            Map<Cursor, List<Follower>> groups = new LinkedHashMap<>();
            for (Follower follower : followers) {
                groups.computeIfAbsent(follower.cursor, _ -> new ArrayList<>()).add(follower);
            }
            groups.forEach(this::advance);
        }

        private void advance(Cursor from, List<Follower> group) {
            Cursor at = from;
            while (true) {
                var asked = new LogStore.Asked(jobId, at.attempt == 0 ? null : at.attempt, null, at.place, READ_BYTES);
                LogSlice slice = store.read(asked).orElse(null);
                if (slice == null) {
                    return;
                }
                Cursor next = slice.chunks().isEmpty() ? later(slice, at) : new Cursor(slice.attempt(), slice.next());
                for (Follower follower : group) {
                    follower.hand(slice);
                    follower.cursor = next;
                }
                if (next.equals(at)) {
                    return;
                }
                at = next;
            }
        }

        /// On to the next attempt, when this one has no more and a later one has printed. From the first look on a
        /// follower stands at an attempt, so that it goes through all that follow.
        private Cursor later(LogSlice slice, Cursor at) {
            Printed printed = slice.end() ? store.printed(List.of(jobId)).get(jobId) : null;
            return printed != null && printed.attempt() > slice.attempt()
                    ? new Cursor(slice.attempt() + 1, 0)
                    : new Cursor(Math.max(1, slice.attempt()), at.place);
        }
    }
}
