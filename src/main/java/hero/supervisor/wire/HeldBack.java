package hero.supervisor.wire;

import java.io.IOException;
import java.io.OutputStream;

/// Keeps the first bytes until they are too many, so that a failure at the start can still become another answer.
final class HeldBack extends OutputStream {
    private static final int BYTES_MAX = 16 << 10;

    private final OutputStream out;
    private final byte[] kept = new byte[BYTES_MAX];
    private int count;
    private boolean begun;
    private boolean peerFailed;

    HeldBack(OutputStream out) {
        this.out = out;
    }

    /// True when bytes have left.
    boolean begun() {
        return begun;
    }

    /// True when it was the stream below that failed.
    boolean peerFailed() {
        return peerFailed;
    }

    void discard() {
        count = 0;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        if (length > BYTES_MAX - count) {
            pass(kept, 0, count);
            count = 0;
        }
        if (length > BYTES_MAX) {
            pass(bytes, from, length);
        } else {
            System.arraycopy(bytes, from, kept, count, length);
            count += length;
        }
    }

    /// Only at the end of the reply; the generator's own flushes are not asked for.
    @Override
    public void flush() throws IOException {
        pass(kept, 0, count);
        count = 0;
        out.flush();
    }

    private void pass(byte[] bytes, int from, int length) throws IOException {
        if (length == 0) {
            return;
        }
        begun = true;
        try {
            out.write(bytes, from, length);
        } catch (IOException | RuntimeException e) {
            peerFailed = true;
            throw e;
        }
    }
}
