package hero.supervisor.runner;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What the runner holds: jobs that run, results that the server has not answered yet, and the present session.
/// All threads of the runner meet here and wait here; it survives connections. Safe for any thread.
final class Work {
    /// Results spooled beyond which no further jobs are taken: what the server does not answer must not pile up.
    private static final long SPOOL_BYTES_MAX = 64L << 20;

    private static final int BATCH_MAX = 500;
    private static final Duration FOREVER = Duration.ofDays(36_500);

    private final int slots;
    private final int batchBytesMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Task.Key, Execution> running = new LinkedHashMap<>();

    /// Those that still have a thread and perhaps a process: running ones, and abandoned ones on their way out.
    private final Set<Execution> alive = new LinkedHashSet<>();

    private final ArrayDeque<Report> spool = new ArrayDeque<>();
    private long spoolBytes;
    private @Nullable Session session;
    private boolean pulling;
    private boolean draining;
    private boolean closed;

    Work(int slots, int batchBytesMax) {
        this.slots = slots;
        this.batchBytesMax = batchBytesMax;
    }

    // ---- jobs ----

    /// False when this very attempt is here already, running or finished.
    boolean add(Execution execution) {
        return with(() -> {
            Task.Key key = execution.task().key();
            boolean known = closed
                    || running.containsKey(key)
                    || spool.stream().anyMatch(r -> r.key().equals(key));
            if (!known) {
                running.put(key, execution);
                alive.add(execution);
            }
            return !known;
        });
    }

    /// The job ended; its result is spooled in the same step, so that no beat misses it. Nothing is spooled when
    /// the job was abandoned.
    void finished(Execution execution, Report report) {
        with(() -> {
            alive.remove(execution);
            if (running.remove(report.key(), execution)) {
                spool.add(report);
                spoolBytes += report.bytes();
            }
            return null;
        });
    }

    /// The server wants to hear nothing more of it. Returns what runs, to be killed.
    @Nullable
    Execution abandon(Task.Key key) {
        return with(() -> {
            drop(report -> report.key().equals(key));
            return running.remove(key);
        });
    }

    /// What a stop or abandon names: one attempt, or with attempt 0 whichever is here.
    List<Task.Key> matching(Task.Key named) {
        return with(
                () -> Stream.concat(running.keySet().stream(), spool.stream().map(Report::key))
                        .filter(key -> key.jobId().equals(named.jobId()))
                        .filter(key -> named.attempt() == 0 || key.attempt() == named.attempt())
                        .toList());
    }

    @Nullable
    Execution find(Task.Key key) {
        return with(() -> running.get(key));
    }

    /// Other attempts of a job that are here although a newer one was handed over.
    List<Execution> olderThan(Task.Key key) {
        return with(() -> running.values().stream()
                .filter(e -> e.task().key().jobId().equals(key.jobId())
                        && e.task().key().attempt() < key.attempt())
                .toList());
    }

    List<Execution> alive() {
        return with(() -> List.copyOf(alive));
    }

    /// Everything in this runner's hands, as heartbeats and a resume name it: also what has ended and is not
    /// recorded.
    List<Map<String, Object>> held() {
        return with(() -> {
            List<Map<String, Object>> held = new ArrayList<>();
            running.keySet().forEach(key -> held.add(key.tree()));
            spool.forEach(report -> held.add(report.key().tree()));
            return held;
        });
    }

    // ---- results ----

    /// Waits for results and for a session to send them with: everything that is there, as far as one message
    /// holds it. They stay spooled until [#answered]. Empty when the runner was closed.
    List<Report> awaitBatch() throws InterruptedException {
        lock.lock();
        try {
            while (!closed && (spool.isEmpty() || session == null)) {
                changed.await();
            }
            List<Report> batch = new ArrayList<>();
            long bytes = 0;
            Iterator<Report> reports = spool.iterator();
            while (!closed && reports.hasNext() && batch.size() < BATCH_MAX) {
                Report report = reports.next();
                bytes += report.bytes() + 1;
                if (!batch.isEmpty() && bytes > batchBytesMax) {
                    break;
                }
                batch.add(report);
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    void answered(List<Report> batch) {
        with(() -> {
            Set<Report> gone = Set.copyOf(batch);
            drop(gone::contains);
            return null;
        });
    }

    /// Puts another result in the place of one that the server cannot take.
    void replace(Report report, Report instead) {
        with(() -> {
            if (spool.contains(report)) {
                drop(report::equals);
                spool.add(instead);
                spoolBytes += instead.bytes();
            }
            return null;
        });
    }

    private void drop(Predicate<Report> which) {
        spool.removeIf(report -> {
            boolean drop = which.test(report);
            spoolBytes -= drop ? report.bytes() : 0;
            return drop;
        });
    }

    // ---- session, credit, end ----

    /// The session that calls go through; null while there is none.
    void session(@Nullable Session now) {
        with(() -> session = now);
    }

    @Nullable
    Session session() {
        return with(() -> session);
    }

    /// Waits for a free slot. 0 when no more jobs are to be pulled on this session.
    int awaitCredit(Session mine) throws InterruptedException {
        lock.lock();
        try {
            while (true) {
                if (draining || closed || !mine.equals(session)) {
                    return 0;
                }
                int free = slots - alive.size();
                if (free > 0 && spoolBytes < SPOOL_BYTES_MAX) {
                    return free;
                }
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /// True the first time.
    boolean drain() {
        return with(() -> {
            boolean first = !draining;
            draining = true;
            return first;
        });
    }

    /// True the first time.
    boolean close() {
        return with(() -> {
            boolean first = !closed;
            draining = true;
            closed = true;
            return first;
        });
    }

    boolean draining() {
        return with(() -> draining);
    }

    boolean closed() {
        return with(() -> closed);
    }

    /// True when nothing runs and every result is answered, waiting up to `most` for that.
    boolean awaitEmpty(Duration most) throws InterruptedException {
        return await(most, () -> alive.isEmpty() && spool.isEmpty());
    }

    /// Waits until nothing of any job is left.
    boolean awaitIdle(Duration most) throws InterruptedException {
        return await(most, alive::isEmpty);
    }

    /// A pause that the end of the runner cuts short, and the beginning of a drain likewise. True when it was cut.
    boolean pause(Duration most) throws InterruptedException {
        boolean drainingBefore = draining();
        return await(most, () -> closed || draining != drainingBefore);
    }

    /// Waits until `mine` is no longer the session.
    void awaitEnd(Session mine) throws InterruptedException {
        await(FOREVER, () -> closed || !mine.equals(session));
    }

    /// Waits until no pull is open, up to `most`.
    void awaitPulled(Duration most) throws InterruptedException {
        await(most, () -> !pulling || session == null);
    }

    void pulling(boolean now) {
        with(() -> pulling = now);
    }

    /// The session has ended; a newer one stays.
    void ended(Session mine) {
        with(() -> session = mine.equals(session) ? null : session);
    }

    private boolean await(Duration most, BooleanSupplier reached) throws InterruptedException {
        lock.lock();
        try {
            long leftNs = most.toNanos();
            while (!reached.getAsBoolean() && leftNs > 0) {
                leftNs = changed.awaitNanos(leftNs);
            }
            return reached.getAsBoolean();
        } finally {
            lock.unlock();
        }
    }

    private <T extends @Nullable Object> T with(Supplier<T> step) {
        lock.lock();
        try {
            T result = step.get();
            changed.signalAll();
            return result;
        } finally {
            lock.unlock();
        }
    }
}
