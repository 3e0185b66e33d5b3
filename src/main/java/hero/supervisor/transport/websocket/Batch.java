package hero.supervisor.transport.websocket;

import java.util.Arrays;

/// What goes out next: short frames joined in one array, and perhaps one long payload behind them; and how much of
/// it has gone. For one thread at a time.
final class Batch {
    private static final byte[] NOTHING = new byte[0];

    private final int joinBytesMax;
    private int written;

    byte[] small = NOTHING;
    int smallBytes;
    byte[] large = NOTHING;
    /// What the queue gets back when all is written.
    long released;
    /// True when a close frame is in it.
    boolean closes;

    Batch(int joinBytesMax) {
        this.joinBytesMax = joinBytesMax;
    }

    void clear() {
        smallBytes = 0;
        large = NOTHING;
        released = 0;
        closes = false;
        written = 0;
    }

    void append(byte[] bytes) {
        append(bytes, bytes.length);
    }

    void append(byte[] bytes, int length) {
        if (smallBytes + length > small.length) {
            int wanted = Math.max(smallBytes + length, Math.min(2 * small.length, joinBytesMax));
            small = Arrays.copyOf(small, wanted);
        }
        System.arraycopy(bytes, 0, small, smallBytes, length);
        smallBytes += length;
    }

    int written() {
        return written;
    }

    boolean isWritten() {
        return written == smallBytes + large.length;
    }

    /// Writes what there is room for, of the rest's first `most` bytes. False when there is no room.
    boolean writeTo(Outbox.Socket socket, int most) {
        int before = written;
        if (written < smallBytes) {
            written += socket.write(small, written, Math.min(most, smallBytes - written));
        } else {
            int from = written - smallBytes;
            written += socket.write(large, from, Math.min(most, large.length - from));
        }
        return written > before;
    }
}
