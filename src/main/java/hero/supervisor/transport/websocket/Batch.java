package hero.supervisor.transport.websocket;

import java.util.Arrays;

/// What goes out next: short frames joined in one array, and perhaps one long payload behind them. For one thread.
final class Batch {
    private static final byte[] NOTHING = new byte[0];

    private final int joinBytesMax;

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
    }

    void append(byte[] bytes) {
        if (smallBytes + bytes.length > small.length) {
            int wanted = Math.max(smallBytes + bytes.length, Math.min(2 * small.length, joinBytesMax));
            small = Arrays.copyOf(small, wanted);
        }
        System.arraycopy(bytes, 0, small, smallBytes, bytes.length);
        smallBytes += bytes.length;
    }
}
