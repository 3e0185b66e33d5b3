package hero.supervisor.transport.websocket;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// RFC 6455 §5.3: payload XOR key, eight bytes at a time.
final class Mask {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN)
            .withInvokeExactBehavior();

    private Mask() {}

    /// Masks or unmasks in place. `key` is the four bytes as they stand on the wire, `offset` how many bytes of
    /// the frame's payload came before `from`.
    static void apply(byte[] bytes, int from, int to, int key, long offset) {
        int turned = Integer.rotateLeft(key, 8 * (int) (offset & 3));
        long word = ((long) turned << 32) | (turned & 0xFFFFFFFFL);
        int at = from;
        for (; at + Long.BYTES <= to; at += Long.BYTES) {
            LONGS.set(bytes, at, (long) LONGS.get(bytes, at) ^ word);
        }
        for (int shift = 24; at < to; at++, shift = shift == 0 ? 24 : shift - 8) {
            bytes[at] ^= (byte) (turned >>> shift);
        }
    }
}
