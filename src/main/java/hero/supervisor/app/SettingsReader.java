package hero.supervisor.app;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Turns written settings into values. Each mistake is one sentence: setting, place, value, what would do.
final class SettingsReader {
    private static final Pattern AGE = Pattern.compile("([0-9]{1,8})([mhd])");
    private static final Duration AGE_MIN = Duration.ofHours(1);
    private static final Duration AGE_MAX = Duration.ofDays(36_500);
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,254}");
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?");
    private static final Pattern ADDRESS = Pattern.compile("[0-9A-Za-z:.%-]{1,255}");

    private final SettingLayers settings;

    SettingsReader(SettingLayers settings) {
        this.settings = settings;
    }

    String text(Setting setting) {
        return settings.text(setting);
    }

    long whole(Setting setting, long min, long max) {
        String text = trimmed(setting);
        long value;
        try {
            value = Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw wrong(setting, "a whole number, " + min + "…" + max);
        }
        if (value < min || value > max) {
            throw wrong(setting, "a whole number, " + min + "…" + max);
        }
        return value;
    }

    /// Seconds above 0, at most one hundred years.
    double seconds(Setting setting) {
        double max = 3_153_600_000.0;
        double value;
        try {
            value = Double.parseDouble(trimmed(setting));
        } catch (NumberFormatException e) {
            throw wrong(setting, "seconds above 0, such as 300 or 0.5");
        }
        if (!(value > 0 && value <= max)) {
            throw wrong(setting, "seconds above 0 and at most 3153600000");
        }
        return value;
    }

    double share(Setting setting) {
        try {
            double value = Double.parseDouble(trimmed(setting));
            if (value >= 0 && value <= 1) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Told below, as a number beyond the limits is.
        }
        throw wrong(setting, "a share, 0…1, such as 0.1");
    }

    /// Empty, or the address of an OTLP receiver; a path that is left out is the usual one.
    String receiver(Setting setting) {
        String text = trimmed(setting);
        if (text.isEmpty()) {
            return text;
        }
        try {
            URI uri = new URI(text);
            boolean web = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
            if (web && uri.getHost() != null && uri.getRawUserInfo() == null && uri.getRawFragment() == null) {
                boolean bare = uri.getRawPath().isEmpty() || uri.getRawPath().equals("/");
                return bare && uri.getRawQuery() == null
                        ? uri.resolve("/v1/traces").toString()
                        : text;
            }
        } catch (URISyntaxException e) {
            // Told below.
        }
        throw wrong(setting, "an http or https URL without a password, such as http://localhost:4318");
    }

    /// An age at which something ends; zero for `never` and 0.
    Duration age(Setting setting) {
        String text = trimmed(setting);
        if (text.equals("never") || text.equals("0")) {
            return Duration.ZERO;
        }
        Matcher matcher = AGE.matcher(text);
        if (matcher.matches()) {
            long number = Long.parseLong(matcher.group(1));
            Duration age = switch (matcher.group(2)) {
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                default -> Duration.ofDays(number);
            };
            if (age.compareTo(AGE_MIN) >= 0 && age.compareTo(AGE_MAX) <= 0) {
                return age;
            }
        }
        throw wrong(setting, "an age of 1h to 36500d, such as 30d, 12h or 90m, or never");
    }

    /// What [#age] reads.
    static String text(Duration age) {
        if (age.isZero()) {
            return "never";
        } else if (age.toMinutes() % 60 != 0) {
            return age.toMinutes() + "m";
        }
        return age.toHours() % 24 == 0 ? age.toDays() + "d" : age.toHours() + "h";
    }

    boolean yesOrNo(Setting setting) {
        return switch (trimmed(setting).toLowerCase(Locale.ROOT)) {
            case "true", "yes", "on", "1" -> true;
            case "false", "no", "off", "0" -> false;
            default -> throw wrong(setting, "true or false");
        };
    }

    <E extends Enum<E>> E word(Setting setting, Class<E> type) {
        String text = trimmed(setting);
        List<String> words = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            String word = constant.name().toLowerCase(Locale.ROOT);
            if (word.equals(text.toLowerCase(Locale.ROOT))) {
                return constant;
            }
            words.add(word);
        }
        String last = words.removeLast();
        throw wrong(setting, String.join(", ", words) + " or " + last);
    }

    String address(Setting setting) {
        String text = trimmed(setting);
        if (!ADDRESS.matcher(text).matches()) {
            throw wrong(setting, "an address or a host name without a port, such as 127.0.0.1, 0.0.0.0 or ::1");
        }
        return text;
    }

    String name(Setting setting, Supplier<String> otherwise) {
        String text = trimmed(setting);
        if (text.isEmpty()) {
            return otherwise.get();
        }
        if (!NAME.matcher(text).matches()) {
            throw wrong(setting, "1…255 letters, digits, dots, dashes and underscores, such as gateway-1");
        }
        return text;
    }

    /// Empty, or a JDBC URL of PostgreSQL without user and password before its host: the driver would take them
    /// for a part of the host's name, and tell that. The sentence shows it without its password.
    String jdbcUrl(Setting setting) {
        String text = trimmed(setting);
        if (!text.isEmpty() && !text.startsWith("jdbc:postgresql:")) {
            throw CannotStart.setting(settings.subject(setting) + " is '" + ConfigText.withoutPassword(text)
                    + "'; it must be a JDBC URL, such as jdbc:postgresql://localhost:5432/supervisor");
        }
        if (ConfigText.hasUserBeforeHost(text)) {
            throw CannotStart.setting(settings.subject(setting) + " holds user:password@host, which JDBC does not take;"
                    + " use db_user and SUPERVISOR_DB_PASSWORD");
        }
        return text;
    }

    List<String> hosts(Setting setting) {
        List<String> hosts = list(setting);
        for (String host : hosts) {
            if (!HOST.matcher(host).matches()) {
                throw wrong(setting, "host names without scheme and port, such as supervisor.example.com");
            }
        }
        return hosts.stream().map(host -> host.toLowerCase(Locale.ROOT)).toList();
    }

    List<String> origins(Setting setting) {
        List<String> origins = list(setting);
        for (String origin : origins) {
            if (!isOrigin(origin)) {
                throw wrong(setting, "origins of scheme, host and port only, such as https://tools.example.com");
            }
        }
        return origins.stream().map(origin -> origin.toLowerCase(Locale.ROOT)).toList();
    }

    private static boolean isOrigin(String text) {
        try {
            URI uri = new URI(text);
            return uri.getHost() != null
                    && ("http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme()))
                    && uri.getRawPath().isEmpty()
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null
                    && uri.getRawUserInfo() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }

    /// Two settings that depend on each other.
    void atLeast(Setting setting, double value, Setting other, double otherValue, int times) {
        if (value < otherValue * times) {
            throw wrong(
                    setting,
                    "at least " + (times == 1 ? "" : times + " times ") + other.key() + ", which is "
                            + settings.text(other));
        }
    }

    private List<String> list(Setting setting) {
        List<String> items = new ArrayList<>();
        for (String item : settings.text(setting).split(",", -1)) {
            if (!item.isBlank()) {
                items.add(item.strip());
            }
        }
        return items;
    }

    private String trimmed(Setting setting) {
        return settings.text(setting).strip();
    }

    private CannotStart wrong(Setting setting, String wanted) {
        return CannotStart.setting(
                settings.subject(setting) + " is '" + settings.text(setting) + "'; it must be " + wanted);
    }
}
