package hero.supervisor.runner;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.FakeServer;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The runner against a server that the test plays by hand.
@Timeout(60)
final class RunnerTest {
    @TempDir
    Path outside;

    @TempDir
    Path workFolder;

    private final FakeServer server = new FakeServer();
    private final List<String> notices = new CopyOnWriteArrayList<>();
    private @Nullable Runner runner;
    private CompletableFuture<Void> ended = new CompletableFuture<>();

    @AfterEach
    void nothing_is_left_behind() throws IOException {
        if (runner != null) {
            runner.close();
        }
        server.close();
        try (var left = Files.list(workFolder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void it_introduces_itself_and_says_so() {
        start(settings(4));
        FakeServer.Call hello = server.next("runner.connect");
        assertEquals(
                Map.of(
                        "name",
                        "r1",
                        "queue",
                        "q1",
                        "slots",
                        4,
                        "executors",
                        List.of("bash", "sh"),
                        "labels",
                        Map.of("zone", "a")),
                hello.params());
        assertTrue(server.heads.getFirst().contains("Authorization: Bearer hsv_reg_hidden"));
        hello.answer(hello(10_000));
        server.next("runner.pull");
        assertEquals(List.of("runner r1 connected to " + server.url() + " with 4 slots: bash, sh"), notices);
    }

    @Test
    void the_open_pull_is_the_credit_and_results_come_back_with_attempt_and_lease() {
        start(settings(3));
        server.next("runner.connect").answer(hello(10_000));
        FakeServer.Call pull = server.next("runner.pull");
        assertEquals(Map.of("max", 3, "wait_ms", 20_000), pull.params());
        Path go = outside.resolve("go");
        pull.answer(jobs(job("a", waitFor(go)), job("b", waitFor(go))));
        pull = server.next("runner.pull");
        assertEquals(1, pull.params().get("max"));
        pull.answer(jobs(job("c", "exit 4")));
        FakeServer.Call result = server.next("runner.result");
        assertEquals(
                List.of(Map.of(
                        "job_id", "c", "attempt", 1, "lease", "lease-c", "error", "exit code 4", "exit_code", 4)),
                result.params().get("results"));
    }

    @Test
    void whatever_ends_while_a_call_is_open_forms_the_next() throws IOException {
        start(settings(10));
        server.next("runner.connect").answer(hello(10_000));
        FakeServer.Call pull = server.next("runner.pull");
        Path go = outside.resolve("go");
        List<Map<String, Object>> jobs = new ArrayList<>();
        jobs.add(job("first", "echo 1"));
        for (int i = 0; i < 8; i++) {
            jobs.add(job("j" + i, waitFor(go) + "; echo " + i));
        }
        pull.answer(jobs(jobs));
        FakeServer.Call first = server.next("runner.result");
        assertEquals(1, results(first).size());
        Files.createFile(go);
        // All slots but the one of the open pull are free again only when all eight have ended.
        FakeServer.Call next = server.next("runner.pull");
        while (((Number) next.params().getOrDefault("max", 0)).intValue() < 10) {
            next.answer(jobs());
            next = server.next("runner.pull");
        }
        first.answer(List.of(Map.of("job_id", "first", "outcome", "recorded")));
        FakeServer.Call second = server.next("runner.result");
        assertEquals(8, results(second).size());
        second.answer(List.of());
        await().until(() -> runner().held() == 0);
    }

    @Test
    void a_stop_comes_as_a_notification_or_with_any_answer() {
        start(settings(3));
        server.next("runner.connect").answer(hello(50));
        FakeServer.Call pull = server.next("runner.pull");
        pull.answer(jobs(job("a", "sleep 300"), job("b", "sleep 300"), job("c", "trap '' TERM; sleep 300")));
        pull.connection().notify("runner.stop", Map.of("job_id", "a", "attempt", 1, "mode", "graceful"));
        FakeServer.Call result = server.next("runner.result");
        assertEquals("stopped", results(result).getFirst().get("error"));
        result.answer(List.of());
        server.next("runner.heartbeat")
                .answer(Map.of("stops", List.of(Map.of("job_id", "b", "attempt", 1, "grace_ms", 1000))));
        result = server.next("runner.result");
        assertEquals("b", results(result).getFirst().get("job_id"));
        result.answer(List.of());
        server.next("runner.heartbeat")
                .answer(Map.of("stops", List.of(Map.of("job_id", "c", "attempt", 1, "mode", "kill"))));
        assertEquals("c", results(server.next("runner.result")).getFirst().get("job_id"));
    }

    @Test
    void heartbeats_name_what_runs_and_what_is_not_yet_answered() {
        start(settings(3));
        server.next("runner.connect").answer(hello(50));
        server.next("runner.pull").answer(jobs(job("a", "sleep 300"), job("b", "echo done")));
        server.next("runner.result");
        FakeServer.Call beat = server.next("runner.heartbeat");
        while (List.of().equals(beat.params().get("running"))) {
            // One that went out before the jobs came in.
            beat.answer(Map.of());
            beat = server.next("runner.heartbeat");
        }
        Object running = beat.params().get("running");
        assertEquals(List.of(Map.of("job_id", "a", "attempt", 1), Map.of("job_id", "b", "attempt", 1)), running);
    }

    @Test
    void jobs_and_results_outlive_a_connection() throws IOException {
        start(settings(2));
        server.next("runner.connect").answer(hello(10_000));
        Path go = outside.resolve("go");
        Path done = outside.resolve("done");
        FakeServer.Call pull = server.next("runner.pull");
        pull.answer(jobs(job("a", "sleep 300"), job("b", waitFor(go) + "; touch " + done + "; echo out")));
        await().until(() -> runner().held() == 2);
        server.cut();
        FakeServer.Call hello = server.next("runner.connect");
        Files.createFile(go);
        assertEquals(
                Map.of(
                        "session_id",
                        "s1",
                        "running",
                        List.of(Map.of("job_id", "a", "attempt", 1), Map.of("job_id", "b", "attempt", 1))),
                hello.params().get("resume"));
        await().until(() -> Files.exists(done));
        Map<String, Object> answer = new LinkedHashMap<>(hello(10_000));
        answer.put(
                "verdicts",
                List.of(
                        Map.of("job_id", "a", "attempt", 1, "verdict", "abandon"),
                        Map.of("job_id", "b", "attempt", 1, "verdict", "keep")));
        hello.answer(answer);
        assertEquals(
                List.of(Map.of("job_id", "b", "attempt", 1)),
                server.next("runner.heartbeat").params().get("running"),
                "at once: what it does not name was lost with the connection");
        FakeServer.Call result = server.next("runner.result");
        assertEquals(1, results(result).size());
        assertEquals("out", results(result).getFirst().get("success"));
        server.cut();
        server.next("runner.connect").answer(hello(10_000));
        result = server.next("runner.result");
        assertEquals("b", results(result).getFirst().get("job_id"), "unanswered results are sent again");
        result.answer(List.of(Map.of("job_id", "b", "outcome", "duplicate")));
        await().until(() -> runner().held() == 0);
    }

    @Test
    void an_abandoned_job_is_killed_and_never_reported() throws IOException {
        start(settings(1));
        server.next("runner.connect").answer(hello(30));
        Path pids = outside.resolve("pids");
        FakeServer.Call pull = server.next("runner.pull");
        pull.answer(jobs(job("a", "echo $$ > " + pids + "; sleep 300")));
        await().until(() -> Files.exists(pids) && Files.size(pids) > 1);
        server.next("runner.heartbeat").answer(Map.of("abandon", List.of(Map.of("job_id", "a", "attempt", 1))));
        long pid = Long.parseLong(Files.readString(pids).strip());
        await().until(() -> ProcessHandle.of(pid).filter(ProcessTable::isAlive).isEmpty());
        server.next("runner.pull").answer(jobs(job("b", "echo b")));
        assertEquals("b", results(server.next("runner.result")).getFirst().get("job_id"));
    }

    @Test
    void a_drain_lets_jobs_finish_delivers_and_ends() throws IOException {
        start(settings(1));
        server.next("runner.connect").answer(hello(10_000));
        Path go = outside.resolve("go");
        server.next("runner.pull").answer(jobs(job("a", waitFor(go) + "; echo out")));
        await().until(() -> runner().held() == 1);
        runner().drain();
        server.next("runner.drain").answer(null);
        Files.createFile(go);
        FakeServer.Call result = server.next();
        assertEquals("runner.result", result.method(), "no further pull");
        assertFalse(ended.isDone());
        result.answer(List.of());
        assertNull(ended.join());
    }

    @Test
    void the_server_may_ask_for_the_drain() {
        start(settings(1));
        server.next("runner.connect").answer(hello(10_000));
        server.next("runner.pull").answer(Map.of("jobs", List.of(), "stops", List.of(), "drain", true));
        assertNull(ended.join());
    }

    @Test
    void a_drain_that_takes_too_long_stops_the_jobs_and_says_so() {
        start(settings(1).withGraces(Duration.ofSeconds(5), Duration.ofMillis(200)));
        server.next("runner.connect").answer(hello(10_000));
        server.next("runner.pull").answer(jobs(job("a", "sleep 300")));
        await().until(() -> runner().held() == 1);
        runner().drain();
        FakeServer.Call result = server.next("runner.result");
        assertEquals(
                "stopped: its runner was shut down", results(result).getFirst().get("error"));
        result.answer(List.of());
        assertNull(ended.join());
    }

    @Test
    void results_are_split_so_that_each_call_stays_below_the_limit() throws IOException {
        start(settings(4).withLimits(4 << 20, 100_000));
        server.next("runner.connect").answer(hello(10_000));
        Path go = outside.resolve("go");
        String loud = waitFor(go) + "; head -c 70000 /dev/zero | tr '\\0' x";
        server.next("runner.pull").answer(jobs(job("0", "echo"), job("a", loud), job("b", loud), job("c", loud)));
        FakeServer.Call first = server.next("runner.result");
        Files.createFile(go);
        await().until(() -> Tree.array(first.params().get("results")).size() == 1);
        first.answer(List.of());
        List<Object> seen = new ArrayList<>();
        while (seen.size() < 3) {
            FakeServer.Call call = server.next("runner.result");
            assertTrue(Tree.encodedBytes(call.params()) < 110_000);
            results(call).forEach(result -> seen.add(result.get("job_id")));
            call.answer(List.of());
        }
        assertEquals(3, seen.size());
    }

    @Test
    void a_result_that_the_server_cannot_take_becomes_an_error_and_hurts_no_other() {
        start(settings(1));
        server.next("runner.connect").answer(hello(10_000));
        server.next("runner.pull").answer(jobs(job("a", "echo x")));
        server.next("runner.result").refuse(-32006, "too_large", "too large");
        FakeServer.Call again = server.next("runner.result");
        assertEquals(
                "the server did not take the result: too large",
                results(again).getFirst().get("error"));
    }

    @Test
    void a_busy_server_gets_the_same_result_later() {
        start(settings(1));
        server.next("runner.connect").answer(hello(10_000));
        server.next("runner.pull").answer(jobs(job("a", "echo x")));
        server.next("runner.result").refuse(-32005, "busy", "busy");
        assertEquals("x", results(server.next("runner.result")).getFirst().get("success"));
    }

    @Test
    void a_second_hand_over_of_the_same_attempt_runs_nothing_twice() {
        start(settings(2));
        server.next("runner.connect").answer(hello(10_000));
        Path runs = outside.resolve("runs");
        Map<String, Object> job = job("a", "echo x >> " + runs + "; sleep 300");
        server.next("runner.pull").answer(jobs(job));
        FakeServer.Call pull = server.next("runner.pull");
        await().until(() -> Files.exists(runs) && Files.size(runs) == 2);
        pull.answer(jobs(job, job("b", "wc -l < " + runs)));
        assertEquals(
                "1",
                String.valueOf(results(server.next("runner.result")).getFirst().get("success"))
                        .strip());
    }

    @Test
    void a_refused_secret_at_the_start_ends_the_runner_with_the_reason() {
        server.refusal = "401 Unauthorized";
        var refused = new Runner(settings(1), Time.system(), new SplittableRandom(1), notices::add);
        assertTrue(assertThrows(ConnectionLost.class, refused::run).refused());
    }

    @Test
    void closing_kills_at_once() {
        start(settings(1));
        server.next("runner.connect").answer(hello(10_000));
        server.next("runner.pull").answer(jobs(job("a", "trap '' TERM; sleep 300")));
        await().until(() -> runner().held() == 1);
        runner().close();
        assertNull(ended.join());
    }

    // ---- setup ----

    private RunnerSettings settings(int slots) {
        return RunnerSettings.of(
                        List.of(server.url()),
                        "r1",
                        slots,
                        Map.of("sh", List.of("sh"), "bash", List.of("bash")),
                        "hsv_reg_hidden")
                .withQueue("q1")
                .withLabels(Map.of("zone", "a"))
                .withWorkFolder(workFolder);
    }

    private void start(RunnerSettings settings) {
        var started = new Runner(settings, Time.system(), new SplittableRandom(1), notices::add);
        runner = started;
        ended = CompletableFuture.runAsync(
                started::run, task -> Thread.ofVirtual().start(task));
    }

    private Runner runner() {
        return java.util.Objects.requireNonNull(runner);
    }

    private static Map<String, Object> hello(int heartbeatMs) {
        return Map.of("session_id", "s1", "heartbeat_ms", heartbeatMs, "lease_ms", 30_000, "verdicts", List.of());
    }

    private static String waitFor(Path file) {
        return "while [ ! -e " + file + " ]; do sleep 0.02; done";
    }

    private static Map<String, Object> job(String id, String script) {
        return Map.of(
                "id",
                id,
                "attempt",
                1,
                "lease",
                "lease-" + id,
                "executor",
                "sh",
                "payload",
                script,
                "timeout",
                60,
                "env_vars",
                Map.of(),
                "deadline_ms",
                60_000);
    }

    @SafeVarargs
    @SuppressWarnings("varargs") // The array is only read.
    private static Map<String, Object> jobs(Map<String, Object>... jobs) {
        return jobs(List.of(jobs));
    }

    private static Map<String, Object> jobs(List<Map<String, Object>> jobs) {
        return Map.of("jobs", jobs, "stops", List.of(), "drain", false);
    }

    private static List<Map<String, Object>> results(FakeServer.Call call) {
        return Tree.array(call.params().get("results")).stream()
                .map(Tree::object)
                .toList();
    }
}
