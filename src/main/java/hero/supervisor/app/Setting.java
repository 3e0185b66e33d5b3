package hero.supervisor.app;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Every setting of `serve`, in the order in which help and `--print-config` show them. One name has three
/// spellings: `db_url` in a YAML file, `--db-url` as a flag, `SUPERVISOR_DB_URL` in the environment. A new
/// setting is a line here and a component of [Config]; flags, environment, file, help and the printed form follow
/// from it.
public enum Setting {
    BIND("127.0.0.1", "ADDRESS", "address to listen on; 0.0.0.0 for every network"),
    PORT("3030", "N", "port to listen on; 0 takes a free one"),
    DB_URL("", "URL", "PostgreSQL 15 or newer, as jdbc:postgresql://host:5432/name; several hosts by commas"),
    DB_USER("", "NAME", "user of the database; else the one of the URL, else the one of this system"),
    DB_PASSWORD("", "PASSWORD", "its password; better in the environment, as flags show in the list of processes"),
    DB_POOL("10", "N", "connections to the database, 2…500"),
    DB_WAIT_MS(
            "30000",
            "MS",
            "a database that cannot be reached at start is waited for so long, 0…3600000; commands that look wait 5000"),
    MIGRATE("true", "BOOL", "bring the schema up to date at start"),
    MESSAGE_BYTES("1048576", "N", "largest request in bytes, 1024…268435456"),
    TIMEOUT_DEFAULT_S("300", "SECONDS", "timeout of a job that names none, above 0, at most timeout_max_s"),
    TIMEOUT_MAX_S("31536000", "SECONDS", "longest timeout that a job may name, above 0, at most 3153600000"),
    HEARTBEAT_MS("10000", "MS", "a runner reports so often, 100…600000"),
    LEASE_MS("30000", "MS", "a runner silent for so long has lost its jobs, 200…3600000, at least twice heartbeat_ms"),
    RESUME_GRACE_MS("10000", "MS", "a runner whose connection broke may come back so long, 0…3600000"),
    REDELIVERIES("2", "N", "a job whose runner was lost is handed out again so often, 0…100"),
    STOP_GRACE_MS("10000", "MS", "a job told to stop may tidy up so long before it is killed, 0…3600000"),
    ORIGINS("", "LIST", "web origins that may call, as https://tools.example.com; several by commas"),
    HOSTS("", "LIST", "names under which the server is reached, besides its address; several by commas"),
    ANONYMOUS("local", "local|never", "calls without a secret: from this machine only, or never"),
    METRICS("guarded", "guarded|open", "who may read /metrics: this machine and admins, or everybody"),
    DRAIN_MS("10000", "MS", "calls at work may take so long to end when the server stops, 0…3600000"),
    LOG_FORMAT("text", "text|json", "lines of the log: for people, or one JSON object each"),
    LOG_LEVEL("info", "LEVEL", "what is logged: error, warn, info, debug or trace; admin.log_level changes it later"),
    KEEP_CREATED("never", "AGE", "a job that nobody starts is kept so long, as 30d, 12h or 90m, 1h…36500d, or never"),
    KEEP_COMPLETED("30d", "AGE", "a completed job is kept so long after its end, 1h…36500d, or never removed"),
    KEEP_FAILED("90d", "AGE", "a failed or timed-out job is kept so long after its end, 1h…36500d, or never removed"),
    KEEP_EVENTS(
            "30d",
            "AGE",
            "the log of transitions, which streams and reports read, is kept so long, 1h…36500d, or never removed"),
    KEEP_LOGS("14d", "AGE", "what jobs print is kept so long, 1h…36500d, or never removed"),
    KEEP_FIGURES("400d", "AGE", "figures per hour and day are kept so long, 1h…36500d, or never removed"),
    KEEP_AUDIT("400d", "AGE", "the audit trail is kept so long, 1h…36500d, or never removed"),
    TRACE_ENDPOINT(
            "", "URL", "where spans go by OTLP over HTTP, as http://localhost:4318; without it nothing is traced"),
    TRACE_RATIO("1", "SHARE", "of the calls without a traceparent so many begin a trace, 0…1"),
    NODE_NAME("", "NAME", "name of this process among several on one database; the machine's name and the process id");

    private final String fallback;
    private final String label;
    private final String help;

    Setting(String fallback, String label, String help) {
        this.fallback = fallback;
        this.label = label;
        this.help = help;
    }

    /// As in a YAML file: `db_url`.
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// As a flag: `--db-url`.
    public String flag() {
        return "--" + key().replace('_', '-');
    }

    /// As a variable of the environment: `SUPERVISOR_DB_URL`.
    public String variable() {
        return "SUPERVISOR_" + name();
    }

    /// As `dev` leaves it in `dev.env`: `SUPERVISOR_DEV_DB_URL`. Not the name above: a gateway that is started
    /// where that file was read in has a database of its own.
    public String devVariable() {
        return "SUPERVISOR_DEV_" + name();
    }

    /// The value when nobody sets it; empty when there is none.
    public String fallback() {
        return fallback;
    }

    /// What stands for the value in help.
    public String label() {
        return label;
    }

    /// One line for people, limits included.
    public String help() {
        return help;
    }

    /// The setting that a YAML file calls `key`.
    static Optional<Setting> of(String key) {
        for (Setting setting : values()) {
            if (setting.key().equals(key)) {
                return Optional.of(setting);
            }
        }
        return Optional.empty();
    }

    static List<String> keys() {
        List<String> keys = new ArrayList<>();
        for (Setting setting : values()) {
            keys.add(setting.key());
        }
        return keys;
    }
}
