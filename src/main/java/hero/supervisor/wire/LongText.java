package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Writes texts that may be long, such as payloads and outputs, byte for byte as Jackson does. That looks at each
/// character of a String by itself; bytes are made by the JVM in one go, and whole runs of them need no escape.
final class LongText {
    /// Shorter ones are as fast without.
    private static final int LONG = 128;

    private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);
    /// The letter of a short escape, 1 for a long one, 0 for none.
    private static final byte[] ESCAPES = escapes();

    private LongText() {}

    /// A member. Lone surrogates, which no text of a job may hold, become question marks.
    static void write(JsonGenerator out, String name, String text) throws IOException {
        if (text.length() < LONG) {
            out.writeStringField(name, text);
        } else {
            byte[] escaped = escaped(text.getBytes(StandardCharsets.UTF_8));
            out.writeFieldName(name);
            out.writeRawUTF8String(escaped, 0, escaped.length);
        }
    }

    private static byte[] escapes() {
        byte[] escapes = new byte[256];
        Arrays.fill(escapes, 0, ' ', (byte) 1);
        "\b\t\n\f\r\"\\".chars().forEach(c -> escapes[c] = (byte) "btnfr\"\\".charAt("\b\t\n\f\r\"\\".indexOf(c)));
        return escapes;
    }

    /// The same array when nothing in it needs an escape.
    private static byte[] escaped(byte[] utf8) {
        int clean = run(utf8, 0);
        if (clean == utf8.length) {
            return utf8;
        }
        byte[] out = new byte[utf8.length + utf8.length / 8 + 16];
        int length = 0;
        int from = 0;
        while (true) {
            if (out.length - length < clean - from + 6) {
                out = Arrays.copyOf(out, 2 * out.length + clean - from);
            }
            System.arraycopy(utf8, from, out, length, clean - from);
            length += clean - from;
            if (clean == utf8.length) {
                return Arrays.copyOf(out, length);
            }
            length = escape(utf8[clean], out, length);
            from = clean + 1;
            clean = run(utf8, from);
        }
    }

    /// Behind the bytes from there on that need no escape.
    private static int run(byte[] utf8, int from) {
        int at = from;
        while (at < utf8.length && ESCAPES[utf8[at] & 0xff] == 0) {
            at++;
        }
        return at;
    }

    private static int escape(byte what, byte[] out, int at) {
        byte letter = ESCAPES[what];
        out[at] = '\\';
        if (letter != 1) {
            out[at + 1] = letter;
            return at + 2;
        }
        out[at + 1] = 'u';
        out[at + 2] = '0';
        out[at + 3] = '0';
        out[at + 4] = HEX[what >> 4];
        out[at + 5] = HEX[what & 0xf];
        return at + 6;
    }
}
