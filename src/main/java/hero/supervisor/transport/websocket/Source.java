package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Time;
import io.helidon.webserver.CloseConnectionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The bytes that come in, first what Helidon has read beyond the handshake. Keeps no buffer while it waits. For
/// whichever thread reads; only [#heardNs] is read by others.
final class Source {
    private static final byte[] NOTHING = new byte[0];

    private final Supplier<byte @Nullable []> more;
    private final Time time;
    private byte[] chunk;
    private int at;
    private volatile long heardNs;

    /// `more` waits for bytes, at least one, and gives null at the end.
    Source(byte[] ahead, Supplier<byte @Nullable []> more, Time time) {
        this.more = more;
        this.time = time;
        this.chunk = ahead;
        this.heardNs = time.nanoTime();
    }

    /// Bytes that are here already.
    int available() {
        return chunk.length - at;
    }

    /// One of [#available], 0–255, without taking it.
    int peek(int ahead) {
        return chunk[at + ahead] & 0xFF;
    }

    /// Takes in what came while nobody waited for it, with nothing left of what came before.
    void push(byte[] bytes) {
        chunk = bytes;
        at = 0;
        heardNs = time.nanoTime();
    }

    /// The next byte, 0–255. [CloseConnectionException] at the end of the stream.
    int read() {
        fill();
        return chunk[at++] & 0xFF;
    }

    /// At least one byte and at most `length` into the array.
    int read(byte[] into, int from, int length) {
        fill();
        int count = Math.min(length, chunk.length - at);
        System.arraycopy(chunk, at, into, from, count);
        at += count;
        return count;
    }

    /// Drops at least one byte and at most `length`.
    long skip(long length) {
        fill();
        int count = (int) Math.min(length, chunk.length - at);
        at += count;
        return count;
    }

    /// When the peer was last heard of.
    long heardNs() {
        return heardNs;
    }

    private void fill() {
        if (at < chunk.length) {
            return;
        }
        chunk = NOTHING;
        at = 0;
        byte[] next = more.get();
        if (next == null) {
            throw new CloseConnectionException("the peer is gone");
        }
        push(next);
    }
}
