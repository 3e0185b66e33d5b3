package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Time;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.webserver.CloseConnectionException;

/// The bytes that come in, first what Helidon has read beyond the handshake. Keeps no buffer while it waits. For
/// the reading thread; only [#heardNs] is read by others.
final class Source {
    private static final byte[] NOTHING = new byte[0];

    private final HelidonSocket socket;
    private final Time time;
    private byte[] chunk;
    private int at;
    private volatile long heardNs;

    Source(DataReader ahead, HelidonSocket socket, Time time) {
        this.socket = socket;
        this.time = time;
        int waiting = ahead.available();
        this.chunk = waiting == 0 ? NOTHING : ahead.readBytes(waiting);
        this.heardNs = time.nanoTime();
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
        byte[] next = socket.get();
        if (next == null) {
            throw new CloseConnectionException("the peer is gone");
        }
        chunk = next;
        heardNs = time.nanoTime();
    }
}
