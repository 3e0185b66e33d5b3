package hero.supervisor.runner;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// What a process writes, in bounded memory: its first and its last bytes. Safe for any thread.
final class Capture {
    private final int headMax;
    private final ByteArrayOutputStream head = new ByteArrayOutputStream();
    private final int tailMax;
    private byte[] tail = new byte[0];
    private int tailAt;
    private long total;

    /// Keeps the first `headMax` and the last `tailMax` bytes.
    Capture(int headMax, int tailMax) {
        this.headMax = headMax;
        this.tailMax = tailMax;
    }

    synchronized void add(byte[] bytes, int count) {
        total += count;
        int first = Math.min(count, headMax - head.size());
        head.write(bytes, 0, first);
        int from = first + Math.max(0, count - first - tailMax);
        for (int i = from; i < count; ) {
            room(count - i);
            int n = Math.min(count - i, tail.length - tailAt % tail.length);
            System.arraycopy(bytes, i, tail, tailAt % tail.length, n);
            // Counts on to twice the size at most: only whether the ring is full and where it stands matters.
            tailAt = tailAt + n >= 2 * tail.length ? tailAt + n - tail.length : tailAt + n;
            i += n;
        }
    }

    /// The ring grows as long as it has not gone round: small outputs take little memory.
    private void room(int wanted) {
        if (tailAt + wanted > tail.length && tail.length < tailMax) {
            int size = (int) Math.min(tailMax, Math.max(tailAt + (long) wanted, 2L * tail.length));
            byte[] larger = new byte[size];
            System.arraycopy(tail, 0, larger, 0, tailAt);
            tail = larger;
        }
    }

    /// All bytes ever written.
    synchronized long total() {
        return total;
    }

    /// At most `bytesMax` of the bytes as text, the middle replaced by a line that says how many were left out.
    /// Invalid UTF-8 becomes U+FFFD; so do NUL characters, which PostgreSQL's text cannot hold.
    synchronized String text(int bytesMax) {
        byte[] first = head.toByteArray();
        byte[] last = lastBytes();
        if (total > first.length + last.length) {
            return joined(
                    first,
                    wholeEnd(first, Math.min(first.length, bytesMax / 2)),
                    last,
                    wholeStart(last, Math.max(0, last.length - bytesMax / 2)));
        }
        byte[] all = Arrays.copyOf(first, first.length + last.length);
        System.arraycopy(last, 0, all, first.length, last.length);
        return all.length <= bytesMax
                ? decode(all, 0, all.length)
                : joined(all, wholeEnd(all, bytesMax / 2), all, wholeStart(all, all.length - bytesMax / 2));
    }

    private String joined(byte[] first, int firstEnd, byte[] last, int lastStart) {
        int kept = firstEnd + last.length - lastStart;
        String middle = "\n... " + (total - kept) + " bytes left out ...\n";
        return decode(first, 0, firstEnd) + (headMax == 0 ? "" : middle) + decode(last, lastStart, last.length);
    }

    private byte[] lastBytes() {
        int size = Math.min(tailAt, tail.length);
        byte[] last = new byte[size];
        int from = tailAt > tail.length ? tailAt % tail.length : 0;
        System.arraycopy(tail, from, last, 0, size - from);
        System.arraycopy(tail, 0, last, size - from, from);
        return last;
    }

    /// The last border of a character at or before `end`: a cut never makes half a character.
    private static int wholeEnd(byte[] bytes, int end) {
        int at = end;
        while (at > 0 && at < bytes.length && end - at < 3 && isContinuation(bytes[at])) {
            at--;
        }
        return at;
    }

    private static int wholeStart(byte[] bytes, int start) {
        int at = start;
        while (at < bytes.length && at - start < 3 && isContinuation(bytes[at])) {
            at++;
        }
        return at;
    }

    private static boolean isContinuation(byte b) {
        return (b & 0xC0) == 0x80;
    }

    private static String decode(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.UTF_8).replace('\0', '\uFFFD');
    }
}
