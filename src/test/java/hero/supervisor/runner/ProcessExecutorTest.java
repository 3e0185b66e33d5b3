package hero.supervisor.runner;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.Tree;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Trace;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Real processes. After every test: no job folder is left.
@Timeout(60)
final class ProcessExecutorTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir
    Path outside;

    @TempDir
    Path workFolder;

    private RunnerSettings settings;

    @BeforeEach
    void setup() {
        Map<String, List<String>> executors =
                new HashMap<>(Commands.detect(System.getenv().getOrDefault("PATH", "")));
        executors.put("cat", List.of("cat"));
        executors.put("echo", List.of("echo", "file:{}", "end"));
        executors.put("nothere", List.of("no-such-program"));
        settings = RunnerSettings.of(List.of(URI.create("ws://127.0.0.1:1")), "r", 4, executors, "hsv_reg_hidden")
                .withWorkFolder(workFolder);
    }

    @AfterEach
    void nothing_is_left_behind() throws IOException {
        try (var left = Files.list(workFolder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void success_is_stdout_without_its_last_line_end_only() {
        assertEquals(new JobResult.Success("a\n"), run("sh", "printf 'a\\n\\n'; echo not this >&2"));
        assertEquals(new JobResult.Success("b"), run("sh", "printf 'b\\r\\n'"));
        assertEquals(new JobResult.Success(""), run("sh", ":"));
    }

    @Test
    void every_usual_executor_runs_its_language() {
        assertEquals(new JobResult.Success("Hello World"), run("python", "print('Hello World')"));
        assertEquals(new JobResult.Success("2"), run("bash", "a=(x y); echo ${#a[@]}"));
        assertEquals(
                new JobResult.Success("7"),
                run("java", "class Main { public static void main(String[] a) { System.out.println(3 + 4); } }"));
        if (settings.executors().containsKey("node")) {
            assertEquals(new JobResult.Success("3"), run("node", "console.log(1 + 2)"));
        }
    }

    @Test
    void a_non_zero_exit_is_an_error_with_code_and_the_tail_of_stderr() {
        JobResult.Failure failed = failure(run("sh", "echo out; seq 1 5000 >&2; exit 3"));
        assertEquals(3, failed.exitCode());
        assertTrue(failed.message().startsWith("exit code 3\n"), failed.message());
        assertTrue(failed.message().endsWith("\n5000"), failed.message());
        assertTrue(failed.message().length() < 4200, "only the tail");
    }

    @Test
    void a_death_by_signal_is_said_in_words() {
        assertEquals(
                "exit code 137: killed by signal 9 (SIGKILL)",
                failure(run("sh", "kill -9 $$")).message());
    }

    @Test
    void text_stays_unicode_and_what_no_database_holds_is_replaced() {
        assertEquals(new JobResult.Success("Grüße, 世界 🚀"), run("sh", "echo 'Grüße, 世界 🚀'"));
        assertEquals(new JobResult.Success("a\uFFFDb\uFFFDc"), run("sh", "printf 'a\\000b\\377c'"));
        assertTrue(failure(run("sh", "printf 'x\\000y' >&2; exit 1")).message().endsWith("x\uFFFDy"));
    }

    @Test
    void a_large_output_keeps_head_and_tail_and_says_what_is_missing() {
        settings = settings.withLimits(1000, 900 << 10);
        String text = success(run("sh", "seq 1 100000"));
        assertTrue(text.startsWith("1\n2\n"), text);
        assertTrue(text.endsWith("\n100000"), text);
        // seq 1 100000 prints 588,895 bytes; 1,000 of them are kept.
        assertTrue(text.contains("... 587895 bytes left out ..."), text);
    }

    @Test
    void an_output_that_json_would_blow_up_still_fits_into_one_message() {
        settings = settings.withLimits(4 << 20, 100_000);
        String text = success(run("sh", "head -c 300000 /dev/zero | tr '\\000' '\\001'"));
        assertTrue(Tree.encodedBytes(text) <= 100_000);
        assertTrue(text.contains("bytes left out"));
    }

    @Test
    void a_timeout_ends_the_whole_group_with_its_grandchildren() throws IOException {
        Path pids = outside.resolve("pids");
        JobResult result = run(task(
                "sh",
                "sleep 300 & echo $! >> " + pids + "; sh -c 'sleep 301 & echo $! >> " + pids + "; wait' & echo $! >> "
                        + pids + "; wait",
                Map.of(),
                0.5));
        assertEquals(new JobResult.Failure("timed out after 0.5 s", null), result);
        List<String> lines = Files.readAllLines(pids);
        assertEquals(3, lines.size());
        lines.forEach(ProcessExecutorTest::isGone);
    }

    @Test
    void a_stop_lets_the_job_clean_up() {
        Path ready = outside.resolve("ready");
        Path cleaned = outside.resolve("cleaned");
        Execution execution = prepare(task(
                "bash",
                "trap 'touch " + cleaned + "; exit 0' TERM; touch " + ready + "; while :; do sleep 0.05; done"));
        var result = CompletableFuture.supplyAsync(execution::run);
        await().until(() -> Files.exists(ready));
        execution.stop("stopped", LONG);
        assertEquals(new JobResult.Failure("stopped", null), result.join());
        assertTrue(Files.exists(cleaned));
    }

    @Test
    void what_ignores_the_stop_is_killed_after_the_grace() throws IOException {
        Path pids = outside.resolve("pids");
        Execution execution = prepare(task("sh", "trap '' TERM; echo $$ > " + pids + "; while :; do sleep 1; done"));
        var result = CompletableFuture.supplyAsync(execution::run);
        await().until(() -> Files.exists(pids) && Files.size(pids) > 1);
        execution.stop("stopped", Duration.ofMillis(300));
        assertEquals(new JobResult.Failure("stopped", null), result.join());
        Files.readAllLines(pids).forEach(ProcessExecutorTest::isGone);
    }

    @Test
    void a_kill_cuts_the_grace_short() {
        Path ready = outside.resolve("ready");
        Execution execution = prepare(task("sh", "trap '' TERM; touch " + ready + "; while :; do sleep 1; done"));
        var result = CompletableFuture.supplyAsync(execution::run);
        await().until(() -> Files.exists(ready));
        execution.stop("stopped", Duration.ofHours(1));
        execution.kill();
        assertEquals(new JobResult.Failure("stopped", null), result.join());
    }

    @Test
    void a_job_stopped_before_it_began_starts_no_process() {
        Path ran = outside.resolve("ran");
        Execution execution = prepare(task("sh", "touch " + ran));
        execution.stop("stopped", LONG);
        assertEquals(new JobResult.Failure("stopped", null), execution.run());
        assertFalse(Files.exists(ran));
    }

    @Test
    void the_environment_is_minimal_and_the_jobs_own() {
        String text = success(run(task("sh", "env; pwd", Map.of("MINE", "yes", "LANG", "de_DE.UTF-8"), 60)));
        Map<String, String> seen = new HashMap<>();
        text.lines().filter(line -> line.contains("=")).forEach(line -> {
            int at = line.indexOf('=');
            seen.put(line.substring(0, at), line.substring(at + 1));
        });
        String folder = text.lines().toList().getLast();
        seen.keySet().removeAll(List.of("PWD", "OLDPWD", "SHLVL", "_"));
        assertEquals(
                Map.of(
                        "PATH",
                        settings.searchPath(),
                        "HOME",
                        settings.home(),
                        "LANG",
                        "de_DE.UTF-8",
                        "TMPDIR",
                        folder,
                        "SUPERVISOR_JOB_FOLDER",
                        folder,
                        "SUPERVISOR_PROGRESS_FILE",
                        folder + "/.supervisor-progress",
                        "SUPERVISOR_JOB_ID",
                        "job-1",
                        "SUPERVISOR_ATTEMPT",
                        "1",
                        "MINE",
                        "yes"),
                seen);
        assertFalse(text.contains("hsv_reg_"));
        assertTrue(Path.of(folder).startsWith(workFolder));
    }

    @Test
    void the_folder_is_private_and_gone_afterwards_whatever_the_job_did_to_it() {
        assertEquals(
                new JobResult.Success("drwx------"),
                run(
                        "sh",
                        "mkdir -p a/b; touch a/b/c; ln -s / a/root; chmod 000 a/b; chmod 500 a;"
                                + " ls -ld . | cut -c1-10"));
        assertTrue(Files.exists(Path.of("/tmp")), "links are not followed");
    }

    @Test
    void stdin_is_empty() {
        assertEquals(new JobResult.Success("nothing"), run("sh", "read x && echo $x || echo nothing"));
    }

    @Test
    void an_executor_that_is_not_there_is_named_with_those_that_are() {
        String message = failure(run("cobol", "x")).message();
        assertTrue(message.startsWith("executor 'cobol' is not there on runner 'r'; it has bash, "), message);
        message = failure(run("nothere", "x")).message();
        assertTrue(message.contains("its program 'no-such-program' is not there"), message);
    }

    @Test
    void a_variable_that_the_system_refuses_is_an_error_of_the_job() {
        JobResult.Failure failed = failure(run(task("sh", "env", Map.of("A=B", "c"), 60)));
        assertTrue(failed.message().startsWith("the runner could not start the job's process: "), failed.message());
    }

    @Test
    void a_background_child_neither_holds_the_slot_nor_survives() throws IOException {
        Path pids = outside.resolve("pids");
        assertEquals(new JobResult.Success("done"), run("sh", "sleep 300 & echo $! > " + pids + "; echo done"));
        Files.readAllLines(pids).forEach(ProcessExecutorTest::isGone);
        assertEquals(
                new JobResult.Success("done"),
                run("sh", "sleep 300 >/dev/null 2>&1 & echo $! > " + pids + "; echo done"));
        Files.readAllLines(pids).forEach(ProcessExecutorTest::isGone);
    }

    @Test
    void a_child_that_left_the_group_is_ended_by_a_stop() throws IOException {
        Path pids = outside.resolve("pids");
        Execution execution = prepare(task("sh", "setsid sh -c 'echo $$ > " + pids + "; sleep 300' & wait"));
        var result = CompletableFuture.supplyAsync(execution::run);
        await().until(() -> Files.exists(pids) && Files.size(pids) > 1);
        execution.stop("stopped", LONG);
        assertEquals(new JobResult.Failure("stopped", null), result.join());
        Files.readAllLines(pids).forEach(ProcessExecutorTest::isGone);
    }

    @Test
    void a_definition_puts_the_file_where_it_says() {
        assertEquals(new JobResult.Success("the payload"), run("cat", "the payload\n"));
        String text = success(run("echo", "x"));
        assertTrue(text.startsWith("file:" + workFolder) && text.endsWith("/job end"), text);
    }

    // ---- setup ----

    private static void isGone(String pid) {
        await("process " + pid)
                .until(() -> ProcessHandle.of(Long.parseLong(pid.strip()))
                        .filter(ProcessTable::isAlive)
                        .isEmpty());
    }

    @Test
    void a_job_of_a_trace_gets_it_and_others_get_none() {
        String parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        String print = "printf '%s %s' \"${TRACEPARENT-none}\" \"${TRACESTATE-none}\"";
        Trace whole = new Trace(parent, "a=1,b@c=x y");
        assertEquals(new JobResult.Success(parent + " a=1,b@c=x y"), run(traced(print, whole)));
        assertEquals(new JobResult.Success(parent + " none"), run(traced(print, new Trace(parent, ""))));
        assertEquals(new JobResult.Success("none none"), run("sh", print));
    }

    /// A machine that is full lets threads wait: the job has ended long before anybody reads what it wrote.
    @ParameterizedTest
    @ValueSource(ints = {0, 600, 3000})
    void an_output_that_is_read_late_is_whole(int lateMs) {
        ThreadFactory readers = run -> new Thread(() -> {
            new CompletableFuture<Void>()
                    .completeOnTimeout(null, lateMs, TimeUnit.MILLISECONDS)
                    .join();
            run.run();
        });
        Execution late = new ProcessExecutor(settings, readers).prepare(task("sh", "echo 453; echo no >&2"));
        assertEquals(new JobResult.Success("453"), late.run());
        Execution failing = new ProcessExecutor(settings, readers).prepare(task("sh", "echo no >&2; exit 3"));
        assertEquals(new JobResult.Failure("exit code 3\nno", 3), failing.run());
    }

    /// The reader was there in time, and is held up before it comes back for the rest.
    @Test
    void the_rest_of_an_output_is_not_thrown_away_while_its_reader_is_held_up() {
        Task task = task("sh", "head -c 100000 /dev/zero | tr '\\0' x");
        var held = new AtomicInteger();
        JobLog live = new JobLog(task, Map.of(), 1 << 20, () -> {
            if (held.getAndIncrement() == 0) {
                new CompletableFuture<Void>()
                        .completeOnTimeout(null, 800, TimeUnit.MILLISECONDS)
                        .join();
            }
        });
        JobResult result = new ProcessExecutor(settings).prepare(task, live).run();
        assertEquals("x".repeat(100_000), success(result));
        assertTrue(held.get() > 0);
    }

    private static Task traced(String payload, Trace trace) {
        return new Task(new Task.Key("job-1", 1), "7", "sh", payload, Map.of(), 60, trace, Map.of());
    }

    private JobResult run(String executor, String payload) {
        return run(task(executor, payload));
    }

    private JobResult run(Task task) {
        return prepare(task).run();
    }

    private Execution prepare(Task task) {
        return new ProcessExecutor(settings).prepare(task);
    }

    private static Task task(String executor, String payload) {
        return task(executor, payload, Map.of(), 60);
    }

    private static Task task(String executor, String payload, Map<String, String> envVars, double timeoutS) {
        return new Task(new Task.Key("job-1", 1), "7", executor, payload, envVars, timeoutS, null, Map.of());
    }

    private static JobResult.Failure failure(JobResult result) {
        return assertInstanceOf(JobResult.Failure.class, result);
    }

    private static String success(JobResult result) {
        return assertInstanceOf(JobResult.Success.class, result).output();
    }
}
