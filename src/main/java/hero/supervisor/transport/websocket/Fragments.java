package hero.supervisor.transport.websocket;

import java.io.IOException;
import java.io.OutputStream;

/// A text message as a stream: every full buffer goes out as a fragment, the last one on [#finish]. For one
/// thread.
final class Fragments extends OutputStream {
    private static final int PAYLOAD_BYTES = 16 << 10;
    private static final int HEADER_BYTES = 4;

    /// Takes a whole frame.
    @FunctionalInterface
    interface Sink {
        void write(byte[] frame, int length) throws IOException;
    }

    private final Sink sink;
    private final byte[] payload = new byte[PAYLOAD_BYTES];
    private final byte[] frame = new byte[HEADER_BYTES + PAYLOAD_BYTES];
    private int size;
    private boolean begun;

    Fragments(Sink sink) {
        this.sink = sink;
    }

    @Override
    public void write(int b) throws IOException {
        if (size == PAYLOAD_BYTES) {
            send(false);
        }
        payload[size++] = (byte) b;
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        int done = 0;
        while (done < length) {
            if (size == PAYLOAD_BYTES) {
                send(false);
            }
            int count = Math.min(length - done, PAYLOAD_BYTES - size);
            System.arraycopy(bytes, from + done, payload, size, count);
            size += count;
            done += count;
        }
    }

    /// Sends the last fragment. `close` does nothing, so that a content that closes its stream early cannot make
    /// a part look like the whole.
    void finish() throws IOException {
        send(true);
    }

    private void send(boolean last) throws IOException {
        byte[] header = Frames.header(begun ? Frames.CONTINUATION : Frames.TEXT, last, size);
        System.arraycopy(header, 0, frame, 0, header.length);
        System.arraycopy(payload, 0, frame, header.length, size);
        sink.write(frame, header.length + size);
        begun = true;
        size = 0;
    }
}
