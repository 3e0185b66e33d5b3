package hero.supervisor.store;

import hero.supervisor.domain.Burst;
import hero.supervisor.domain.Refusal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes of one kind, committed together: whatever arrives while a batch is being written forms the next batch.
/// There is no timer, unless one is asked for ([Gather]), so a write alone waits for no other one and a busy
/// system pays one fsync for hundreds of rows. Kinds may share turns: who waits for one gathers more. Each future
/// completes after the commit that holds its row, never before; what hangs on it must not block, as the next batch
/// may wait for it.
///
/// A batch that fails is done again in halves, so that one bad row hurts itself only. When the database cannot be
/// reached the whole batch fails with `busy`: the outcome is unknown then, and every write here can be repeated.
///
/// Safe for any thread.
final class GroupCommit<C, R> implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(GroupCommit.class);
    private static final long RETRY_AFTER_MS = 1000;
    /// Answers of so few writes take less time than waking a thread for them; those of more would hold up the next
    /// batch.
    private static final int TOLD_HERE_MAX = 3;

    /// Writes one batch; the n-th answer is for the n-th command. May be called again for the same commands after
    /// it failed.
    interface Batch<C, R> {
        List<R> write(Connection connection, List<C> commands) throws SQLException;

        /// True when each statement of a batch is a transaction of its own: no round trip for a commit, and no
        /// later statement that sees more than the number of its transaction tells ([Rounds]).
        default boolean commitsItself() {
            return false;
        }
    }

    /// Runs a batch in a transaction: [Database#transaction], or a double of it.
    interface Transactions<C, R> {
        List<R> run(List<C> commands);
    }

    /// @param queued writes that may wait; one that finds no room waits outside for `patience`, then is refused
    /// @param batchMax writes in one commit
    /// @param bytesMax of those that wait, and once more of those outside: while the database hangs they are kept
    /// in memory
    /// @param batchBytesMax in one commit, which keeps some copies of them; a larger one goes by itself
    record Sizes(int queued, int batchMax, Duration patience, long bytesMax, long batchBytesMax) {
        private static final long BYTES_LEAST = 8 << 20;
        private static final int PART_OF_HEAP = 16;
        private static final long BATCH_BYTES = 8 << 20;
        static final Sizes DEFAULT = new Sizes(10_000, 1000, Duration.ofSeconds(2));

        Sizes(int queued, int batchMax, Duration patience) {
            this(
                    queued,
                    batchMax,
                    patience,
                    Math.max(BYTES_LEAST, Runtime.getRuntime().maxMemory() / PART_OF_HEAP),
                    BATCH_BYTES);
        }
    }

    /// Each is itself and no other, however like its command is to another's.
    private static final class Waiting<C, R> {
        private final C command;
        private final CompletableFuture<R> answer = new CompletableFuture<>();
        private final long bytes;

        Waiting(C command) {
            this.command = command;
            this.bytes = Bulky.of(command);
        }

        C command() {
            return command;
        }
    }

    private final Transactions<C, R> transactions;
    private final Sizes sizes;
    private final Semaphore turns;
    private final Gather<C> gather;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition notEmpty = lock.newCondition();
    private final ArrayDeque<Waiting<C, R>> queue = new ArrayDeque<>();
    /// Those that found no room, the first one first.
    private final LinkedHashSet<Waiting<C, R>> outside = new LinkedHashSet<>();
    /// Of all in the queue; of all outside.
    private long queuedBytes;

    private long outsideBytes;
    private boolean closed;
    /// How many make a batch that gathers ask whether it has enough; 0 while none gathers. Changed under the lock.
    private volatile int awaited;
    /// Of the writer alone, as the next ones: the sizes of the last batch and of the one before it. Waves that
    /// take turns are not of one size, and the smaller one must not wait for what the larger one had more.
    private int last;

    private int before;

    private boolean gathers;
    /// How many the next batch may hold.
    private int most;

    private final Thread writer;

    GroupCommit(String kind, Database database, Sizes sizes, Batch<C, R> batch) {
        this(kind, sizes, commands -> database.write(batch, commands));
    }

    GroupCommit(String kind, Sizes sizes, Transactions<C, R> transactions) {
        this(kind, sizes, Gather.never(), transactions);
    }

    GroupCommit(String kind, Sizes sizes, Gather<C> gather, Transactions<C, R> transactions) {
        this(kind, sizes, new Semaphore(1), gather, transactions);
    }

    /// @param turns one for each batch that may be written at the same time, of this and other kinds
    GroupCommit(String kind, Sizes sizes, Semaphore turns, Gather<C> gather, Transactions<C, R> transactions) {
        this.turns = turns;
        this.gather = gather;
        this.gathers = gather.after().test(List.of());
        this.transactions = transactions;
        this.sizes = sizes;
        this.writer = Thread.ofPlatform().daemon().name("commit-" + kind).unstarted(this::run);
        writer.start();
    }

    /// Hands a write in. Never waits. The future fails with `busy` when there was no room for it in time, with
    /// `shutting_down` after [#close()].
    CompletableFuture<R> add(C command) {
        Waiting<C, R> waiting = new Waiting<>(command);
        lock.lock();
        try {
            if (closed) {
                return CompletableFuture.failedFuture(shuttingDown());
            } else if (outside.isEmpty() && isRoomFor(waiting)) {
                enqueue(waiting);
            } else if (!fits(outsideBytes, waiting)) {
                return CompletableFuture.failedFuture(full());
            } else {
                outside.add(waiting);
                outsideBytes += waiting.bytes;
                CompletableFuture.delayedExecutor(sizes.patience().toNanos(), TimeUnit.NANOSECONDS)
                        .execute(() -> tooLate(waiting));
            }
        } finally {
            lock.unlock();
        }
        return waiting.answer;
    }

    /// One that is too large by itself fits where nothing else is.
    private boolean fits(long presentBytes, Waiting<C, R> waiting) {
        return presentBytes == 0 || presentBytes + waiting.bytes <= sizes.bytesMax();
    }

    private boolean isRoomFor(Waiting<C, R> waiting) {
        return queue.size() < sizes.queued() && fits(queuedBytes, waiting);
    }

    private void enqueue(Waiting<C, R> waiting) {
        queue.add(waiting);
        queuedBytes += waiting.bytes;
        if (queue.size() == 1 || queue.size() == awaited) {
            notEmpty.signal();
        }
    }

    private void tooLate(Waiting<C, R> waiting) {
        boolean late;
        lock.lock();
        try {
            late = outside.remove(waiting);
            outsideBytes -= late ? waiting.bytes : 0;
        } finally {
            lock.unlock();
        }
        if (late) {
            waiting.answer.completeExceptionally(full());
        }
    }

    /// Hands a write in and waits until it is done. Throws what its future fails with.
    R done(C command) {
        try {
            return add(command).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private Refusal full() {
        return Refusal.busy("the server has more to write than it can; try again in a moment", RETRY_AFTER_MS)
                .with("limit", "store_queue")
                .with("max", sizes.queued());
    }

    private static Refusal shuttingDown() {
        return new Refusal(Refusal.Kind.SHUTTING_DOWN, "the server is shutting down; try again on another one");
    }

    private void run() {
        for (List<Waiting<C, R>> batch = next(); !batch.isEmpty(); batch = next()) {
            try {
                before = last;
                last = batch.size();
                write(batch);
                gathers =
                        gather.after().test(batch.stream().map(Waiting::command).toList());
            } catch (RuntimeException | Error e) {
                // A bug must not stop the writer: its callers are told, the next ones are served.
                fail(batch, e);
                log.atError().setCause(e).log("a group commit failed unexpectedly");
            } finally {
                turns.release();
            }
        }
        turns.release();
    }

    /// Waits for something to write, then for its turn: what comes meanwhile goes along.
    private List<Waiting<C, R>> next() {
        awaitFirst();
        gather();
        turns.acquireUninterruptibly();
        return take();
    }

    private void awaitFirst() {
        lock.lock();
        try {
            while (queue.isEmpty() && !closed) {
                notEmpty.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void gather() {
        most = sizes.batchMax();
        if (!gathers) {
            return;
        }
        lock.lock();
        try {
            awaited = Math.max(1, Math.min(last, before));
            long waitedNs = 0;
            while (!closed && waitedNs < longestNs() && !isEnough()) {
                long leftNs = longestNs() - waitedNs;
                waitedNs += leftNs - notEmpty.awaitNanos(leftNs);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            awaited = 0;
            lock.unlock();
        }
    }

    private long longestNs() {
        return gather.forNs(queue.size(), queue.element().command);
    }

    private boolean isEnough() {
        if (queue.size() < awaited) {
            return false;
        }
        int enough =
                gather.enough().applyAsInt(queue.stream().map(Waiting::command).toList());
        most = enough < queue.size() && enough >= awaited ? enough : sizes.batchMax();
        return enough >= awaited;
    }

    /// A batch that waits for others may have enough now.
    void look() {
        if (awaited > 0) {
            lock.lock();
            try {
                // Asked here, as waking the writer so that it may ask costs more.
                if (awaited > 0 && isEnough()) {
                    notEmpty.signal();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /// Takes all that are there. Empty when closed and nothing is left.
    private List<Waiting<C, R>> take() {
        lock.lock();
        try {
            List<Waiting<C, R>> batch = new ArrayList<>(Math.min(queue.size(), most));
            long bytes = 0;
            while (!queue.isEmpty() && batch.size() < most) {
                bytes += queue.element().bytes;
                if (!batch.isEmpty() && bytes > sizes.batchBytesMax()) {
                    break;
                }
                batch.add(queue.remove());
                queuedBytes -= batch.getLast().bytes;
            }
            while (!outside.isEmpty() && isRoomFor(outside.getFirst())) {
                outsideBytes -= outside.getFirst().bytes;
                enqueue(outside.removeFirst());
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void write(List<Waiting<C, R>> batch) {
        List<R> answers;
        try {
            answers = transactions.run(batch.stream().map(Waiting::command).toList());
        } catch (Refusal unreachable) {
            fail(batch, unreachable);
            return;
        } catch (RuntimeException | OutOfMemoryError e) {
            split(batch, e);
            return;
        }
        if (answers.size() != batch.size()) {
            throw new IllegalStateException(answers.size() + " answers for " + batch.size() + " writes");
        }
        Runnable tell = () -> Burst.run(answers.size(), i -> batch.get(i).answer.complete(answers.get(i)));
        if (batch.size() <= TOLD_HERE_MAX) {
            tell.run();
        } else {
            Thread.startVirtualThread(tell);
        }
    }

    private void split(List<Waiting<C, R>> batch, Throwable failure) {
        if (batch.size() == 1) {
            fail(batch, failure);
            return;
        }
        int half = batch.size() / 2;
        write(batch.subList(0, half));
        write(batch.subList(half, batch.size()));
    }

    private void fail(List<Waiting<C, R>> batch, Throwable failure) {
        Thread.startVirtualThread(() -> batch.forEach(waiting -> waiting.answer.completeExceptionally(failure)));
    }

    /// Takes no more writes, finishes those that it has.
    @Override
    public void close() {
        List<Waiting<C, R>> refused;
        lock.lock();
        try {
            closed = true;
            notEmpty.signalAll();
            refused = List.copyOf(outside);
            outside.clear();
            outsideBytes = 0;
        } finally {
            lock.unlock();
        }
        refused.forEach(waiting -> waiting.answer.completeExceptionally(shuttingDown()));
        boolean interrupted = false;
        while (writer.isAlive()) {
            try {
                writer.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
