package hero.supervisor.runner;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/// Puts `***` in the place of secrets in a text that comes in pieces: what may be the beginning of a secret is
/// held back until the next piece, or the end. Where several begin, the longest counts. One thread.
final class Masking {
    private static final String MASK = "***";
    private static final int SECRET_CHARS_MIN = 4;
    private static final Pattern NAME =
            Pattern.compile("SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|KEY|CREDENTIAL|PRIVATE");

    /// Longest first.
    private final List<String> secrets;

    private String held = "";

    private Masking(List<String> secrets) {
        this.secrets = secrets;
    }

    /// Masks the values of those variables whose names look secret, unless they are shorter than 4 characters:
    /// such a value is no secret, and would tear up the text.
    static Masking of(Map<String, String> envVars) {
        List<String> secrets = new ArrayList<>();
        envVars.forEach((name, value) -> {
            if (NAME.matcher(name.toUpperCase(Locale.ROOT)).find()) {
                add(secrets, value);
                add(secrets, value.strip()); // A value read from a file ends with a line end that is not printed.
            }
        });
        secrets.sort(Comparator.comparingInt(String::length).reversed());
        return new Masking(secrets);
    }

    private static void add(List<String> secrets, String value) {
        if (value.length() >= SECRET_CHARS_MIN && !secrets.contains(value)) {
            secrets.add(value);
        }
    }

    /// The next piece; returns what can be shown by now.
    String add(String piece) {
        return secrets.isEmpty() ? piece : mask(held + piece, false);
    }

    /// What was held back.
    String end() {
        return mask(held, true);
    }

    private String mask(String text, boolean last) {
        StringBuilder shown = new StringBuilder(text.length());
        int at = 0;
        while (at < text.length()) {
            if (!last && mayBegin(text, at)) {
                break;
            }
            int length = found(text, at);
            if (length > 0) {
                shown.append(MASK);
                at += length;
            } else {
                shown.append(text.charAt(at++));
            }
        }
        held = text.substring(at);
        return shown.toString();
    }

    /// True when the text ends within what may become a secret.
    private boolean mayBegin(String text, int at) {
        int left = text.length() - at;
        for (String secret : secrets) {
            if (secret.length() > left
                    && secret.charAt(0) == text.charAt(at)
                    && secret.regionMatches(0, text, at, left)) {
                return true;
            }
        }
        return false;
    }

    private int found(String text, int at) {
        for (String secret : secrets) {
            if (secret.charAt(0) == text.charAt(at) && text.startsWith(secret, at)) {
                return secret.length();
            }
        }
        return 0;
    }
}
