package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Time;
import io.helidon.websocket.WsCloseCodes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Frames in, [Event]s out: the receiving half of RFC 6455 §5. Memory grows with what has come, never with what a
/// header announces. For whichever thread reads; only [#frameBudgetEndNs] is read by others.
final class Inbound {
    private static final int FIRST_BYTES = 8 << 10;
    private static final int SHORT_BYTES = 16 << 10;
    private static final long FRAME_BASE_NS = 30_000_000_000L;
    /// 16 KiB a second is the slowest line that we serve.
    private static final long NS_PER_BYTE = 1_000_000_000L / (16 << 10);

    /// Each fragment costs us a look, however little it brings. Where messages may have more than as many KiB, one
    /// for each KiB; the JDK's client sends 16 KiB in each.
    private static final int FRAGMENTS_MAX = 1024;

    private static final byte[] NOTHING = new byte[0];

    private final Source source;
    private final Time time;
    private final int messageBytesMax;

    // The frame being read.
    private boolean fin;
    private int opcode;
    private boolean masked;
    private int key;
    private long length;
    private long done;
    private volatile long frameBudgetEndNs;
    private volatile boolean inFrame;

    // The message being put together; opcode CONTINUATION means none.
    private int kind = Frames.CONTINUATION;
    private byte[] message = NOTHING;
    private int size;
    private int fragments;
    private long frames;
    private final Utf8 utf8 = new Utf8();

    Inbound(Source source, int messageBytesMax, Time time) {
        this.source = source;
        this.messageBytesMax = messageBytesMax;
        this.time = time;
    }

    /// Blocks until the next event is whole. [Violation] when the peer breaks a rule.
    Event next() {
        while (true) {
            header();
            check();
            if (Frames.isControl(opcode)) {
                byte[] payload = payload();
                inFrame = false;
                return control(payload);
            }
            data();
            inFrame = false;
            if (fin) {
                return finish();
            }
        }
    }

    /// Frames of messages so far.
    long frames() {
        return frames;
    }

    /// True when nothing of a message has come.
    boolean isBetweenMessages() {
        return kind == Frames.CONTINUATION && source.available() == 0;
    }

    /// True when what comes next has come: between two messages, a whole one in one frame, or a ping or pong, of
    /// 16 KiB at most. Then [#next] does not wait.
    boolean holdsShort() {
        int have = source.available();
        if (kind != Frames.CONTINUATION || have < Frames.MASKED_HEADER_BYTES) {
            return false;
        }
        int first = source.peek(0);
        int opcode = first & 0x0F;
        boolean whole = (first & (Frames.FIN | Frames.RESERVED_BITS)) == Frames.FIN
                && opcode != Frames.CONTINUATION
                && opcode <= Frames.PONG
                && opcode != Frames.CLOSE;
        int second = source.peek(1);
        int length = second & 0x7F;
        int header = Frames.MASKED_HEADER_BYTES;
        if (length == 126) {
            length = source.peek(2) << 8 | source.peek(3);
            header += 2;
        }
        return whole && second > 0x7F && length != 127 && length <= SHORT_BYTES && have >= header + length;
    }

    /// Drops everything up to and including the peer's close frame: after our own close nothing else counts
    /// (§1.4).
    void skipToClose() {
        if (length < 0) {
            while (true) {
                source.skip(Long.MAX_VALUE);
            }
        }
        dropFrame();
        do {
            header();
            dropFrame();
        } while (opcode != Frames.CLOSE);
    }

    /// True when a frame has begun and not ended by its time: 30 s, and one more for every 16 KiB announced.
    boolean isOverdue(long nowNs) {
        return inFrame && nowNs - frameBudgetEndNs > 0;
    }

    private void dropFrame() {
        while (done < length) {
            done += source.skip(length - done);
        }
        inFrame = false;
    }

    private void header() {
        int first = source.read();
        long endNs = time.nanoTime() + FRAME_BASE_NS;
        frameBudgetEndNs = endNs;
        inFrame = true;
        fin = (first & Frames.FIN) != 0;
        opcode = first & 0x0F;
        int second = source.read();
        masked = (second & 0x80) != 0;
        done = 0;
        length = second & 0x7F;
        if (length >= 126) {
            int bytes = length == 126 ? 2 : 8;
            length = 0;
            for (int i = 0; i < bytes; i++) {
                length = (length << 8) | source.read();
            }
        }
        if (length < 0) {
            throw violation("length with its top bit set");
        }
        key = 0;
        for (int i = 0; masked && i < 4; i++) {
            key = (key << 8) | source.read();
        }
        frameBudgetEndNs = endNs + Math.min(length, messageBytesMax) * NS_PER_BYTE;
        if ((first & Frames.RESERVED_BITS) != 0) {
            throw violation("reserved bit set");
        }
    }

    private void check() {
        if (!masked) {
            throw violation("frame not masked");
        }
        switch (opcode) {
            case Frames.CONTINUATION -> {
                if (kind == Frames.CONTINUATION) {
                    throw violation("continuation of nothing");
                }
            }
            case Frames.TEXT, Frames.BINARY -> {
                if (kind != Frames.CONTINUATION) {
                    throw violation("message inside a message");
                }
            }
            case Frames.CLOSE, Frames.PING, Frames.PONG -> {
                if (!fin) {
                    throw violation("control frame in fragments");
                }
                if (length > Frames.CONTROL_BYTES_MAX) {
                    throw violation("control frame too long");
                }
                return;
            }
            default -> throw violation("reserved opcode");
        }
        frames++;
        if (++fragments > Math.max(FRAGMENTS_MAX, messageBytesMax >> 10)) {
            throw new Violation(WsCloseCodes.VIOLATED_POLICY, "too many fragments");
        }
        if (length > messageBytesMax - size) {
            throw new Violation(WsCloseCodes.TOO_BIG, "message too big");
        }
    }

    private byte[] payload() {
        byte[] bytes = new byte[(int) length];
        while (done < length) {
            int from = (int) done;
            int count = source.read(bytes, from, (int) (length - done));
            Mask.apply(bytes, from, from + count, key, done);
            done += count;
        }
        return bytes;
    }

    private void data() {
        if (opcode != Frames.CONTINUATION) {
            kind = opcode;
        }
        while (done < length) {
            room((int) (length - done));
            int count = source.read(message, size, (int) Math.min(length - done, message.length - size));
            Mask.apply(message, size, size + count, key, done);
            done += count;
            if (kind == Frames.TEXT && !utf8.accept(message, size, size + count)) {
                throw new Violation(WsCloseCodes.NOT_CONSISTENT, "text is not UTF-8");
            }
            size += count;
        }
    }

    /// Makes room for at least one byte more; for the whole frame when it is small.
    private void room(int wanted) {
        if (size < message.length) {
            return;
        }
        int more = Math.max(Math.min(wanted, FIRST_BYTES), Math.min(wanted, size));
        if (!fin || opcode == Frames.CONTINUATION) {
            more = Math.max(more, size);
        }
        message = Arrays.copyOf(message, (int) Math.min((long) size + more, messageBytesMax));
    }

    private Event finish() {
        boolean text = kind == Frames.TEXT;
        if (text && !utf8.complete()) {
            throw new Violation(WsCloseCodes.NOT_CONSISTENT, "text is not UTF-8");
        }
        byte[] whole = size == message.length ? message : Arrays.copyOf(message, size);
        kind = Frames.CONTINUATION;
        message = NOTHING;
        size = 0;
        fragments = 0;
        return new Event.Message(text, whole);
    }

    private Event control(byte[] payload) {
        return switch (opcode) {
            case Frames.PING -> new Event.Ping(payload);
            case Frames.PONG -> new Event.Pong();
            default -> close(payload);
        };
    }

    private static Event close(byte[] payload) {
        if (payload.length == 0) {
            return new Event.Close(WsCloseCodes.NO_STATUS_CODE, "");
        }
        if (payload.length == 1) {
            throw violation("close code cut off");
        }
        int code = ((payload[0] & 0xFF) << 8) | (payload[1] & 0xFF);
        if (!Frames.mayBeReceived(code)) {
            throw violation("close code not allowed");
        }
        Utf8 check = new Utf8();
        if (!check.accept(payload, 2, payload.length) || !check.complete()) {
            throw new Violation(WsCloseCodes.NOT_CONSISTENT, "close reason is not UTF-8");
        }
        return new Event.Close(code, new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8));
    }

    private static Violation violation(String reason) {
        return new Violation(WsCloseCodes.PROTOCOL_ERROR, reason);
    }
}
