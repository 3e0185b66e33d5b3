package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Burst;
import hero.supervisor.domain.Time;
import io.helidon.websocket.WsCloseCodes;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Everything that goes out on one socket, one writer at a time and no thread of its own: whoever queues something
/// while nobody writes becomes the writer, and writes what others queue meanwhile, many frames in one socket
/// write.
///
/// States: `OPEN` → `CLOSING` (a close frame is queued; nothing may follow it) → `DEAD` (nothing is written any
/// more). Pings and pongs overtake queued messages, never inside a frame. Safe for any thread.
final class Outbox {
    /// One socket write at most; also the step in which progress shows.
    private static final int WRITE_BYTES = 64 << 10;
    /// A peer that pings without reading gets the latest pongs (RFC 6455 §5.5.3 allows to answer the most recent
    /// only).
    private static final int CONTROL_FRAMES_MAX = 64;

    private enum State {
        OPEN,
        CLOSING,
        DEAD
    }

    /// Where the bytes go.
    interface Wire {
        void write(byte[] bytes, int from, int length);
    }

    /// A queued message, or the turn of a thread that will write one itself.
    @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
    private record Item(
            byte[] head, byte[] payload, @Nullable Turn turn) {
        int bytes() {
            return head.length + payload.length;
        }
    }

    private static final class Turn {
        private final CountDownLatch come = new CountDownLatch(1);
        private volatile boolean granted;

        void decide(boolean go) {
            granted = go;
            come.countDown();
        }
    }

    private static final byte[] NOTHING = new byte[0];

    private final Wire wire;
    private final int bytesMax;
    private final Executor executor;
    private final Time time;
    private final Runnable broken;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final ArrayDeque<byte[]> controls = new ArrayDeque<>(2);
    private final ArrayDeque<Item> items = new ArrayDeque<>(2);
    private final CountDownLatch closeWritten = new CountDownLatch(1);
    private State state = State.OPEN;
    long queuedBytes;
    private boolean writing;
    private volatile boolean stuckPossible;
    private volatile long writeSinceNs;

    /// `broken` is run when the socket refuses a write.
    Outbox(Wire wire, int bytesMax, Executor executor, Time time, Runnable broken) {
        this.wire = wire;
        this.bytesMax = bytesMax;
        this.executor = executor;
        this.time = time;
        this.broken = broken;
    }

    /// Queues a message; waits for room. False when the connection takes no more. [#flush] must follow.
    boolean put(int opcode, byte[] payload) {
        Item item = new Item(Frames.header(opcode, true, payload.length), payload, null);
        lock.lock();
        try {
            while (state == State.OPEN && isFullFor(item, bytesMax)) {
                room.awaitUninterruptibly();
            }
            return add(item);
        } finally {
            lock.unlock();
        }
    }

    /// Queues a message if there is room in the first `part`th (1: all, 2: half) of the queue; another thread
    /// writes it.
    boolean offer(int opcode, byte[] payload, int part) {
        Item item = new Item(Frames.header(opcode, true, payload.length), payload, null);
        lock.lock();
        try {
            if (isFullFor(item, bytesMax / part) || !add(item)) {
                return false;
            }
        } finally {
            lock.unlock();
        }
        flushElsewhere();
        return true;
    }

    /// Queues a ping or pong; another thread writes it.
    void control(int opcode, byte[] payload) {
        lock.lock();
        try {
            if (state != State.OPEN) {
                return;
            }
            if (controls.size() == CONTROL_FRAMES_MAX) {
                controls.removeFirst();
            }
            controls.addLast(Frames.control(opcode, payload));
        } finally {
            lock.unlock();
        }
        flushElsewhere();
    }

    /// Queues the close frame behind all messages; another thread writes it. False when there is one already.
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
        flushElsewhere();
        return true;
    }

    boolean isOpen() {
        lock.lock();
        try {
            return state == State.OPEN;
        } finally {
            lock.unlock();
        }
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
            for (Item item : items) {
                if (item.turn() != null) {
                    item.turn().decide(false);
                }
            }
            items.clear();
            controls.clear();
            queuedBytes = 0;
            room.signalAll();
        } finally {
            lock.unlock();
        }
        closeWritten.countDown();
    }

    /// True when one write has been in the socket for longer than that.
    boolean isStuck(long nowNs, long deadlineNs) {
        return stuckPossible && nowNs - writeSinceNs > deadlineNs;
    }

    /// Writes what is queued, unless somebody does.
    void flush() {
        if (seize()) {
            pump();
        }
    }

    /// Sends a message in fragments while it is made: waits for its turn, then writes on the calling thread.
    void stream(Content content) {
        Turn turn = new Turn();
        lock.lock();
        try {
            if (!add(new Item(NOTHING, NOTHING, turn))) {
                return;
            }
        } finally {
            lock.unlock();
        }
        flush();
        try {
            turn.come.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            broken.run();
            return;
        }
        if (turn.granted) {
            writeInTurn(content);
        }
    }

    private void writeInTurn(Content content) {
        boolean whole = false;
        try {
            Fragments out = new Fragments(this::fragment);
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
            items.clear();
            queuedBytes = 0;
            if (state == State.OPEN) {
                addClose(WsCloseCodes.UNEXPECTED_CONDITION, "the answer broke off");
            } else {
                items.addLast(closeItem(WsCloseCodes.UNEXPECTED_CONDITION, "the answer broke off"));
            }
        } finally {
            lock.unlock();
        }
    }

    private void fragment(byte[] frame, int length) throws IOException {
        byte[] waiting;
        lock.lock();
        try {
            if (state == State.DEAD) {
                throw new IOException("the connection has ended");
            }
            waiting = takeControls();
        } finally {
            lock.unlock();
        }
        boolean written = waiting.length == 0 || write(waiting, 0, waiting.length);
        if (!written || !write(frame, 0, length)) {
            throw new IOException("the connection has ended");
        }
    }

    private boolean isFullFor(Item item, int most) {
        return queuedBytes > 0 && queuedBytes + item.bytes() > most;
    }

    private boolean add(Item item) {
        if (state != State.OPEN) {
            return false;
        }
        items.addLast(item);
        queuedBytes += item.bytes();
        return true;
    }

    private void addClose(int code, @Nullable String reason) {
        items.addLast(closeItem(code, reason));
        state = State.CLOSING;
        room.signalAll();
    }

    private static Item closeItem(int code, @Nullable String reason) {
        return new Item(Frames.close(code, reason), NOTHING, null);
    }

    private void flushElsewhere() {
        if (seize()) {
            Burst.later(executor, this::pump);
        }
    }

    private boolean seize() {
        lock.lock();
        try {
            if (writing || state == State.DEAD || (controls.isEmpty() && items.isEmpty())) {
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
            boolean written = write(batch.small, 0, batch.smallBytes);
            for (int from = 0; written && from < batch.large.length; from += WRITE_BYTES) {
                written = write(batch.large, from, Math.min(WRITE_BYTES, batch.large.length - from));
            }
            settle(batch, written);
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
            batch.append(takeControls());
            while (!items.isEmpty() && batch.smallBytes < WRITE_BYTES && batch.large.length == 0) {
                Item item = items.getFirst();
                if (item.turn() != null) {
                    if (batch.smallBytes > 0) {
                        return true;
                    }
                    items.removeFirst();
                    item.turn().decide(true);
                    return false;
                }
                items.removeFirst();
                batch.append(item.head());
                batch.released += item.bytes();
                batch.closes |= (item.head()[0] & 0x0F) == Frames.CLOSE;
                if (batch.smallBytes + item.payload().length <= WRITE_BYTES) {
                    batch.append(item.payload());
                } else {
                    batch.large = item.payload();
                }
            }
            if (batch.smallBytes == 0) {
                writing = false;
                return false;
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private byte[] takeControls() {
        if (controls.isEmpty()) {
            return NOTHING;
        }
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        controls.forEach(all::writeBytes);
        controls.clear();
        return all.toByteArray();
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

    private boolean write(byte[] bytes, int from, int length) {
        writeSinceNs = time.nanoTime();
        stuckPossible = true;
        try {
            wire.write(bytes, from, length);
            return true;
        } catch (RuntimeException e) {
            broken.run();
            return false;
        } finally {
            stuckPossible = false;
        }
    }
}
