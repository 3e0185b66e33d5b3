package hero.supervisor.wire;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// What must be true of bytes before the JSON parser sees them: it would replace bad UTF-8, skip a byte order
/// mark and guess UTF-16 or UTF-32 from zero bytes at the start. Also what must be true of text before it is
/// written.
final class Utf8 {
    private static final char REPLACEMENT = '\uFFFD';

    private Utf8() {}

    /// What is wrong, in words; null when nothing is.
    static @Nullable String fault(byte[] bytes) {
        for (int i = 0; i < Math.min(4, bytes.length); i++) {
            if (bytes[i] == 0) {
                return "the message is not UTF-8 JSON";
            }
        }
        String text = new String(bytes, StandardCharsets.UTF_8);
        if (text.startsWith("\uFEFF")) {
            return "the message starts with a byte order mark; send UTF-8 without one";
        }
        // The fast decoder replaces what is wrong: only a text that holds the replacement needs the strict one.
        return text.indexOf(REPLACEMENT) >= 0 && !isStrict(bytes) ? "the message is not valid UTF-8" : null;
    }

    private static boolean isStrict(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    /// The index of the first half of a surrogate pair that stands alone; -1 when there is none.
    static int loneSurrogate(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                boolean pair = Character.isHighSurrogate(c)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1));
                if (!pair) {
                    return i;
                }
                i++;
            }
        }
        return -1;
    }

    /// True for more than `charsMax` characters, counted as JSON Schema's `maxLength` does: code points.
    static boolean isLonger(String text, int charsMax) {
        return text.length() > charsMax && text.codePointCount(0, text.length()) > charsMax;
    }

    /// At most `charsMax` characters that UTF-8 can carry, whatever the peer had sent.
    static String shown(String text, int charsMax) {
        String shown =
                isLonger(text, charsMax) ? text.substring(0, text.offsetByCodePoints(0, charsMax - 1)) + "…" : text;
        if (loneSurrogate(shown) < 0) {
            return shown;
        }
        return new String(shown.getBytes(StandardCharsets.UTF_16), StandardCharsets.UTF_16);
    }
}
