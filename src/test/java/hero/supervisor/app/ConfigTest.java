package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ConfigTest {
    /// A value for each setting that is valid and not its fallback, as written and as `--print-config` shows it.
    private static final Map<Setting, List<String>> OTHER = new EnumMap<>(Map.ofEntries(
            Map.entry(Setting.BIND, List.of("0.0.0.0", "'0.0.0.0'")),
            Map.entry(Setting.PORT, List.of("4000", "4000")),
            Map.entry(Setting.DB_URL, List.of("jdbc:postgresql://a:1,b:2/x", "'jdbc:postgresql://a:1,b:2/x'")),
            Map.entry(Setting.DB_USER, List.of("jobs", "'jobs'")),
            Map.entry(Setting.DB_PASSWORD, List.of("top secret", "'***'")),
            Map.entry(Setting.DB_POOL, List.of("33", "33")),
            Map.entry(Setting.DB_WAIT_MS, List.of("2000", "2000")),
            Map.entry(Setting.MIGRATE, List.of("false", "false")),
            Map.entry(Setting.MESSAGE_BYTES, List.of("8388608", "8388608")),
            Map.entry(Setting.TIMEOUT_DEFAULT_S, List.of("0.5", "0.5")),
            Map.entry(Setting.TIMEOUT_MAX_S, List.of("3600", "3600")),
            Map.entry(Setting.HEARTBEAT_MS, List.of("1000", "1000")),
            Map.entry(Setting.LEASE_MS, List.of("60000", "60000")),
            Map.entry(Setting.RESUME_GRACE_MS, List.of("0", "0")),
            Map.entry(Setting.REDELIVERIES, List.of("7", "7")),
            Map.entry(Setting.STOP_GRACE_MS, List.of("1", "1")),
            Map.entry(Setting.ORIGINS, List.of("https://a.example", "['https://a.example']")),
            Map.entry(Setting.HOSTS, List.of("a.example, B.example", "['a.example', 'b.example']")),
            Map.entry(Setting.ANONYMOUS, List.of("never", "never")),
            Map.entry(Setting.METRICS, List.of("open", "open")),
            Map.entry(Setting.DRAIN_MS, List.of("2", "2")),
            Map.entry(Setting.LOG_FORMAT, List.of("json", "json")),
            Map.entry(Setting.LOG_LEVEL, List.of("WARN", "warn")),
            Map.entry(Setting.KEEP_CREATED, List.of("48h", "2d")),
            Map.entry(Setting.KEEP_COMPLETED, List.of("90m", "90m")),
            Map.entry(Setting.KEEP_FAILED, List.of("0", "never")),
            Map.entry(Setting.KEEP_EVENTS, List.of("7d", "7d")),
            Map.entry(Setting.KEEP_LOGS, List.of("25h", "25h")),
            Map.entry(Setting.KEEP_FIGURES, List.of("never", "never")),
            Map.entry(Setting.KEEP_AUDIT, List.of("36500d", "36500d")),
            Map.entry(Setting.TRACE_ENDPOINT, List.of("http://otel:4318", "'http://otel:4318/v1/traces'")),
            Map.entry(Setting.TRACE_RATIO, List.of("0.25", "0.25")),
            Map.entry(Setting.NODE_NAME, List.of("gateway-1", "'gateway-1'"))));

    /// Settings that take any text.
    private static final Set<Setting> FREE = Set.of(Setting.DB_USER, Setting.DB_PASSWORD);

    @TempDir
    Path folder;

    private Path yaml(String text) throws IOException {
        return Files.writeString(folder.resolve("prod.yaml"), text);
    }

    private static String sentence(Map<Setting, String> flags, Map<String, String> environment) {
        return String.valueOf(assertThrows(CannotStart.class, () -> Config.of(flags, environment, null))
                .getMessage());
    }

    private String fileSentence(String text) throws IOException {
        Path file = yaml(text);
        return String.valueOf(assertThrows(CannotStart.class, () -> Config.of(Map.of(), Map.of(), file))
                .getMessage());
    }

    private static String shown(Setting setting, SettingLayers layers) {
        return ConfigText.of(layers)
                .lines()
                .map(line -> line.startsWith("# ") ? line.substring(2) : line)
                .filter(line -> line.startsWith(setting.key() + ":"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void nothing_written_gives_the_values_of_the_contract() {
        Config config = Config.with(Map.of());
        assertEquals("127.0.0.1", config.bind());
        assertEquals(3030, config.port());
        assertEquals("", config.dbUrl());
        assertTrue(config.migrate());
        assertEquals(1 << 20, config.messageBytes());
        assertEquals(300, config.timeoutDefaultS());
        assertEquals(10_000, config.heartbeatMs());
        assertEquals(30_000, config.leaseMs());
        assertEquals(10_000, config.resumeGraceMs());
        assertEquals(2, config.redeliveries());
        assertEquals(10_000, config.stopGraceMs());
        assertEquals(List.of(), config.origins());
        assertEquals(Config.Anonymous.LOCAL, config.anonymous());
        assertFalse(config.nodeName().isBlank());
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void every_setting_is_taken_from_flag_environment_and_file(Setting setting) throws IOException {
        List<String> other = OTHER.getOrDefault(setting, List.of());
        String text = other.getFirst();
        String value = other.getLast();
        SettingLayers none = SettingLayers.none();
        assertEquals(
                setting.key() + ": " + value + "  # " + setting.flag(),
                shown(setting, none.withFlags(Map.of(setting, text))));
        assertEquals(
                setting.key() + ": " + value + "  # " + setting.variable(),
                shown(setting, none.withEnvironment(Map.of(setting.variable(), text))));
        Path file = yaml("# one\n" + setting.key() + ": '" + text + "'\n");
        assertEquals(
                setting.key() + ": " + value + "  # " + file + " line 2",
                shown(setting, Config.settings(Map.of(), Map.of(), file)));
        assertFalse(shown(setting, none).startsWith(setting.key() + ": " + value + "  "), "differs from the fallback");
    }

    @Test
    void a_flag_wins_over_the_environment_and_that_over_the_file() throws IOException {
        Path file = yaml("port: 1\nbind: '::1'\nredeliveries: 1\n");
        Map<String, String> environment = new TreeMap<>(Map.of("SUPERVISOR_PORT", "2", "SUPERVISOR_BIND", "::2"));
        Config config = Config.of(Map.of(Setting.PORT, "3"), environment, file);
        assertEquals(3, config.port());
        assertEquals("::2", config.bind());
        assertEquals(1, config.redeliveries());
    }

    @Test
    void an_empty_variable_counts_as_unset() {
        assertEquals(
                3030, Config.of(Map.of(), Map.of("SUPERVISOR_PORT", ""), null).port());
    }

    @Test
    void a_list_in_the_file_is_a_list() throws IOException {
        Path file = yaml("origins:\n  - https://a.example\n  - http://localhost:8080\n");
        assertEquals(
                List.of("https://a.example", "http://localhost:8080"),
                Config.of(Map.of(), Map.of(), file).origins());
    }

    @Test
    void the_printed_form_is_a_file_that_gives_the_same_settings() throws IOException {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        OTHER.forEach((setting, pair) -> flags.put(setting, pair.getFirst()));
        SettingLayers layers = SettingLayers.none().withFlags(flags);
        Config read = Config.of(Map.of(), Map.of(), yaml(ConfigText.of(layers)));
        assertEquals("", read.dbPassword(), "it is not shown, and nothing else is taken for it");
        flags.remove(Setting.DB_PASSWORD);
        assertEquals(Config.with(flags), read);
    }

    @Test
    void what_may_not_be_shown_or_is_of_this_process_only_is_printed_as_a_comment() throws IOException {
        Map<Setting, String> flags = Map.of(
                Setting.DB_PASSWORD, "hidden", Setting.DB_URL, "jdbc:postgresql://a/x?sslpassword=hidden&ssl=true");
        String printed = ConfigText.of(SettingLayers.none().withFlags(flags));
        String user = System.getProperty("user.name");
        for (String line : List.of(
                "# db_url: 'jdbc:postgresql://a/x?sslpassword=***&ssl=true'  # --db-url",
                "# db_password: '***'  # --db-password",
                "# db_user: '" + user + "'  # default",
                "# node_name: '" + Config.with(Map.of()).nodeName() + "'  # default")) {
            assertTrue(printed.lines().anyMatch(line::equals), line + " in " + printed);
        }
        assertEquals(Config.with(Map.of()), Config.of(Map.of(), Map.of(), yaml(printed)));
    }

    @ParameterizedTest
    @CsvSource({
        "jobs, 'jdbc:postgresql://a/x?user=other&ssl=true', jobs, jdbc:postgresql://a/x?ssl=true, --db-user",
        "'', 'jdbc:postgresql://a/x?ssl=true&user=a%40b', a@b, jdbc:postgresql://a/x?ssl=true, db_url",
        "'', jdbc:postgresql://a/x?user=other, other, jdbc:postgresql://a/x, db_url",
    })
    void the_user_is_the_setting_else_that_of_the_url(String set, String url, String user, String left, String source) {
        Map<Setting, String> flags = Map.of(Setting.DB_USER, set, Setting.DB_URL, url);
        Config config = Config.with(flags);
        assertEquals(user, config.dbUser());
        assertEquals(left, config.dbUrl());
        String printed = ConfigText.of(SettingLayers.none().withFlags(flags));
        assertTrue(printed.contains("\ndb_user: '" + user + "'  # " + source + "\n"), printed);
    }

    @Test
    void without_any_user_it_is_the_one_of_the_system_and_a_password_in_the_url_is_one() {
        assertEquals(
                System.getProperty("user.name"),
                Config.with(Map.of(Setting.DB_URL, "jdbc:postgresql://a/x")).dbUser());
        assertEquals(
                "a b",
                Config.with(Map.of(Setting.DB_URL, "jdbc:postgresql://a/x?password=a+b"))
                        .dbPassword());
        assertEquals(
                "db_url (from --db-url) has a user or password with a '%' that begins no escape; write %25",
                sentence(Map.of(Setting.DB_URL, "jdbc:postgresql://a/x?password=9%"), Map.of()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://me:hunter2@db/x",
                "jdbc:postgresql://me@db:5432/x",
                "jdbc:postgresql://a:5432,me:hunter2@b:5432/x",
                "jdbc:postgresql://me:hunter/2@db/x",
                "jdbc:postgresql://me:hunter?2@db/x",
                "jdbc:postgresql://:hunter2@db/x",
            })
    void an_url_with_a_user_before_its_host_is_refused_without_being_shown(String url) {
        assertEquals(
                "db_url (from SUPERVISOR_DB_URL) holds user:password@host, which JDBC does not take; use db_user and"
                        + " SUPERVISOR_DB_PASSWORD",
                sentence(Map.of(), Map.of("SUPERVISOR_DB_URL", url)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://db:5432/x?currentSchema=a@b",
                "jdbc:postgresql://db?options=a@b",
                "jdbc:postgresql://a:5432,b:5432/x?options=a:b@c",
                "jdbc:postgresql://[::1]:5432/x?options=a@b",
                "jdbc:postgresql:x",
            })
    void an_url_without_one_is_taken_and_printed_as_it_is(String url) {
        Config config = Config.with(Map.of(Setting.DB_URL, url));
        assertEquals(url, config.dbUrl());
        assertEquals(url, config.dbUrlShown());
    }

    @Test
    void a_name_to_listen_on_that_has_no_address_is_told_before_the_database_is_waited_for() {
        Config config =
                Config.with(Map.of(Setting.BIND, "nowhere.invalid", Setting.DB_URL, "jdbc:postgresql://127.0.0.1:1/x"));
        CannotStart why = assertThrows(CannotStart.class, () -> Supervisor.start(config));
        assertEquals(CannotStart.Reason.SETTING, why.reason());
        assertTrue(String.valueOf(why.getMessage()).startsWith("bind is 'nowhere.invalid', "), why.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PORT | 65536 | port (from --port) is '65536'; it must be a whole number, 0…65535",
                "PORT | http | port (from --port) is 'http'; it must be a whole number, 0…65535",
                "BIND | 127.0.0.1/8 | bind (from --bind) is '127.0.0.1/8'; it must be an address or a host name without a port, such as 127.0.0.1, 0.0.0.0 or ::1",
                "DB_POOL | 1 | db_pool (from --db-pool) is '1'; it must be a whole number, 2…500",
                "MIGRATE | maybe | migrate (from --migrate) is 'maybe'; it must be true or false",
                "TIMEOUT_DEFAULT_S | 0 | timeout_default_s (from --timeout-default-s) is '0'; it must be seconds above 0 and at most 3153600000",
                "TIMEOUT_DEFAULT_S | NaN | timeout_default_s (from --timeout-default-s) is 'NaN'; it must be seconds above 0 and at most 3153600000",
                "TIMEOUT_MAX_S | 299 | timeout_max_s (from --timeout-max-s) is '299'; it must be at least timeout_default_s, which is 300",
                "LEASE_MS | 19999 | lease_ms (from --lease-ms) is '19999'; it must be at least 2 times heartbeat_ms, which is 10000",
                "ORIGINS | * | origins (from --origins) is '*'; it must be origins of scheme, host and port only, such as https://tools.example.com",
                "ORIGINS | https://a.example/ | origins (from --origins) is 'https://a.example/'; it must be origins of scheme, host and port only, such as https://tools.example.com",
                "HOSTS | a:80 | hosts (from --hosts) is 'a:80'; it must be host names without scheme and port, such as supervisor.example.com",
                "ANONYMOUS | always | anonymous (from --anonymous) is 'always'; it must be local or never",
                "METRICS | public | metrics (from --metrics) is 'public'; it must be guarded or open",
                "LOG_FORMAT | xml | log_format (from --log-format) is 'xml'; it must be text or json",
                "LOG_LEVEL | loud | log_level (from --log-level) is 'loud'; it must be error, warn, info, debug or trace",
                "KEEP_LOGS | 59m | keep_logs (from --keep-logs) is '59m'; it must be an age of 1h to 36500d, such as 30d, 12h or 90m, or never",
                "KEEP_EVENTS | 36501d | keep_events (from --keep-events) is '36501d'; it must be an age of 1h to 36500d, such as 30d, 12h or 90m, or never",
                "KEEP_FAILED | 30 | keep_failed (from --keep-failed) is '30'; it must be an age of 1h to 36500d, such as 30d, 12h or 90m, or never",
                "TRACE_ENDPOINT | otel:4318 | trace_endpoint (from --trace-endpoint) is 'otel:4318'; it must be an http or https URL without a password, such as http://localhost:4318",
                "TRACE_RATIO | 1.1 | trace_ratio (from --trace-ratio) is '1.1'; it must be a share, 0…1, such as 0.1",
                "NODE_NAME | a b | node_name (from --node-name) is 'a b'; it must be 1…255 letters, digits, dots, dashes and underscores, such as gateway-1",
            })
    void a_wrong_value_is_told_with_its_setting_its_place_and_what_would_do(
            Setting setting, String value, String sentence) {
        assertEquals(sentence, sentence(Map.of(setting, value), Map.of()));
    }

    static Stream<Arguments> wrongFiles() {
        return Stream.of(
                Arguments.of("prot: 1", "line 1 names an unknown setting 'prot'; there are bind, port, db_url"),
                Arguments.of("port: 1\nport: 2", "line 2 sets 'port' a second time; keep one of them"),
                Arguments.of("port:\n  n: 1", "line 2 gives 'port' a mapping; write one value, or a list"),
                Arguments.of("- port", "line 1 is no mapping of settings; write lines such as 'port: 3030'"),
                Arguments.of("port: [1", "is no YAML"),
                Arguments.of("port: x", "port (from "));
    }

    @ParameterizedTest
    @MethodSource("wrongFiles")
    void a_wrong_file_is_told_with_its_line(String text, String part) throws IOException {
        String sentence = fileSentence(text);
        assertTrue(sentence.contains(part), sentence);
        assertTrue(sentence.contains("prod.yaml"), sentence);
    }

    @Test
    void a_missing_file_is_told() {
        Path missing = folder.resolve("none.yaml");
        String sentence = String.valueOf(assertThrows(CannotStart.class, () -> Config.of(Map.of(), Map.of(), missing))
                .getMessage());
        assertEquals("the configuration file " + missing + " does not exist", sentence);
    }

    @Test
    void an_empty_file_sets_nothing() throws IOException {
        assertEquals(3030, Config.of(Map.of(), Map.of(), yaml("# nothing\n")).port());
    }

    @Test
    void no_password_is_shown() {
        String sentence =
                sentence(Map.of(), Map.of("SUPERVISOR_DB_URL", "postgres://me:hunter2@db/x?password=hunter2"));
        assertFalse(sentence.contains("hunter2"), sentence);
        assertTrue(sentence.startsWith("db_url (from SUPERVISOR_DB_URL) is 'postgres://me:***@db/x?password=***'"));
        Map<Setting, String> flags = Map.of(
                Setting.DB_URL,
                "jdbc:postgresql://db/x?user=a&password=hunter2&ssl=true",
                Setting.DB_PASSWORD,
                "hunter2");
        String all = ConfigText.of(SettingLayers.none().withFlags(flags)) + Config.with(flags);
        assertFalse(all.contains("hunter2"), all);
        assertTrue(all.contains("# db_password: '***'"), all);
    }

    /// A row of the table in the docs.
    private static String row(Setting setting) {
        String fallback = setting.fallback().isEmpty() ? "" : "`" + setting.fallback() + "`";
        return "| `" + setting.key() + "` | `" + setting.flag() + "` | `" + setting.variable() + "` | " + fallback
                + " | " + setting.help().replace("|", "\\|") + " |";
    }

    @Test
    void the_docs_tell_every_setting_as_it_is() throws IOException {
        List<String> told = Files.readAllLines(Path.of("docs/CONFIGURATION.md")).stream()
                .filter(line -> line.startsWith("| `"))
                .toList();
        List<String> rows = Stream.of(Setting.values()).map(ConfigTest::row).toList();
        assertEquals(String.join("\n", rows), String.join("\n", told));
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void the_fallback_of_every_setting_is_a_value_that_it_takes(Setting setting) {
        String given = Config.settings(Map.of(setting, setting.fallback()), Map.of(), null)
                .text(setting);
        assertEquals(setting.fallback(), given);
        assertEquals(
                shown(setting, SettingLayers.none()).replace("# default", "# " + setting.flag()),
                shown(setting, SettingLayers.none().withFlags(Map.of(setting, setting.fallback()))));
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void a_wrong_value_of_any_setting_is_told_with_name_place_value_and_what_would_do(Setting setting) {
        String wrong = "\u00a7 wrong";
        if (FREE.contains(setting)) {
            assertEquals(
                    wrong,
                    Config.settings(Map.of(setting, wrong), Map.of(), null).text(setting));
            return;
        }
        String start = setting.key() + " (from " + setting.variable() + ") is '" + wrong + "'; it must be ";
        String sentence = sentence(Map.of(), Map.of(setting.variable(), wrong));
        assertTrue(sentence.startsWith(start) && sentence.length() > start.length() + 3, sentence);
    }

    @Test
    void a_server_without_database_is_told_how_to_name_one() {
        Config config = Config.with(Map.of());
        String sentence = String.valueOf(
                assertThrows(CannotStart.class, config::requireDatabase).getMessage());
        assertTrue(sentence.contains("SUPERVISOR_DB_URL") && sentence.contains("supervisor dev"), sentence);
    }
}
