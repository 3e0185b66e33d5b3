package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.app.CannotStart;
import hero.supervisor.domain.Time;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class MainTest {
    private final FakeFloors floors = new FakeFloors();
    private final Map<String, String> env = new HashMap<>();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private String stdin = "";
    private Charset charset = StandardCharsets.UTF_8;

    @TempDir
    Path folder;

    private int run(String... args) {
        var in = new ByteArrayInputStream(stdin.getBytes(charset));
        var shell =
                new Shell(new PrintWriter(out), new PrintWriter(err), in, env, folder, false, Time.system(), floors);
        return Main.run(args, shell);
    }

    private FakeFloors.Call call() {
        return floors.calls.getLast();
    }

    private Map<?, ?> job() {
        return (Map<?, ?>) Objects.requireNonNull(call().params().get("job"));
    }

    private void devEnv() throws IOException {
        Files.createDirectories(folder.resolve(".supervisor"));
        Files.writeString(folder.resolve(DevEnv.FILE), """
                SUPERVISOR_URL=http://127.0.0.1:4040
                SUPERVISOR_WS_URL='ws://127.0.0.1:4040/rpc'
                SUPERVISOR_USER_SECRET="hsv_usr_dev"
                SUPERVISOR_ADMIN_SECRET=hsv_adm_dev
                SUPERVISOR_REGISTER_SECRET=hsv_reg_dev
                """);
    }

    // ---- help, usage and errors ----

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dev",
                "serve",
                "migrate",
                "report",
                "runner",
                "runner-check",
                "job",
                "job run",
                "job create",
                "job list",
                "runners",
                "secret",
                "bench"
            })
    void every_command_has_help_with_examples(String command) {
        assertEquals(Exit.OK, run((command + " --help").split(" ")));
        assertTrue(out.toString().contains("Example"), out.toString());
        assertTrue(out.toString().contains("  supervisor ") || command.equals("serve"), out.toString());
        assertTrue(out.toString().lines().noneMatch(line -> line.length() > 110), out.toString());
        assertFalse(out.toString().contains("\u001b"), "no colours without a terminal");
    }

    @Test
    void the_version_is_told() {
        assertEquals(Exit.OK, run("--version"));
        assertTrue(out.toString().startsWith("supervisor "), out.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "jobs",
                "job",
                "job rnu x",
                "job run --nothing",
                "job run -r a -e sh",
                "job run -r a x",
                "job run -e sh x",
                "job run -r a -e sh -t soon x",
                "job run -r a -e sh --env NOVALUE x",
                "job run -r a -e sh -f none.sh",
                "job run --job none.json",
                "job status",
                "serve",
                "serve --port x",
                "migrate",
                "migrate down",
                "report weather",
                "runner",
                "runner --name a",
                "runner-check --port 70000",
                "runner-check --lease 1",
                "runner-check --timeout 0",
                "runner-check --payload say=x",
                "bench --only nothing",
                "bench --against nowhere.jar",
                "bench --against src --only start",
                "secret create --scope root --name x",
                "secret create --scope user",
            })
    void wrong_usage_is_one_line_and_exit_2(String line) {
        assertEquals(Exit.USAGE, run(line.isEmpty() ? new String[0] : line.split(" ")));
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().startsWith("supervisor: "), err.toString());
        assertEquals("", out.toString());
        assertEquals(List.of(), floors.calls);
    }

    @ParameterizedTest
    @CsvSource({
        "job run -r a -e sh --env FOO x, --env is 'FOO'; it must be NAME=VALUE",
        "job run -r a -e sh -t abc x, --timeout is 'abc'; it must be a number",
        "runner-check --lease 1.5, --lease is '1.5'; it must be a whole number that is not too large",
    })
    void a_value_that_cannot_be_read_is_told_in_plain_words(String line, String sentence) {
        assertEquals(Exit.USAGE, run(line.split(" ")));
        assertTrue(err.toString().startsWith("supervisor: " + sentence + "; see "), err.toString());
    }

    @Test
    void a_mistyped_command_is_answered_with_those_that_there_are() {
        run("job", "rnu");
        assertEquals(
                "supervisor: unknown command or argument 'rnu'; there are create, delete, explain, get, list, logs, result, run, start,"
                        + " status, stop, watch; see 'supervisor job --help'\n",
                err.toString());
    }

    @Test
    void an_unexpected_failure_shows_its_stack_only_when_asked() {
        floors.failing("list_runners", new IllegalStateException("boom"));
        assertEquals(Exit.BUG, run("runners", "list"));
        assertEquals(1, err.toString().lines().count(), err.toString());
        env.put("SUPERVISOR_DEBUG", "1");
        assertEquals(Exit.BUG, run("runners", "list"));
        assertTrue(err.toString().contains("at hero.supervisor.cli."), err.toString());
    }

    @Test
    void what_keeps_the_system_from_starting_has_its_exit_code() {
        floors.failing("list_runners", new CannotStart(CannotStart.Reason.SURROUNDINGS, "port 3030 is in use"));
        assertEquals(Exit.CONNECTION, run("runners", "list"));
        assertEquals("supervisor: port 3030 is in use\n", err.toString());
    }

    // ---- job ----

    @Test
    void job_run_sends_the_whole_job_and_prints_its_output() {
        floors.answering("job.run", Map.of("success", "hello"));
        String line = "job run -r local -e sh --timeout 1.5 --env A=1 --env B=x=y --env C= --caller me --context c7"
                + " --id j1 payload";
        int exit = run(line.split(" "));
        assertEquals(Exit.OK, exit);
        assertEquals("hello\n", out.toString());
        assertEquals("job.run", call().method());
        assertEquals(
                Map.of(
                        "id", "j1",
                        "runner", "local",
                        "executor", "sh",
                        "timeout", 1.5,
                        "caller_id", "me",
                        "context_id", "c7",
                        "payload", "payload",
                        "env_vars", Map.of("A", "1", "B", "x=y", "C", "")),
                job());
    }

    @Test
    void a_failed_job_is_told_on_stderr_with_exit_1() {
        floors.answering("job.run", Map.of("error", "exit code 3"));
        assertEquals(Exit.JOB_FAILED, run("job", "run", "-r", "a", "-e", "sh", "exit 3"));
        assertEquals("exit code 3\n", err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void a_watched_job_ends_with_its_outcome() {
        Map<String, Object> running =
                Map.of("seq", "7:1", "job_id", "j1", "status", "running", "at", "T1", "attempt", 1, "runner", "r1");
        Map<String, Object> failed = Map.of(
                "seq", "7:2", "job_id", "j1", "status", "failed", "at", "T2", "attempt", 1, "runner", "r1", "final",
                true);
        floors.answering("job.subscribe", List.of(running, failed));
        assertEquals(Exit.JOB_FAILED, run("job", "watch", "j1"));
        assertEquals(
                "T1  j1  running  (attempt 1, runner r1)\nT2  j1  failed  (attempt 1, runner r1)\n", out.toString());
        assertEquals(Map.of("job_id", "j1"), call().params());
    }

    @Test
    void what_a_watched_job_prints_goes_to_stdout_and_its_states_beside_it() {
        Map<String, Object> first = Map.of("attempt", 1, "stream", "stdout", "offset", 0, "data", "a\n", "next", 2);
        Map<String, Object> later = Map.of("attempt", 1, "stream", "stdout", "offset", 5, "data", "b\n", "next", 7);
        Map<String, Object> done = Map.of(
                "seq",
                "7:2",
                "job_id",
                "j1",
                "status",
                "completed",
                "at",
                "T2",
                "attempt",
                1,
                "runner",
                "r1",
                "final",
                true);
        floors.answering("job.subscribe", List.of(first, later, done));
        assertEquals(Exit.OK, run("job", "watch", "j1", "--logs"));
        assertEquals("a\nb\n", out.toString());
        assertEquals(
                "\n... 3 bytes of stdout were not kept ...\nT2  j1  completed  (attempt 1, runner r1)\n",
                err.toString());
        assertEquals(Map.of("job_id", "j1", "logs", true), call().params());
        assertEquals(Exit.USAGE, run("job", "watch", "--logs"));
    }

    @Test
    void all_jobs_that_pass_are_watched_and_a_gap_is_told() {
        Map<String, Object> gap = Map.of("seq", "9:0", "from", "7:2", "to", "9:0", "reason", "slow_reader");
        floors.answering("jobs.subscribe", List.of(gap));
        assertEquals(Exit.OK, run("job", "watch", "--runner", "r1", "--since", "7:2"));
        assertEquals("events from 7:2 to 9:0 are missing: slow_reader\n", err.toString());
        assertEquals(Map.of("filter", Map.of("runner", "r1"), "since", "7:2"), call().params());
        assertEquals(Exit.USAGE, run("job", "watch", "j1", "--runner", "r1"));
    }

    @Test
    void json_gives_the_result_as_it_came() {
        floors.answering("job.result", Map.of("error", "no"));
        assertEquals(Exit.JOB_FAILED, run("job", "result", "j1", "--json", "-t", "5"));
        assertEquals("{\"error\":\"no\"}\n", out.toString());
        assertEquals(Map.of("job_id", "j1", "timeout", 5.0), call().params());
    }

    @Test
    void the_payload_comes_from_a_file_or_stdin() throws IOException {
        floors.answering("job.run", Map.of("success", ""));
        Files.writeString(folder.resolve("p.sh"), "echo 1\n");
        run("job", "run", "-r", "a", "-e", "sh", "-f", "p.sh");
        assertEquals("echo 1\n", job().get("payload"));
        stdin = "echo ü\n";
        run("job", "run", "-r", "a", "-e", "sh", "-");
        assertEquals("echo ü\n", job().get("payload"));
    }

    @Test
    void what_is_no_text_is_not_changed_in_silence() {
        stdin = "caf\u00e9";
        charset = StandardCharsets.ISO_8859_1;
        assertEquals(Exit.USAGE, run("job", "run", "-r", "a", "-e", "sh", "-"));
        assertTrue(
                err.toString().contains("what comes in at standard input cannot be read as UTF-8 text"), err::toString);
    }

    @Test
    void a_payload_that_begins_with_a_dash_follows_two_dashes() {
        floors.answering("job.run", Map.of("success", ""));
        run("job", "run", "-r", "a", "-e", "sh", "--", "-x --json");
        assertEquals("-x --json", job().get("payload"));
    }

    @Test
    void a_job_file_is_sent_with_options_above_it() throws IOException {
        floors.answering("jobs.create", "j9");
        Files.writeString(
                folder.resolve("job.json"),
                "{\"id\":\"j9\",\"payload\":\"p\",\"runner\":\"r\",\"executor\":\"sh\",\"retries\":2,\"caller_id\":\"me\"}");
        assertEquals(Exit.OK, run("job", "create", "--job", "job.json", "-r", "other"));
        assertEquals("j9\n", out.toString());
        assertEquals(
                Map.of(
                        "id",
                        "j9",
                        "payload",
                        "p",
                        "runner",
                        "other",
                        "executor",
                        "sh",
                        "retries",
                        2,
                        "caller_id",
                        "me",
                        "context_id",
                        "cli"),
                job());
    }

    @Test
    void a_job_without_id_gets_a_new_one_each_time() {
        floors.answering("jobs.create", "x");
        run("job", "create", "-r", "a", "-e", "sh", "p");
        Object first = job().get("id");
        run("job", "create", "-r", "a", "-e", "sh", "p");
        assertTrue(
                String.valueOf(first).matches("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
        assertNotEquals(first, job().get("id"));
    }

    @Test
    void a_connection_that_breaks_leaves_the_way_to_the_result() {
        floors.failing("job.run", new Failed(Exit.CONNECTION, "the connection broke", new IOException("x")));
        assertEquals(Exit.CONNECTION, run("job", "run", "-r", "a", "-e", "sh", "--id", "j1", "p"));
        assertTrue(err.toString().contains("supervisor job result j1"), err.toString());
    }

    @Test
    void a_list_is_a_table_of_the_newest() {
        floors.answering(
                "jobs.list", List.of(Map.of("id", "j2", "runner", "local"), Map.of("id", "j1", "runner", "gpu")));
        assertEquals(Exit.OK, run("job", "list", "--status", "failed", "-n", "2"));
        assertEquals(Map.of("status", "failed", "limit", 2), call().params());
        List<String> lines = out.toString().lines().toList();
        assertEquals("ID  CREATED_AT  RUNNER  EXECUTOR  CALLER_ID  CONTEXT_ID", lines.getFirst());
        assertEquals("j2  -           local   -         -          -", lines.get(1));
        assertTrue(err.toString().contains("--limit"), err.toString());
    }

    // ---- where calls go ----

    @Test
    void without_anything_calls_go_to_this_machine_without_a_secret() {
        run("runners", "list");
        assertEquals(ClientOptions.URL_DEFAULT, call().url());
        assertNull(call().secret());
    }

    @Test
    void the_development_system_of_the_folder_is_found() throws IOException {
        devEnv();
        run("job", "start", "j1");
        assertEquals("http://127.0.0.1:4040", call().url());
        assertEquals("hsv_usr_dev", call().secret());
        run("runners", "remove", "r1");
        assertEquals("hsv_adm_dev", call().secret());
        run("runners", "register", "r1");
        assertEquals("hsv_reg_dev", call().secret());
        assertEquals(Map.of("name", "r1", "queue", "r1"), call().params());
    }

    @Test
    void its_secrets_go_to_no_other_server() throws IOException {
        devEnv();
        run("job", "start", "j1", "--url", "https://elsewhere.example");
        assertEquals("https://elsewhere.example", call().url());
        assertNull(call().secret());
        assertEquals(Exit.USAGE, run("runner", "--name", "a", "--url", "ws://elsewhere.example"));
        assertEquals(List.of(), floors.started);
    }

    @Test
    void a_secret_file_wins_over_the_environment_and_that_over_the_folder() throws IOException {
        devEnv();
        env.put("SUPERVISOR_ADMIN_SECRET", "hsv_adm_env");
        run("job", "stop", "j1");
        assertEquals("hsv_adm_env", call().secret());
        env.put("SUPERVISOR_SECRET", "hsv_usr_env");
        run("job", "stop", "j1");
        assertEquals("hsv_usr_env", call().secret());
        Files.writeString(folder.resolve("s.txt"), "hsv_usr_file\n");
        run("job", "stop", "j1", "--secret-file", "s.txt");
        assertEquals("hsv_usr_file", call().secret());
    }
}
