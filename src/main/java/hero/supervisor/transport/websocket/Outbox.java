package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Burst;
import hero.supervisor.domain.Time;
import io.helidon.websocket.WsCloseCodes;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Everything that goes out on one socket, one writer at a time and no thread of its own: whoever queues something
/// while nobody writes becomes the writer, and writes what others queue meanwhile, many frames in one socket
/// write. Who must not wait writes what there is room for, and leaves the rest to a thread.
///
/// States: `OPEN` → `CLOSING` (a close frame is queued; nothing may follow it) → `DEAD` (nothing is written any
/// more). Pings and pongs overtake queued messages, never inside a frame. Safe for any thread.
final class Outbox {
    /// One write at most.
    private static final int WRITE_BYTES = 64 << 10;
    /// A thread with other things to do makes no more than these in a row.
    private static final int WRITES_HERE_MAX = 4;

    private enum State {
        OPEN,
        CLOSING,
        DEAD
    }

    /// Where the bytes go.
    interface Socket {
        /// Writes what there is room for, and tells how many bytes that were; perhaps none. Never waits.
        int write(byte[] bytes, int from, int length);

        /// Waits until there may be room.
        void awaitRoom();
    }

    private static final byte[] NOTHING = new byte[0];

    private final Writes writes;
    private final int bytesMax;
    private final Executor executor;
    private final Runnable broken;
    private final Runnable brokenOff;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final Outgoing outgoing = new Outgoing();
    private final CountDownLatch closeWritten = new CountDownLatch(1);
    private State state = State.OPEN;
    long queuedBytes;
    private boolean writing;

    /// `broken` is run when the socket refuses a write; `brokenOff` when a close frame is queued that nobody asked
    /// for.
    Outbox(Socket socket, int bytesMax, Executor executor, Time time, Runnable broken, Runnable brokenOff) {
        this.writes = new Writes(socket, time);
        this.bytesMax = bytesMax;
        this.executor = executor;
        this.broken = broken;
        this.brokenOff = brokenOff;
    }

    /// Queues a message; waits for room. False when the connection takes no more. [#flush] must follow.
    boolean put(int opcode, byte[] payload) {
        byte[] head = Frames.header(opcode, true, payload.length);
        lock.lock();
        try {
            while (state == State.OPEN && isFullFor(head.length + payload.length, bytesMax)) {
                room.awaitUninterruptibly();
            }
            return add(head, payload);
        } finally {
            lock.unlock();
        }
    }

    /// Queues a message if there is room in the first `part`th (1: all, 2: half) of the queue. Never waits: what
    /// the socket does not take at once another thread writes.
    boolean offer(int opcode, byte[] payload, int part) {
        byte[] head = Frames.header(opcode, true, payload.length);
        lock.lock();
        try {
            if (isFullFor(head.length + payload.length, bytesMax / part) || !add(head, payload)) {
                return false;
            }
        } finally {
            lock.unlock();
        }
        flushSoon();
        return true;
    }

    /// Queues a ping or pong. Never waits.
    void control(int opcode, byte[] payload) {
        lock.lock();
        try {
            if (state != State.OPEN) {
                return;
            }
            outgoing.addControl(Frames.control(opcode, payload));
        } finally {
            lock.unlock();
        }
        flushSoon();
    }

    /// Queues the close frame behind all messages. Never waits. False when there is one already.
    boolean close(int code, @Nullable String reason) {
        lock.lock();
        try {
            if (state != State.OPEN) {
                return false;
            }
            addClose(code, reason);
        } finally {
            lock.unlock();
        }
        flushSoon();
        return true;
    }

    /// Blocks until the close frame is on its way or the connection is dead.
    void awaitClose() throws InterruptedException {
        closeWritten.await();
    }

    /// Nothing is written from now on; whoever waits is let go.
    void die() {
        lock.lock();
        try {
            state = State.DEAD;
            outgoing.drop();
            queuedBytes = 0;
            room.signalAll();
        } finally {
            lock.unlock();
        }
        closeWritten.countDown();
    }

    /// True when the peer has taken less than 64 KiB for longer than that, while there is something for it.
    boolean isStuck(long nowNs, long deadlineNs) {
        return writes.isStuck(nowNs, deadlineNs);
    }

    /// Writes what is queued, unless somebody does.
    void flush() {
        if (seize()) {
            pump();
        }
    }

    /// Sends a message in fragments while it is made: waits for its turn, then writes on the calling thread.
    void stream(Content content) {
        Outgoing.Turn turn;
        lock.lock();
        try {
            if (state != State.OPEN) {
                return;
            }
            turn = outgoing.addTurn();
        } finally {
            lock.unlock();
        }
        flush();
        boolean come;
        try {
            come = turn.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            broken.run();
            return;
        }
        if (come) {
            writeInTurn(content);
        }
    }

    private void writeInTurn(Content content) {
        boolean whole = false;
        try {
            Batch batch = new Batch(WRITE_BYTES);
            Fragments out = new Fragments((frame, length) -> fragment(batch, frame, length));
            content.writeTo(out);
            out.finish();
            whole = true;
        } catch (IOException e) {
            // The connection is gone, or the content broke off: told apart by the state below.
        } finally {
            if (!whole) {
                breakOff();
            }
            pump();
        }
    }

    /// A message that ends in the middle must not look like a whole one: nothing follows it but a close.
    private void breakOff() {
        lock.lock();
        try {
            if (state == State.DEAD) {
                return;
            }
            outgoing.dropMessages();
            queuedBytes = 0;
            addClose(WsCloseCodes.UNEXPECTED_CONDITION, "the answer broke off");
        } finally {
            lock.unlock();
        }
        brokenOff.run();
    }

    private void fragment(Batch batch, byte[] frame, int length) throws IOException {
        batch.clear();
        lock.lock();
        try {
            if (state == State.DEAD) {
                throw new IOException("the connection has ended");
            }
            outgoing.takeControls(batch);
        } finally {
            lock.unlock();
        }
        batch.append(frame, length);
        try {
            writes.write(batch, true);
        } catch (RuntimeException e) {
            broken.run();
            throw new IOException("the connection has ended", e);
        }
    }

    private boolean isFullFor(int bytes, int most) {
        return queuedBytes > 0 && queuedBytes + bytes > most;
    }

    private boolean add(byte[] head, byte[] payload) {
        if (state != State.OPEN) {
            return false;
        }
        outgoing.add(head, payload);
        queuedBytes += head.length + payload.length;
        return true;
    }

    private void addClose(int code, @Nullable String reason) {
        outgoing.add(Frames.close(code, reason), NOTHING);
        state = State.CLOSING;
        room.signalAll();
    }

    private void flushSoon() {
        if (seize()) {
            Burst.later(executor, this::pumpSome);
        }
    }

    private boolean seize() {
        lock.lock();
        try {
            if (writing || state == State.DEAD || outgoing.isEmpty()) {
                return false;
            }
            writing = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// The writer's loop; the caller holds the right to write and gives it up here, or hands it to the next turn.
    private void pump() {
        Batch batch = new Batch(WRITE_BYTES);
        while (gather(batch)) {
            write(batch, true);
        }
    }

    /// The same on a thread that must not wait, and has other things to do: what is left is another thread's.
    private void pumpSome() {
        Batch batch = new Batch(WRITE_BYTES);
        for (int i = 0; i < WRITES_HERE_MAX; i++) {
            if (!gather(batch)) {
                return;
            } else if (!write(batch, false)) {
                elsewhere(() -> {
                    write(batch, true);
                    pump();
                });
                return;
            }
        }
        elsewhere(this::pump);
    }

    private void elsewhere(Runnable work) {
        try {
            executor.execute(work);
        } catch (RejectedExecutionException e) {
            // The server stops: nobody is left to write.
            broken.run();
        }
    }

    /// Fills the batch. False when the right to write is given up.
    private boolean gather(Batch batch) {
        batch.clear();
        lock.lock();
        try {
            if (state == State.DEAD) {
                writing = false;
                return false;
            }
            boolean given = outgoing.fill(batch, WRITE_BYTES);
            boolean filled = batch.smallBytes > 0;
            writing = filled || given;
            return filled;
        } finally {
            lock.unlock();
        }
    }

    private void settle(Batch batch, boolean written) {
        lock.lock();
        try {
            queuedBytes = Math.max(0, queuedBytes - batch.released);
            room.signalAll();
        } finally {
            lock.unlock();
        }
        if (batch.closes && written) {
            closeWritten.countDown();
        }
    }

    /// False when there is no room and `mayWait` is false; the rest is for another call. Whatever was written
    /// otherwise, the batch is done with.
    private boolean write(Batch batch, boolean mayWait) {
        boolean written = false;
        try {
            written = writes.write(batch, mayWait);
            if (!written) {
                return false;
            }
        } catch (RuntimeException e) {
            broken.run();
        }
        settle(batch, written);
        return true;
    }
}
