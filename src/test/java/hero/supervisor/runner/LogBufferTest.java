package hero.supervisor.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class LogBufferTest {
    private static final int MUCH = 1 << 20;

    /// Takes all, as a server does that is given so much at a time.
    private static String drained(LogBuffer buffer, int bytesMax) {
        StringBuilder all = new StringBuilder();
        for (var piece = buffer.next(bytesMax); piece != null; piece = buffer.next(bytesMax)) {
            all.append(piece.data());
            assertTrue(buffer.taken(piece.offset() + piece.data().getBytes(StandardCharsets.UTF_8).length));
        }
        return all.toString();
    }

    private static LogBuffer.Piece next(LogBuffer buffer) {
        return Objects.requireNonNull(buffer.next(MUCH));
    }

    @Test
    void a_piece_stays_until_it_was_taken_and_the_next_follows_it() {
        LogBuffer buffer = new LogBuffer(MUCH);
        assertNull(buffer.next(MUCH));
        buffer.add("one");
        assertEquals(new LogBuffer.Piece(0, "one"), buffer.next(MUCH));
        buffer.add("two");
        assertEquals(new LogBuffer.Piece(0, "onetwo"), buffer.next(MUCH));
        assertTrue(buffer.taken(3));
        assertEquals(new LogBuffer.Piece(3, "two"), buffer.next(MUCH));
        assertTrue(buffer.taken(3), "the same answer once more");
        buffer.close();
        assertFalse(buffer.finished());
        assertTrue(buffer.taken(6));
        assertTrue(buffer.finished());
    }

    @Test
    void the_servers_offset_wins_also_inside_a_piece() {
        LogBuffer buffer = new LogBuffer(MUCH);
        buffer.add("onetwo");
        next(buffer);
        assertTrue(buffer.taken(4));
        assertEquals(new LogBuffer.Piece(4, "wo"), buffer.next(MUCH));
        assertFalse(buffer.taken(2), "what has gone cannot be sent again");
        assertFalse(buffer.taken(7), "nobody has sent that");
    }

    @Test
    void pieces_hold_whole_characters_and_no_more_than_asked_for() {
        LogBuffer buffer = new LogBuffer(16 << 20);
        String text = "aé€😀".repeat(40_000);
        buffer.add(text);
        assertTrue(next(buffer).data().length() <= 400_000);
        assertTrue(Objects.requireNonNull(buffer.next(20_000)).data().length() <= 20_000);
        assertEquals(text, drained(buffer, 20_000));
    }

    @Test
    void what_is_too_much_loses_its_middle_and_says_so() {
        LogBuffer buffer = new LogBuffer(200_000);
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 100_000; i++) {
            String line = i + "\n";
            buffer.add(line);
            all.append(line);
        }
        assertTrue(buffer.bytes() <= 200_000 + 20_000, buffer.bytes() + " bytes are kept");
        String kept = drained(buffer, 50_000);
        assertTrue(kept.startsWith(all.substring(0, 90_000)));
        assertTrue(kept.endsWith(all.substring(all.length() - 80_000)));
        String left = kept.replaceAll("(?s).*\n\\.\\.\\. (\\d+) bytes left out \\.\\.\\.\n.*", "$1");
        String note = "\n... " + left + " bytes left out ...\n";
        assertEquals(all.length(), kept.length() - note.length() + Integer.parseInt(left));
        buffer.add("on");
        assertEquals("on", drained(buffer, MUCH));
    }

    @Test
    void an_abandoned_one_keeps_nothing() {
        LogBuffer buffer = new LogBuffer(MUCH);
        buffer.add("one");
        buffer.abandon();
        buffer.add("two");
        assertEquals(0, buffer.bytes());
        assertNull(buffer.next(MUCH));
    }

    @Test
    void a_small_window_is_kept_and_cuts_no_character() {
        LogBuffer buffer = new LogBuffer(MUCH);
        buffer.add("abc\u00e4\u6f22\ud83d\ude42xyz");
        assertEquals("abc", Objects.requireNonNull(buffer.next(4)).data());
        assertTrue(buffer.taken(3));
        assertEquals("\u00e4", Objects.requireNonNull(buffer.next(4)).data());
        assertEquals("\u00e4\u6f22", Objects.requireNonNull(buffer.next(5)).data());
        assertTrue(buffer.taken(8));
        assertEquals("\ud83d\ude42", Objects.requireNonNull(buffer.next(1)).data(), "one character goes in any case");
        assertTrue(buffer.taken(12));
        assertEquals("xyz", drained(buffer, 1));
    }
}
