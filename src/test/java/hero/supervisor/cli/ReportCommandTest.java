package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.app.Config;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jspecify.annotations.Nullable;

final class ReportCommandTest {
    private final FakeFloors floors = new FakeFloors();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Path folder = Path.of("");

    private int run(String... args) {
        return run(Map.of(), args);
    }

    private int run(Map<String, String> more, String... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        Map<String, String> env = new LinkedHashMap<>(Map.of("SUPERVISOR_DB_URL", "jdbc:postgresql://db/x"));
        env.putAll(more);
        return Main.run(
                args,
                new Shell(
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        InputStream.nullInputStream(),
                        env,
                        folder,
                        false,
                        Time.system(),
                        floors));
    }

    private static Map<String, @Nullable Object> row(@Nullable Object... pairs) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            row.put(String.valueOf(pairs[i]), pairs[i + 1]);
        }
        return row;
    }

    private void hours() {
        floors.reported.add(row("at", "2026-03-01T10:00:00Z", "accepted", 4L, "completed", 4L, "wait_p50_s", 0.00095));
        floors.reported.add(row("at", "2026-03-01T11:00:00Z", "accepted", 8L, "completed", 2L, "wait_p50_s", 7000.0));
    }

    @Test
    void throughput_of_a_day_is_the_default_with_a_line_and_bars() {
        hours();
        assertEquals(Exit.OK, run("report"));
        assertEquals(List.of("throughput", Duration.ofHours(24)), floors.started.subList(1, 3));
        List<String> lines = out.toString().lines().toList();
        assertEquals("accepted   ▅█  12", lines.getFirst());
        assertEquals("completed  █▅  6", lines.get(1));
        assertTrue(lines.get(3).startsWith("AT                ACCEPTED  COMPLETED"), lines.toString());
        assertTrue(lines.get(4).startsWith("2026-03-01 10:00  4"), lines.toString());
        assertTrue(lines.get(4).contains("0.950ms") && lines.get(4).endsWith("█".repeat(12)), lines.toString());
        assertTrue(lines.get(5).contains("116.7m") && lines.get(5).endsWith("█".repeat(24)), lines.toString());
    }

    @Test
    void a_bar_grows_by_eighths() {
        assertEquals("", ReportText.bar(0, 10));
        assertEquals("▏", ReportText.bar(1e-9, 10));
        assertEquals("█▌", ReportText.bar(1.5, 24));
        assertEquals(24, ReportText.bar(30, 24).length());
        assertEquals("", ReportText.bar(1, 0));
    }

    @Test
    void json_gives_every_column() {
        hours();
        assertEquals(Exit.OK, run("report", "throughput", "--since", "90m", "--json"));
        assertEquals(Duration.ofMinutes(90), floors.started.get(2));
        assertTrue(out.toString().startsWith("[{\"at\":\"2026-03-01T10:00:00Z\",\"accepted\":4,"), out.toString());
    }

    @Test
    void csv_quotes_what_needs_it() {
        floors.reported.add(row("error_head", "a \"b\", c", "jobs", 2L, "queue", null));
        assertEquals(Exit.OK, run("report", "failures", "--csv"));
        assertEquals("error_head,jobs,queue\n\"a \"\"b\"\", c\",2,\n", out.toString());
    }

    @Test
    void nothing_is_said_to_be_nothing() {
        assertEquals(Exit.OK, run("report", "slow", "--since", "7d"));
        assertEquals("nothing to report of the jobs accepted in that time\n", out.toString());
        assertEquals(Exit.OK, run("report"));
        assertEquals("nothing to report in that time\n", out.toString());
        assertEquals(Exit.OK, run("report", "slow", "--json"));
        assertEquals("[]\n", out.toString());
    }

    @Test
    void figures_can_be_counted_again() {
        assertEquals(Exit.OK, run("report", "rebuild"));
        assertTrue(out.toString().startsWith("7 events counted"), out.toString());
    }

    @Test
    void the_role_of_the_reports_gets_its_password_from_the_environment_only() {
        assertEquals(Exit.USAGE, run("report", "login"));
        assertTrue(err.toString().contains("SUPERVISOR_REPORT_PASSWORD"), err.toString());
        assertEquals(Exit.OK, run(Map.of("SUPERVISOR_REPORT_PASSWORD", "s3cret"), "report", "login"));
        assertEquals("s3cret", floors.started.getLast());
        assertTrue(!out.toString().contains("s3cret"), out.toString());
    }

    @Test
    void where_no_database_is_named_it_is_that_of_dev(@TempDir Path folder) throws IOException {
        this.folder = folder;
        Files.createDirectory(folder.resolve(".supervisor"));
        Files.writeString(folder.resolve(DevEnv.FILE), """
                SUPERVISOR_DEV_DB_URL=jdbc:postgresql://dev/x
                SUPERVISOR_DEV_DB_USER=me
                SUPERVISOR_DEV_DB_PASSWORD=s3cret
                """);
        Map<String, String> unnamed = Map.of("SUPERVISOR_DB_URL", "");
        assertEquals(Exit.OK, run(unnamed, "report"));
        assertEquals(List.of("jdbc:postgresql://dev/x", "me", "s3cret"), database());
        Map<String, String> sourced = Map.of("SUPERVISOR_DB_URL", "", "SUPERVISOR_DEV_DB_URL", "jdbc:postgresql://e/x");
        assertEquals(Exit.OK, run(sourced, "report"));
        assertEquals("jdbc:postgresql://e/x", database().getFirst());
        assertEquals(Exit.USAGE, run(unnamed, "report", "--db-user", "supervisor_report"));
        assertTrue(err.toString().contains("no database is named"), err.toString());
        assertEquals(Exit.OK, run("report"));
        assertEquals("jdbc:postgresql://db/x", database().getFirst());
    }

    /// Of the last report.
    private List<String> database() {
        Config config = (Config) floors.started.get(floors.started.size() - 3);
        return List.of(config.dbUrl(), config.dbUser(), config.dbPassword());
    }

    @Test
    void wrong_usage_is_told_in_a_sentence() {
        assertEquals(Exit.USAGE, run("report", "weather"));
        assertEquals(
                "supervisor: there is no 'report weather'; there are throughput, failures, runners, queues, slow, rebuild, login\n",
                err.toString());
        assertEquals(Exit.USAGE, run("report", "--since", "soon"));
        assertEquals(
                "supervisor: --since is 'soon'; it must be a number with s, m, h or d, such as 30m, 24h or 7d\n",
                err.toString());
        assertEquals(Exit.USAGE, run("report", "--since", "36501d"));
        assertEquals("supervisor: --since is '36501d'; it must be at most 36500d\n", err.toString());
        assertEquals(Exit.USAGE, run("report", "--csv", "--json"));
        assertEquals("supervisor: report takes --csv or --json, not both\n", err.toString());
        assertEquals(List.of(), floors.started);
    }
}
