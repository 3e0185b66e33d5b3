package hero.supervisor.transport.websocket;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Checks UTF-8 that comes in pieces, strictly (RFC 3629: no surrogates, no overlong forms, nothing above
/// U+10FFFF), and
/// says no at the first byte that no valid text can have there. For one thread.
final class Utf8 {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN)
            .withInvokeExactBehavior();
    private static final long HIGH_BITS = 0x8080808080808080L;

    private int missing;
    private int low = 0x80;
    private int high = 0xBF;

    /// Takes the next bytes. False when they cannot be part of a UTF-8 text; the checker is of no use afterwards.
    boolean accept(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to) {
            if (missing == 0) {
                at = skipAscii(bytes, at, to);
                if (at < to && !begin(bytes[at++] & 0xFF)) {
                    return false;
                }
            } else if (!more(bytes[at++] & 0xFF)) {
                return false;
            }
        }
        return true;
    }

    /// True when the text so far ends with a whole character.
    boolean complete() {
        return missing == 0;
    }

    private static int skipAscii(byte[] bytes, int from, int to) {
        int at = from;
        while (at + Long.BYTES <= to && ((long) LONGS.get(bytes, at) & HIGH_BITS) == 0) {
            at += Long.BYTES;
        }
        while (at < to && bytes[at] >= 0) {
            at++;
        }
        return at;
    }

    /// The table of RFC 3629 §4: the first byte tells the length and what the second may be.
    private boolean begin(int first) {
        low = 0x80;
        high = 0xBF;
        if (first >= 0xC2 && first <= 0xDF) {
            missing = 1;
        } else if (first >= 0xE0 && first <= 0xEF) {
            missing = 2;
            low = first == 0xE0 ? 0xA0 : 0x80;
            high = first == 0xED ? 0x9F : 0xBF;
        } else if (first >= 0xF0 && first <= 0xF4) {
            missing = 3;
            low = first == 0xF0 ? 0x90 : 0x80;
            high = first == 0xF4 ? 0x8F : 0xBF;
        } else {
            return false;
        }
        return true;
    }

    private boolean more(int next) {
        if (next < low || next > high) {
            return false;
        }
        missing--;
        low = 0x80;
        high = 0xBF;
        return true;
    }
}
