package hero.supervisor.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class CaptureTest {
    @Test
    void head_and_tail_are_the_first_and_last_bytes_however_they_come() {
        for (int seed = 0; seed < 500; seed++) {
            var random = new SplittableRandom(seed);
            int half = random.nextInt(1, 50);
            String all = text(random, random.nextInt(300));
            var capture = new Capture(half, half);
            for (int at = 0; at < all.length(); ) {
                int n = Math.min(all.length() - at, random.nextInt(1, 120));
                capture.add(bytes(all.substring(at, at + n)), n);
                at += n;
            }
            int max = random.nextInt(2, 2 * half + 1);
            String expected = all.length() <= max
                    ? all
                    : all.substring(0, max / 2) + "\n... " + (all.length() - 2 * (max / 2)) + " bytes left out ...\n"
                            + all.substring(all.length() - max / 2);
            assertEquals(expected, capture.text(max), "seed " + seed);
        }
    }

    @Test
    void a_cut_never_makes_half_a_character() {
        byte[] rockets = bytes("🚀".repeat(100));
        for (int max = 2; max < 60; max++) {
            var capture = new Capture(33, 33);
            capture.add(rockets, rockets.length);
            assertFalse(capture.text(max).contains("\uFFFD"), "max " + max);
        }
    }

    private static String text(SplittableRandom random, int length) {
        var text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(26)));
        }
        return text.toString();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
