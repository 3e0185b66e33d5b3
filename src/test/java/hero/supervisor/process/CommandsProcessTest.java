package hero.supervisor.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.FreePort;
import hero.supervisor.client.Tree;
import hero.supervisor.process.Processes.Command;
import hero.supervisor.store.PostgresFixture;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Server, runner and client commands as processes: what they print, in both forms, and how they exit.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class CommandsProcessTest {
    @TempDir
    static Path folder;

    private ServeFixture system;

    @BeforeAll
    void a_server_and_a_runner() {
        system = new ServeFixture(folder, Map.of());
        system.runner("r1", "--slots", "2");
    }

    @AfterAll
    void nothing_stays() {
        try (ServeFixture ends = system) {
            Command server = ends.server.signal("TERM");
            assertEquals(0, server.exit(), server::toString);
            assertTrue(server.out().endsWith("stopping\n"), server::toString);
        }
    }

    @Test
    void job_run_prints_the_output_or_the_error_and_exits_accordingly() {
        Command good = system.processes.start(system.as("user"), "job", "run", "-r", "r1", "-e", "sh", "echo hello");
        Command json =
                system.processes.start(system.as("user"), "job", "run", "--json", "-r", "r1", "-e", "sh", "echo hello");
        Command bad = system.user("job", "run", "-r", "r1", "-e", "sh", "echo why >&2; exit 4");
        assertEquals(List.of("hello"), good.ended().lines());
        assertEquals(0, good.exit());
        assertEquals("", good.err());
        assertEquals(Map.of("success", "hello"), Tree.parse(json.ended().out()));
        assertEquals(1, bad.exit());
        assertEquals("", bad.out());
        assertEquals("exit code 4\nwhy\n", bad.err());
    }

    @Test
    void a_job_is_created_started_asked_about_and_deleted() {
        String id = system.user("job", "create", "-r", "r1", "-e", "sh", "echo $((6 * 7))")
                .line();
        assertTrue(id.matches("[0-9a-f-]{36}"), id);
        assertEquals(
                "created", member(system.user("job", "status", "--json", id), "status"), "not started by creating it");
        Command started = system.user("job", "start", id);
        assertEquals(0, started.exit(), started::toString);
        assertEquals("", started.out());
        Command result = system.user("job", "result", id);
        assertEquals("42", result.line(), result::toString);
        Command status = system.user("job", "status", id);
        assertTrue(status.lines().contains("status: completed"), status::toString);
        assertTrue(status.lines().contains("job_id: " + id), status::toString);
        Command got = system.user("job", "get", "--json", id);
        Map<String, Object> job = Tree.object(Tree.parse(got.out()));
        assertEquals(Map.of("success", "42"), job.get("result"), got::toString);
        Command stop = system.user("job", "stop", id);
        assertEquals(0, stop.exit(), () -> "an ended job stays as it is: " + stop);
        assertEquals(0, system.user("job", "delete", id).exit());
        Command gone = system.user("job", "status", id);
        assertEquals(2, gone.exit());
        DevProcessTest.assertSentence(gone, id);
    }

    @Test
    void job_list_shows_what_passes_the_filter() {
        Command one = system.user("job", "create", "-r", "r1", "-e", "sh", "--context", "listed", "--id", "l1", "true");
        Command two = system.user("job", "create", "-r", "r1", "-e", "sh", "--context", "listed", "--id", "l2", "true");
        assertEquals("l1 l2", one.line() + " " + two.line());
        Command table = system.processes.start(system.as("user"), "job", "list", "--context", "listed");
        Command json = system.user("job", "list", "--context", "listed", "--json");
        List<String> lines = table.ended().lines();
        assertEquals(3, lines.size(), table::toString);
        assertTrue(lines.get(0).startsWith("ID ") && lines.get(1).startsWith("l2 "), table::toString);
        assertEquals(
                List.of("l2", "l1"),
                Tree.array(Tree.parse(json.out())).stream()
                        .map(job -> Tree.object(job).get("id"))
                        .toList());
        Command stopped = system.user("job", "stop", "l1");
        assertEquals(0, stopped.exit());
        Command result = system.user("job", "result", "l1");
        assertEquals(1, result.exit());
        assertEquals("stopped\n", result.err());
    }

    @Test
    void exit_codes_tell_usage_from_connection_and_permission() {
        Command usage = system.processes.start(system.as("user"), "job", "run", "-e", "sh", "true");
        Command unknown = system.processes.start(system.as("user"), "job", "start", "no-such-job");
        Command nobody =
                system.processes.start(Map.of("SUPERVISOR_URL", "http://127.0.0.1:1"), "job", "status", "some-job");
        Command forbidden = system.processes.start(
                system.as("register"), "job", "run", "-r", "r1", "-e", "sh", "echo not for runners");
        Map<String, String> wrong = new HashMap<>(system.as("user"));
        wrong.put("SUPERVISOR_SECRET", "hsv_usr_wrong");
        Command refused = system.processes.start(wrong, "job", "list");
        Command waited = system.user("job", "result", "--timeout", "0.2", created());
        assertEquals(2, usage.exit());
        DevProcessTest.assertSentence(usage, "name the runner with --runner");
        assertEquals(2, unknown.exit());
        DevProcessTest.assertSentence(unknown, "no-such-job");
        assertEquals(3, nobody.exit());
        DevProcessTest.assertSentence(nobody, "http://127.0.0.1:1");
        assertEquals(3, forbidden.exit());
        DevProcessTest.assertSentence(forbidden, "SUPERVISOR_SECRET or --secret-file");
        assertEquals(3, refused.exit());
        DevProcessTest.assertSentence(refused, "SUPERVISOR_SECRET or --secret-file");
        assertEquals(3, waited.exit());
    }

    private String created() {
        return system.user("job", "create", "-r", "r1", "-e", "sh", "true").line();
    }

    @Test
    void a_runner_without_a_good_secret_ends_with_the_reason() {
        Command none = system.processes.start(Map.of("SUPERVISOR_URL", system.url), "runner", "--name", "r2");
        Command user = system.processes.run(system.as("user"), "runner", "--name", "r2");
        assertEquals(2, none.exit(), none::toString);
        DevProcessTest.assertSentence(none, "a runner needs a secret of scope register");
        assertEquals(3, user.exit(), user::toString);
    }

    @Test
    void secrets_are_listed_without_themselves_and_end_when_revoked() {
        Command made = system.processes.run(
                system.databaseVariables(), "secret", "create", "--scope", "user", "--name", "short", "--json");
        Map<String, Object> secret = Tree.object(Tree.parse(made.out()));
        assertEquals(java.util.Set.of("id", "name", "scope", "secret"), secret.keySet());
        String plain = String.valueOf(secret.get("secret"));
        assertTrue(plain.startsWith("hsv_usr_"));
        Map<String, String> with = Map.of("SUPERVISOR_URL", system.url, "SUPERVISOR_SECRET", plain);
        assertEquals(0, system.processes.run(with, "job", "list").exit());
        Command list = system.processes.run(system.as("admin"), "secret", "list");
        assertTrue(list.out().contains("short") && !list.out().contains(plain), list::toString);
        assertEquals(
                0,
                system.processes
                        .run(system.as("admin"), "secret", "revoke", String.valueOf(secret.get("id")))
                        .exit());
        assertEquals(3, system.processes.run(with, "job", "list").exit());
        assertFalse(system.server.err().contains(plain), "no secret in the log");
    }

    @Test
    void migrate_tells_validates_and_brings_up_to_date() {
        Map<String, String> empty = ServeFixture.variables(PostgresFixture.emptyDatabase());
        Command before = system.processes.start(empty, "migrate", "info");
        Command invalid = system.processes.run(empty, "migrate", "validate");
        assertTrue(before.ended().out().contains("Pending"), before::toString);
        assertEquals(0, before.exit());
        assertEquals(3, invalid.exit(), invalid::toString);
        DevProcessTest.assertSentence(invalid, "of the schema are missing; run 'supervisor migrate up'");
        Command up = system.processes.run(empty, "migrate", "up");
        assertEquals(0, up.exit(), up::toString);
        Command after = system.processes.start(empty, "migrate", "info");
        Command valid = system.processes.run(empty, "migrate", "validate");
        assertTrue(after.ended().out().contains("Success"), after::toString);
        assertEquals(0, valid.exit(), valid::toString);
        Command odd = system.processes.run(empty, "migrate", "sideways");
        assertEquals(2, odd.exit());
        DevProcessTest.assertSentence(odd, "there are info, validate and up");
    }

    @Test
    void serve_gives_up_on_a_database_that_is_not_there_after_saying_what_it_waits_for() throws IOException {
        Map<String, String> away = new HashMap<>();
        away.put("SUPERVISOR_DB_URL", "jdbc:postgresql://127.0.0.1:" + FreePort.find() + "/supervisor");
        away.put("SUPERVISOR_DB_WAIT_MS", "4000");
        away.put("SUPERVISOR_PORT", "0");
        Command serve = system.processes.run(away, "serve");
        assertEquals(3, serve.exit(), serve::toString);
        assertTrue(serve.err().contains("waiting for PostgreSQL"), serve::toString);
        DevProcessTest.assertSentence(serve, "cannot be reached .*start it or correct SUPERVISOR_DB_URL");
        assertEquals(2, serve.err().lines().count(), serve::toString);
    }

    @Test
    void serve_says_which_port_is_taken_and_which_setting_is_wrong() {
        Map<String, String> settings = new HashMap<>(system.databaseVariables());
        int port = URI.create(system.url).getPort();
        settings.put("SUPERVISOR_PORT", Integer.toString(port));
        Command taken = system.processes.start(settings, "serve");
        Command wrong = system.processes.start(settings, "serve", "--port", "eighty");
        Command bare = system.processes.run(Map.of(), "serve");
        assertEquals(3, taken.exit(), taken::toString);
        DevProcessTest.assertSentence(taken, "port " + port);
        assertEquals(2, wrong.exit(), wrong::toString);
        DevProcessTest.assertSentence(wrong, "port \\(from --port\\) is 'eighty'");
        assertEquals(2, bare.exit(), bare::toString);
        DevProcessTest.assertSentence(bare, "no database is named");
    }

    private static Object member(Command command, String name) {
        return Tree.object(Tree.parse(command.out())).getOrDefault(name, command.toString());
    }
}
