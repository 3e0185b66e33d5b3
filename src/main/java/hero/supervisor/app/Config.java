package hero.supervisor.app;

import hero.supervisor.store.Retention;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// All settings of `serve` and `dev`, complete and checked. Durations are in the unit that ends their name.
///
/// @param bind address to listen on
/// @param port to listen on; 0 takes a free one
/// @param dbUrl JDBC URL of PostgreSQL, without user and password; empty when there is none yet, as before the
/// embedded one runs
/// @param dbUser of the database: the setting, else the one of the URL, else the one of this system
/// @param dbPassword never printed
/// @param dbPool connections to the database
/// @param dbWaitMs for a database that cannot be reached at start
/// @param migrate bring the schema up to date at start
/// @param messageBytes largest request
/// @param timeoutDefaultS for a job that names none
/// @param timeoutMaxS the longest that a job may name
/// @param heartbeatMs between two reports of a runner
/// @param leaseMs silence after which a runner has lost its jobs
/// @param resumeGraceMs for a runner whose connection broke
/// @param redeliveries of a job whose runner was lost
/// @param stopGraceMs between the request to stop and the kill
/// @param origins foreign web origins that may call
/// @param hosts further names that the `Host` header may hold
/// @param anonymous who may call without a secret
/// @param metrics who may read `/metrics`
/// @param drainMs for calls at work when the server stops
/// @param logFormat of the lines on standard error
/// @param logLevel of this program's own lines
/// @param keep how long jobs, logs and history are kept
/// @param traceEndpoint where spans go; empty when nothing is traced
/// @param traceRatio of the calls without a traceparent that begin a trace
/// @param nodeName of this process among several on one database
///
/// Source: contract §2, §5, §6.
public record Config(
        String bind,
        int port,
        String dbUrl,
        String dbUser,
        String dbPassword,
        int dbPool,
        long dbWaitMs,
        boolean migrate,
        int messageBytes,
        double timeoutDefaultS,
        double timeoutMaxS,
        long heartbeatMs,
        long leaseMs,
        long resumeGraceMs,
        int redeliveries,
        long stopGraceMs,
        List<String> origins,
        List<String> hosts,
        Anonymous anonymous,
        Metrics metrics,
        long drainMs,
        LogFormat logFormat,
        LogLevel logLevel,
        Retention.Ages keep,
        String traceEndpoint,
        double traceRatio,
        String nodeName) {

    /// Calls without a secret: in protected mode's corner, or nowhere. Source: contract §5.
    public enum Anonymous {
        LOCAL,
        NEVER
    }

    /// `GET /metrics`: as protected mode lets callers in, or for everybody.
    public enum Metrics {
        GUARDED,
        OPEN
    }

    /// The lines of the log.
    public enum LogFormat {
        TEXT,
        JSON
    }

    /// What is logged: this and what is more urgent.
    public enum LogLevel {
        ERROR,
        WARN,
        INFO,
        DEBUG,
        TRACE
    }

    public Config {
        origins = List.copyOf(origins);
        hosts = List.copyOf(hosts);
    }

    /// What people wrote, checked. `file` is the YAML file, if there is one. [CannotStart] names the first
    /// setting that is wrong, its value, where it was written, and what would do.
    public static Config of(Map<Setting, String> flags, Map<String, String> environment, @Nullable Path file) {
        return of(settings(flags, environment, file));
    }

    /// The layers of [#of(Map, Map, Path)] before they are checked, for [ConfigText].
    public static SettingLayers settings(
            Map<Setting, String> flags, Map<String, String> environment, @Nullable Path file) {
        SettingLayers settings = SettingLayers.none();
        if (file != null) {
            settings = settings.withFile(SettingsFile.read(file));
        }
        return settings.withEnvironment(environment).withFlags(flags);
    }

    /// These values and fallbacks for the rest; for callers that set few, such as `dev` and tests.
    public static Config with(Map<Setting, String> values) {
        return of(values, Map.of(), null);
    }

    /// `settings`, checked.
    public static Config of(SettingLayers settings) {
        SettingsReader reader = new SettingsReader(settings.withoutUserInUrl());
        Config config = new Config(
                reader.address(Setting.BIND),
                (int) reader.whole(Setting.PORT, 0, 65_535),
                reader.jdbcUrl(Setting.DB_URL),
                reader.text(Setting.DB_USER).isEmpty()
                        ? System.getProperty("user.name", "")
                        : reader.text(Setting.DB_USER),
                reader.text(Setting.DB_PASSWORD),
                (int) reader.whole(Setting.DB_POOL, 2, 500),
                reader.whole(Setting.DB_WAIT_MS, 0, 3_600_000),
                reader.yesOrNo(Setting.MIGRATE),
                (int) reader.whole(Setting.MESSAGE_BYTES, 1024, 256 << 20),
                reader.seconds(Setting.TIMEOUT_DEFAULT_S),
                reader.seconds(Setting.TIMEOUT_MAX_S),
                reader.whole(Setting.HEARTBEAT_MS, 100, 600_000),
                reader.whole(Setting.LEASE_MS, 200, 3_600_000),
                reader.whole(Setting.RESUME_GRACE_MS, 0, 3_600_000),
                (int) reader.whole(Setting.REDELIVERIES, 0, 100),
                reader.whole(Setting.STOP_GRACE_MS, 0, 3_600_000),
                reader.origins(Setting.ORIGINS),
                reader.hosts(Setting.HOSTS),
                reader.word(Setting.ANONYMOUS, Anonymous.class),
                reader.word(Setting.METRICS, Metrics.class),
                reader.whole(Setting.DRAIN_MS, 0, 3_600_000),
                reader.word(Setting.LOG_FORMAT, LogFormat.class),
                reader.word(Setting.LOG_LEVEL, LogLevel.class),
                new Retention.Ages(
                        reader.age(Setting.KEEP_CREATED),
                        reader.age(Setting.KEEP_COMPLETED),
                        reader.age(Setting.KEEP_FAILED),
                        reader.age(Setting.KEEP_EVENTS),
                        reader.age(Setting.KEEP_LOGS),
                        reader.age(Setting.KEEP_FIGURES),
                        reader.age(Setting.KEEP_AUDIT)),
                reader.receiver(Setting.TRACE_ENDPOINT),
                reader.share(Setting.TRACE_RATIO),
                reader.name(Setting.NODE_NAME, Config::machine));
        reader.atLeast(Setting.LEASE_MS, (double) config.leaseMs, Setting.HEARTBEAT_MS, (double) config.heartbeatMs, 2);
        reader.atLeast(Setting.TIMEOUT_MAX_S, config.timeoutMaxS, Setting.TIMEOUT_DEFAULT_S, config.timeoutDefaultS, 1);
        return config;
    }

    /// The same with this database: `dev` knows it only once the embedded PostgreSQL runs.
    public Config withDatabase(String url, String user, String password) {
        return new Config(
                bind,
                port,
                url,
                user,
                password,
                dbPool,
                dbWaitMs,
                migrate,
                messageBytes,
                timeoutDefaultS,
                timeoutMaxS,
                heartbeatMs,
                leaseMs,
                resumeGraceMs,
                redeliveries,
                stopGraceMs,
                origins,
                hosts,
                anonymous,
                metrics,
                drainMs,
                logFormat,
                logLevel,
                keep,
                traceEndpoint,
                traceRatio,
                nodeName);
    }

    /// Itself when there is a database; else [CannotStart] that tells how to name one.
    public Config requireDatabase() {
        if (dbUrl.isEmpty()) {
            throw CannotStart.setting("no database is named: set SUPERVISOR_DB_URL (or --db-url) to a PostgreSQL, as in"
                    + " jdbc:postgresql://localhost:5432/supervisor, or use 'supervisor dev', which brings its own");
        }
        return this;
    }

    /// [CannotStart] when the name to listen on has no address. Asked before a database is waited for.
    void requireAddress() {
        try {
            InetAddress.getByName(bind);
        } catch (UnknownHostException e) {
            throw new CannotStart(
                    CannotStart.Reason.SETTING,
                    "bind is '" + bind + "', a name that has no address; use 127.0.0.1, 0.0.0.0 for every network, or"
                            + " a name or address of this machine",
                    e);
        }
    }

    /// The database's URL as it may be shown: without a password.
    public String dbUrlShown() {
        return ConfigText.withoutPassword(dbUrl);
    }

    /// Unlike two processes' on one machine.
    private static String machine() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "node";
        }
        String plain = host.replaceAll("[^A-Za-z0-9._-]", "-");
        return plain.substring(0, Math.min(plain.length(), 100)) + "-"
                + ProcessHandle.current().pid();
    }

    /// The password never reaches a log.
    @Override
    public String toString() {
        return "Config[" + bind + ":" + port + ", " + dbUrlShown() + "]";
    }
}
