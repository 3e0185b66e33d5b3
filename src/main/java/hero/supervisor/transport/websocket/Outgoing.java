package hero.supervisor.transport.websocket;

import java.util.ArrayDeque;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/// What waits to go out on one socket: messages in their order, and pings and pongs that overtake them. Guarded by
/// the lock of its [Outbox].
final class Outgoing {
    /// A peer that pings without reading gets the latest pongs (RFC 6455 §5.5.3 allows to answer the most recent
    /// only).
    private static final int CONTROL_FRAMES_MAX = 64;
    private static final byte[] NOTHING = new byte[0];

    /// A message, or the turn of a thread that will write one itself.
    @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
    private record Item(
            byte[] head, byte[] payload, @Nullable Turn turn) {
        int bytes() {
            return head.length + payload.length;
        }
    }

    /// A thread that waits until it may write.
    static final class Turn {
        private final CountDownLatch come = new CountDownLatch(1);
        private volatile boolean granted;

        private void decide(boolean go) {
            granted = go;
            come.countDown();
        }

        /// False when it will never come.
        boolean await() throws InterruptedException {
            come.await();
            return granted;
        }
    }

    private final ArrayDeque<byte[]> controls = new ArrayDeque<>(2);
    private final ArrayDeque<Item> items = new ArrayDeque<>(2);

    boolean isEmpty() {
        return controls.isEmpty() && items.isEmpty();
    }

    void addControl(byte[] frame) {
        if (controls.size() == CONTROL_FRAMES_MAX) {
            controls.removeFirst();
        }
        controls.addLast(frame);
    }

    void add(byte[] head, byte[] payload) {
        items.addLast(new Item(head, payload, null));
    }

    Turn addTurn() {
        Turn turn = new Turn();
        items.addLast(new Item(NOTHING, NOTHING, turn));
        return turn;
    }

    /// No message of it goes out any more; pings and pongs stay.
    void dropMessages() {
        for (Item item : items) {
            if (item.turn() != null) {
                item.turn().decide(false);
            }
        }
        items.clear();
    }

    /// Nothing of it goes out any more.
    void drop() {
        dropMessages();
        controls.clear();
    }

    /// Moves what fits into the batch, which is empty; it stays so when there is nothing. True when a thread's
    /// turn has come instead: the right to write is that one's now.
    boolean fill(Batch batch, int bytesMax) {
        takeControls(batch);
        while (!items.isEmpty() && batch.smallBytes < bytesMax && batch.large.length == 0) {
            Item item = items.getFirst();
            if (item.turn() != null) {
                if (batch.smallBytes > 0) {
                    return false;
                }
                items.removeFirst();
                item.turn().decide(true);
                return true;
            }
            items.removeFirst();
            batch.append(item.head());
            batch.released += item.bytes();
            batch.closes |= (item.head()[0] & 0x0F) == Frames.CLOSE;
            if (batch.smallBytes + item.payload().length <= bytesMax) {
                batch.append(item.payload());
            } else {
                batch.large = item.payload();
            }
        }
        return false;
    }

    void takeControls(Batch batch) {
        controls.forEach(batch::append);
        controls.clear();
    }
}
