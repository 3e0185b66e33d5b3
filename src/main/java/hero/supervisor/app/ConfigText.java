package hero.supervisor.app;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/// SettingLayers as YAML that people can read, and that `--config` can read again: with the place of each value,
/// without passwords. What may not be shown, and what differs from process to process, is a comment.
public final class ConfigText {
    private static final Pattern QUERY = Pattern.compile("(?i)((?:password|sslpassword)=)[^&]*");
    /// Also when the password has a `/` or `?` in it; no port, and no `@` in a parameter.
    private static final Pattern PASSWORD = Pattern.compile("(//[^:/?@\\[]*:)(?!\\d*(?:[,/?]|$)).*@");

    private static final Pattern USER = Pattern.compile("//[^/?]*@");

    private ConfigText() {}

    /// One line per setting: `port: 3030  # default`.
    public static String of(SettingLayers written) {
        SettingLayers settings = written.withoutUserInUrl();
        Config config = Config.of(settings);
        StringBuilder text = new StringBuilder();
        Map<Setting, String> sources = settings.sources();
        sources.forEach((setting, source) -> text.append(isComment(setting, settings, config) ? "# " : "")
                .append(setting.key())
                .append(": ")
                .append(shown(setting, config))
                .append("  # ")
                .append(source)
                .append('\n'));
        return text.toString();
    }

    private static boolean isComment(Setting setting, SettingLayers settings, Config config) {
        return switch (setting) {
            case DB_PASSWORD -> !config.dbPassword().isEmpty();
            case DB_URL -> !config.dbUrlShown().equals(config.dbUrl());
            case DB_USER, NODE_NAME -> settings.text(setting).isEmpty();
            default -> false;
        };
    }

    /// A URL with `***` for each password in it.
    static String withoutPassword(String url) {
        return PASSWORD.matcher(QUERY.matcher(url).replaceAll("$1***")).replaceAll("$1***@");
    }

    /// True for `//user@host` and `//user:password@host`.
    static boolean hasUserBeforeHost(String url) {
        return USER.matcher(url).find() || PASSWORD.matcher(url).find();
    }

    private static String shown(Setting setting, Config config) {
        return switch (setting) {
            case BIND -> quoted(config.bind());
            case PORT -> String.valueOf(config.port());
            case DB_URL -> quoted(config.dbUrlShown());
            case DB_USER -> quoted(config.dbUser());
            case DB_PASSWORD -> quoted(config.dbPassword().isEmpty() ? "" : "***");
            case DB_POOL -> String.valueOf(config.dbPool());
            case DB_WAIT_MS -> String.valueOf(config.dbWaitMs());
            case MIGRATE -> String.valueOf(config.migrate());
            case MESSAGE_BYTES -> String.valueOf(config.messageBytes());
            case TIMEOUT_DEFAULT_S -> plain(config.timeoutDefaultS());
            case TIMEOUT_MAX_S -> plain(config.timeoutMaxS());
            case HEARTBEAT_MS -> String.valueOf(config.heartbeatMs());
            case LEASE_MS -> String.valueOf(config.leaseMs());
            case RESUME_GRACE_MS -> String.valueOf(config.resumeGraceMs());
            case REDELIVERIES -> String.valueOf(config.redeliveries());
            case STOP_GRACE_MS -> String.valueOf(config.stopGraceMs());
            case ORIGINS -> listed(config.origins());
            case HOSTS -> listed(config.hosts());
            case ANONYMOUS -> config.anonymous().name().toLowerCase(Locale.ROOT);
            case METRICS -> config.metrics().name().toLowerCase(Locale.ROOT);
            case DRAIN_MS -> String.valueOf(config.drainMs());
            case LOG_FORMAT -> config.logFormat().name().toLowerCase(Locale.ROOT);
            case LOG_LEVEL -> config.logLevel().name().toLowerCase(Locale.ROOT);
            case KEEP_CREATED -> SettingsReader.text(config.keep().created());
            case KEEP_COMPLETED -> SettingsReader.text(config.keep().completed());
            case KEEP_FAILED -> SettingsReader.text(config.keep().failed());
            case KEEP_EVENTS -> SettingsReader.text(config.keep().events());
            case KEEP_LOGS -> SettingsReader.text(config.keep().logs());
            case KEEP_FIGURES -> SettingsReader.text(config.keep().figures());
            case KEEP_AUDIT -> SettingsReader.text(config.keep().audit());
            case TRACE_ENDPOINT -> quoted(config.traceEndpoint());
            case TRACE_RATIO -> plain(config.traceRatio());
            case NODE_NAME -> quoted(config.nodeName());
        };
    }

    private static String listed(List<String> items) {
        return items.stream().map(ConfigText::quoted).toList().toString();
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? String.valueOf((long) number) : String.valueOf(number);
    }
}
