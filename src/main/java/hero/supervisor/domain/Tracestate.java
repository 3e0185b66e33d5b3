package hero.supervisor.domain;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What tracing systems have noted of a trace, each under its key: `key=value,key=value`, the latest first.
///
/// Source: W3C Trace Context, §3.3.
public final class Tracestate {
    /// Of every text that [#read] gives.
    public static final int LENGTH_MAX = 512;

    /// Longer texts are not even looked at.
    private static final int READ_MAX = 8192;
    private static final int MEMBERS_MAX = 32;
    /// Where room is wanted, longer members go first.
    private static final int LONG = 128;

    /// Of a member without blanks around it.
    private static final Pattern FORM =
            Pattern.compile("([a-z0-9][a-z0-9_*/@-]{0,255})=[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{1,256}");

    private Tracestate() {}

    /// Without blanks around its members; empty for what is no tracestate, and nobody is told: that is the
    /// standard's wish. What is too long loses whole members as the standard says, long ones first, then the
    /// earliest.
    public static String read(@Nullable String text) {
        if (text == null || text.length() > READ_MAX) {
            return "";
        }
        List<String> members = new ArrayList<>();
        Set<String> keys = new HashSet<>();
        for (String part : text.split(",", -1)) {
            String member = trimmed(part);
            if (member.isEmpty()) {
                continue;
            }
            var form = FORM.matcher(member);
            if (!form.matches() || !keys.add(form.group(1)) || keys.size() > MEMBERS_MAX) {
                return "";
            }
            members.add(member);
        }
        return fitting(members);
    }

    private static String fitting(List<String> members) {
        int length = members.stream().mapToInt(String::length).sum() + members.size() - 1;
        for (int at = members.size() - 1; at >= 0 && length > LENGTH_MAX; at--) {
            if (members.get(at).length() > LONG) {
                length -= members.remove(at).length() + 1;
            }
        }
        while (length > LENGTH_MAX) {
            length -= members.removeLast().length() + 1;
        }
        return String.join(",", members);
    }

    /// Without the blanks and tabs that HTTP allows between members.
    private static String trimmed(String part) {
        int from = 0;
        int to = part.length();
        while (from < to && blank(part.charAt(from))) {
            from++;
        }
        while (to > from && blank(part.charAt(to - 1))) {
            to--;
        }
        return part.substring(from, to);
    }

    private static boolean blank(char c) {
        return c == ' ' || c == '\t';
    }
}
