package hero.supervisor.transport.websocket;

import io.helidon.websocket.WsCloseCodes;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The numbers of RFC 6455 §5.2 and §7.4, and frames as a server sends them (never masked).
final class Frames {
    static final int CONTINUATION = 0;
    static final int TEXT = 1;
    static final int BINARY = 2;
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;

    static final int FIN = 0x80;
    static final int RESERVED_BITS = 0x70;
    static final int CONTROL_BYTES_MAX = 125;
    /// The header of a client's frame of up to 125 bytes.
    static final int MASKED_HEADER_BYTES = 6;
    /// A close payload is at most 125 bytes, two of them the code.
    static final int REASON_BYTES_MAX = 123;

    private Frames() {}

    static boolean isControl(int opcode) {
        return opcode >= CLOSE;
    }

    /// The header of an unmasked frame.
    static byte[] header(int opcode, boolean fin, long length) {
        int first = (fin ? FIN : 0) | opcode;
        if (length <= CONTROL_BYTES_MAX) {
            return new byte[] {(byte) first, (byte) length};
        }
        if (length <= 0xFFFF) {
            return new byte[] {(byte) first, 126, (byte) (length >>> 8), (byte) length};
        }
        return ByteBuffer.allocate(10)
                .put((byte) first)
                .put((byte) 127)
                .putLong(length)
                .array();
    }

    static byte[] control(int opcode, byte[] payload) {
        byte[] frame = new byte[2 + payload.length];
        frame[0] = (byte) (FIN | opcode);
        frame[1] = (byte) payload.length;
        System.arraycopy(payload, 0, frame, 2, payload.length);
        return frame;
    }

    /// A close frame; 1005 and 1006 stand for "no code" and are never sent. A long reason is cut at a character.
    static byte[] close(int code, @Nullable String reason) {
        if (code == WsCloseCodes.NO_STATUS_CODE || code == WsCloseCodes.CLOSED_ABNORMALLY) {
            return control(CLOSE, new byte[0]);
        }
        byte[] words = cut(reason == null ? "" : reason);
        byte[] payload = new byte[2 + words.length];
        payload[0] = (byte) (code >>> 8);
        payload[1] = (byte) code;
        System.arraycopy(words, 0, payload, 2, words.length);
        return control(CLOSE, payload);
    }

    private static byte[] cut(String reason) {
        byte[] bytes = reason.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= REASON_BYTES_MAX) {
            return bytes;
        }
        int end = REASON_BYTES_MAX;
        while ((bytes[end] & 0xC0) == 0x80) {
            end--;
        }
        return java.util.Arrays.copyOf(bytes, end);
    }

    /// Codes that a peer may put on the wire: those of RFC 6455 §7.4.1 and the IANA registry, and 3000–4999.
    static boolean mayBeReceived(int code) {
        boolean registered = code >= 1000 && code <= 1014;
        boolean inner = code == 1004 || code == 1005 || code == 1006;
        return (registered && !inner) || (code >= 3000 && code <= 4999);
    }
}
