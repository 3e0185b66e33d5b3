package hero.supervisor.bench;

import java.nio.charset.StandardCharsets;

/// Finds things in the bytes of an answer whose shape is known, without reading it as JSON.
final class Scan {
    private Scan() {}

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /// Where `what` begins; -1 when it is not between `from` and `to`.
    static int find(byte[] in, int from, int to, byte[] what) {
        byte first = what[0];
        for (int i = from; i <= to - what.length; i++) {
            if (in[i] == first && matches(in, i, to, what)) {
                return i;
            }
        }
        return -1;
    }

    static boolean matches(byte[] in, int at, int to, byte[] what) {
        if (to - at < what.length) {
            return false;
        }
        for (int i = 0; i < what.length; i++) {
            if (in[at + i] != what[i]) {
                return false;
            }
        }
        return true;
    }

    /// Behind the digits that begin at `at`.
    static int digitsEnd(byte[] in, int at, int to) {
        int end = at;
        while (end < to && in[end] >= '0' && in[end] <= '9') {
            end++;
        }
        return end;
    }

    static int number(byte[] in, int from, int to) {
        int value = 0;
        for (int i = from; i < to; i++) {
            value = value * 10 + in[i] - '0';
        }
        return value;
    }

    /// Behind the text that begins at `at`: the place of its quote. The texts of the benchmark hold no escapes.
    static int textEnd(byte[] in, int at, int to) {
        int end = at;
        while (end < to && in[end] != '"') {
            end++;
        }
        return end;
    }

    static String text(byte[] in, int from, int to) {
        return new String(in, from, to - from, StandardCharsets.UTF_8);
    }
}
