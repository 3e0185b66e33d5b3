package hero.supervisor.runner;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import hero.supervisor.client.FakeServer;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What the runner streams, against a server that the test plays by hand.
@Timeout(60)
final class LoggingTest {
    @TempDir
    Path folder;

    private final FakeServer server = new FakeServer();
    private final Map<String, StringBuilder> received = new LinkedHashMap<>();
    private @Nullable Runner runner;

    @AfterEach
    void stop() {
        if (runner != null) {
            runner.close();
        }
        server.close();
    }

    private void start(int window, String script, Map<String, String> envVars) {
        RunnerSettings settings = RunnerSettings.of(List.of(server.url()), "r1", 1, Map.of("sh", List.of("sh")), null)
                .withWorkFolder(folder);
        var started = new Runner(settings, Time.system(), new SplittableRandom(1), _ -> {});
        runner = started;
        Thread.ofVirtual().start(started::run);
        greet(window);
        Map<String, Object> job = new LinkedHashMap<>(
                Map.of("id", "a", "attempt", 1, "lease", "l1", "executor", "sh", "payload", script, "timeout", 60));
        job.put("env_vars", envVars);
        server.next("runner.pull").answer(Map.of("jobs", List.of(job), "stops", List.of(), "drain", false));
    }

    private void greet(int window) {
        server.next("runner.connect")
                .answer(Map.of(
                        "session_id", "s1", "heartbeat_ms", 10_000, "log_window", window, "verdicts", List.of()));
    }

    private static void take(FakeServer.Call call, long next) {
        call.answer(Map.of("next_offset", next, "window", 131072));
    }

    /// Takes a call as a good server does; returns its stream.
    private String take(FakeServer.Call call) {
        String stream = Tree.string(call.params(), "stream", "");
        StringBuilder all = received.computeIfAbsent(stream, _ -> new StringBuilder());
        long known = all.toString().getBytes(StandardCharsets.UTF_8).length;
        assertEquals(known, Tree.whole(call.params(), "offset", -1));
        all.append(Tree.string(call.params(), "data", ""));
        take(call, all.toString().getBytes(StandardCharsets.UTF_8).length);
        return stream;
    }

    /// Plays on until the result comes.
    private Map<String, Object> takeAll() {
        while (true) {
            FakeServer.Call call = server.next();
            if (call.method().equals("runner.result")) {
                return Tree.object(Tree.array(call.params().get("results")).getFirst());
            } else if (call.method().equals("runner.log")) {
                take(call);
            }
        }
    }

    private String received(String stream) {
        return received.getOrDefault(stream, new StringBuilder()).toString();
    }

    private String waitFor(Path file) {
        return "while [ ! -e " + file + " ]; do sleep 0.02; done";
    }

    @Test
    void output_is_sent_while_the_job_runs_and_before_its_result() throws IOException {
        Path go = folder.resolve("go");
        start(131072, "echo one; " + waitFor(go) + "; echo two; echo three >&2", Map.of());
        FakeServer.Call first = server.next("runner.log");
        assertEquals(
                Map.of("job_id", "a", "attempt", 1, "lease", "l1", "stream", "stdout", "offset", 0, "data", "one\n"),
                first.params());
        take(first);
        Files.createFile(go);
        assertEquals("one\ntwo", takeAll().get("success"));
        assertEquals("one\ntwo\n", received("stdout"));
        assertEquals("three\n", received("stderr"));
    }

    @Test
    void secrets_are_masked_in_the_log_and_not_in_the_result() {
        start(
                131072,
                "printf 'hun'; sleep 0.5; echo ter22; echo $MONTH",
                Map.of("API_KEY", "hunter22", "MONTH", "may"));
        assertEquals("hunter22\nmay", takeAll().get("success"));
        assertEquals("***\nmay\n", received("stdout"));
    }

    @Test
    void bytes_that_are_no_text_become_replacement_characters() {
        start(131072, "printf 'a\\000b\\377\\303'; sleep 0.3; printf '\\251c'", Map.of());
        takeAll();
        assertEquals("a\uFFFDb\uFFFDéc", received("stdout"));
    }

    @Test
    void after_a_lost_connection_it_goes_on_where_the_server_wants() throws IOException {
        Path go = folder.resolve("go");
        start(131072, "echo one; " + waitFor(go) + "; echo two", Map.of());
        take(server.next("runner.log"));
        Files.createFile(go);
        FakeServer.Call lost = server.next("runner.log");
        assertEquals(4, Tree.whole(lost.params(), "offset", -1));
        server.cut(); // It may have been written: here it was, up to the "t".
        greet(131072);
        FakeServer.Call again = server.next("runner.log");
        assertEquals(lost.params(), again.params());
        take(again, 5);
        FakeServer.Call rest = server.next("runner.log");
        assertEquals(5, Tree.whole(rest.params(), "offset", -1));
        assertEquals("wo\n", rest.params().get("data"));
        take(rest, 8);
        server.next("runner.result");
    }

    @Test
    void a_busy_server_gets_the_same_piece_later() {
        start(131072, "echo one", Map.of());
        server.next("runner.log").refuse(-32005, "busy", "busy");
        take(server.next("runner.log"));
        assertEquals("one", takeAll().get("success"));
        assertEquals("one\n", received("stdout"));
    }

    @Test
    void a_server_that_takes_no_logs_is_left_in_peace() {
        start(0, "echo one", Map.of());
        assertEquals("one", takeAll().get("success"));
        assertEquals("", received("stdout"));
    }

    @Test
    void a_server_that_does_not_know_logs_hears_of_them_once() throws IOException {
        Path go = folder.resolve("go");
        start(131072, "echo one; " + waitFor(go) + "; echo two; sleep 0.5; echo three", Map.of());
        server.next("runner.log").refuse(-32601, "method_not_found", "no such method");
        Files.createFile(go);
        List<String> methods = new ArrayList<>();
        for (FakeServer.Call call = server.next(); !call.method().equals("runner.result"); call = server.next()) {
            methods.add(call.method());
        }
        assertFalse(methods.contains("runner.log"), methods.toString());
    }

    @Test
    void a_stale_attempt_sends_no_more_and_its_job_is_not_held_up() {
        start(131072, "echo one; sleep 0.3; echo two", Map.of());
        server.next("runner.log").refuse(-32003, "stale_attempt", "stale");
        assertEquals("one\ntwo", takeAll().get("success"));
        assertEquals("", received("stdout"));
    }

    @Test
    void a_server_that_does_not_answer_for_logs_holds_a_result_up_for_a_moment_only() {
        start(131072, "echo one", Map.of());
        server.next("runner.log");
        server.next("runner.result");
        var held = java.util.Objects.requireNonNull(runner);
        await().until(() -> held.held() == 1);
    }

    @Test
    void much_output_arrives_whole() {
        start(131072, "i=0; while [ $i -lt 60000 ]; do echo $i; i=$((i+1)); done", Map.of());
        takeAll();
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 60_000; i++) {
            expected.append(i).append('\n');
        }
        assertEquals(expected.toString(), received("stdout"));
    }
}
