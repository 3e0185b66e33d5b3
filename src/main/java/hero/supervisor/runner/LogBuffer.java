package hero.supervisor.runner;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What of one stream the server has not taken yet, in bounded memory. The first half of it keeps its offsets and
/// goes out in order; when that is full the newest half is kept behind it, and a line tells what was left out
/// between the two. Safe for any thread.
final class LogBuffer {
    private static final int SEGMENT_BYTES = 16 << 10;
    private static final int SEGMENT_CHARS = SEGMENT_BYTES / 3; // a char takes up to three bytes of UTF-8

    private final int half;
    private final Segments front = new Segments();
    private final Segments back = new Segments();
    private long frontOffset;
    private long leftOut;
    private boolean closed;
    private boolean abandoned;

    /// Texts as bytes in pieces of whole characters.
    private static final class Segments {
        final ArrayDeque<byte[]> sealed = new ArrayDeque<>();
        final ByteArrayOutputStream open = new ByteArrayOutputStream();
        long bytes;

        void add(byte[] piece) {
            if (open.size() + piece.length > SEGMENT_BYTES) {
                seal();
            }
            open.writeBytes(piece);
            bytes += piece.length;
        }

        void seal() {
            if (open.size() > 0) {
                sealed.add(open.toByteArray());
                open.reset();
            }
        }

        byte[] remove() {
            if (sealed.isEmpty()) {
                seal();
            }
            byte[] first = sealed.remove();
            bytes -= first.length;
            return first;
        }
    }

    /// Keeps about `bytesMax`.
    LogBuffer(int bytesMax) {
        this.half = bytesMax / 2;
    }

    synchronized void add(String text) {
        if (abandoned) {
            return;
        }
        for (int from = 0; from < text.length(); ) {
            int to = Math.min(text.length(), from + SEGMENT_CHARS);
            if (to < text.length() && Character.isHighSurrogate(text.charAt(to - 1))) {
                to--;
            }
            add(text.substring(from, to).getBytes(StandardCharsets.UTF_8));
            from = to;
        }
    }

    private void add(byte[] piece) {
        if (back.bytes == 0 && leftOut == 0 && front.bytes + piece.length <= half) {
            front.add(piece);
            return;
        }
        back.add(piece);
        while (back.bytes > half) {
            leftOut += back.remove().length;
        }
    }

    /// A piece to send.
    record Piece(long offset, String data) {}

    /// The oldest bytes, at most `bytesMax` of them in whole characters, and at least one character; null when
    /// there are none. They stay until [#taken].
    synchronized @Nullable Piece next(int bytesMax) {
        refill();
        front.seal();
        var data = new ByteArrayOutputStream();
        for (byte[] segment : front.sealed) {
            int room = bytesMax - data.size();
            if (segment.length > room) {
                if (data.size() == 0) {
                    data.write(segment, 0, whole(segment, room));
                }
                break;
            }
            data.writeBytes(segment);
        }
        return data.size() == 0 ? null : new Piece(frontOffset, data.toString(StandardCharsets.UTF_8));
    }

    /// The longest beginning of up to `max` bytes that ends with a whole character; the first one in any case.
    private static int whole(byte[] utf8, int max) {
        int end = Math.max(0, max);
        while (end > 0 && isInside(utf8[end])) {
            end--;
        }
        if (end == 0) {
            end = 1;
            while (end < utf8.length && isInside(utf8[end])) {
                end++;
            }
        }
        return end;
    }

    /// The byte continues a character.
    private static boolean isInside(byte utf8) {
        return (utf8 & 0xC0) == 0x80;
    }

    private void refill() {
        if (front.bytes > 0) {
            return;
        }
        if (leftOut > 0) {
            front.add(("\n... " + leftOut + " bytes left out ...\n").getBytes(StandardCharsets.UTF_8));
            leftOut = 0;
        }
        while (back.bytes > 0) {
            front.add(back.remove());
        }
    }

    /// The server has everything before `offset`. False when that is none of what is here: it asks for what has
    /// gone, or has more than was ever sent.
    synchronized boolean taken(long offset) {
        long known = offset - frontOffset;
        if (known < 0 || known > front.bytes) {
            return false;
        }
        front.seal();
        while (frontOffset < offset) {
            byte[] first = front.remove();
            long part = offset - frontOffset;
            if (part < first.length) {
                byte[] rest = Arrays.copyOfRange(first, (int) part, first.length);
                front.sealed.addFirst(rest);
                front.bytes += rest.length;
                frontOffset = offset;
            } else {
                frontOffset += first.length;
            }
        }
        return true;
    }

    /// Nothing more will be sent of it, nothing more is kept.
    synchronized void abandon() {
        abandoned = true;
        front.sealed.clear();
        front.open.reset();
        front.bytes = 0;
        back.sealed.clear();
        back.open.reset();
        back.bytes = 0;
        leftOut = 0;
    }

    /// Nothing more will be added.
    synchronized void close() {
        closed = true;
    }

    synchronized long bytes() {
        return front.bytes + back.bytes;
    }

    /// True when it was closed and the server has all of it.
    synchronized boolean finished() {
        return closed && bytes() == 0;
    }
}
