package hero.supervisor.domain;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The text that carries a trace from one program to the next: `00-<trace id>-<parent id>-<flags>`.
///
/// Source: W3C Trace Context, §3.2.
public final class Traceparent {
    /// Of every text that [#read] gives.
    public static final int LENGTH = 55;

    private static final int LENGTH_MAX = 512;
    private static final Pattern FORM =
            Pattern.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");

    private Traceparent() {}

    /// As version 00; null for what is no traceparent. Whoever sends a wrong one has no trace, and no error: that
    /// is the standard's wish.
    public static @Nullable String read(@Nullable String text) {
        if (text == null || text.length() > LENGTH_MAX) {
            return null;
        }
        Matcher parts = FORM.matcher(text);
        if (!parts.matches()
                || parts.group(1).equals("ff")
                || (parts.group(1).equals("00") && parts.group(5) != null)
                || parts.group(2).equals("0".repeat(32))
                || parts.group(3).equals("0".repeat(16))) {
            return null;
        }
        boolean sampled = (Integer.parseInt(parts.group(4), 16) & 1) == 1;
        return "00-" + parts.group(2) + "-" + parts.group(3) + (sampled ? "-01" : "-00");
    }
}
