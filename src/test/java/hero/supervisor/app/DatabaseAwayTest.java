package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.FreePort;
import hero.supervisor.domain.Scope;
import hero.supervisor.store.Database;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// PostgreSQL goes away and comes back under a gateway that runs.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class DatabaseAwayTest {
    private final EmbeddedDatabase postgres;

    DatabaseAwayTest(@TempDir Path folder) {
        postgres = EmbeddedDatabase.start(folder, line -> {});
    }

    @AfterAll
    void stop() {
        postgres.close();
    }

    private static Map<String, Object> withJob(LiveGateway live, String id) {
        return Map.of("secret", live.secret(Scope.USER), "job", LiveGateway.job(id, "r"));
    }

    /// Each kind of call: a read, a group commit, a claim's neighbour, runner control, a secret that nobody has
    /// seen.
    private static void allBusy(LiveGateway live, LiveSocket socket) throws Exception {
        List<CompletableFuture<Told>> answers = List.of(
                socket.begin("job.status", List.of("waited")),
                socket.begin("jobs.list", null),
                socket.begin("job.get", List.of("waited")),
                socket.begin("jobs.create", withJob(live, "new")),
                socket.begin("job.run", withJob(live, "newer")),
                socket.begin("job.start", Map.of("secret", live.secret(Scope.USER), "job_id", "waited")),
                socket.begin("job.stop", Map.of("secret", live.secret(Scope.USER), "job_id", "waited")),
                socket.begin("job.delete", Map.of("secret", live.secret(Scope.USER), "job_id", "waited")),
                socket.begin("job.result", List.of("waited")),
                socket.begin("list_runners", null),
                socket.begin("get_all_status", null),
                socket.begin("stop_all", null),
                socket.begin("secrets.list", Map.of("secret", live.secret(Scope.ADMIN))));
        for (CompletableFuture<Told> answer : answers) {
            Told told = LiveSocket.within(answer);
            assertEquals("-32005 busy", told.outcome(), told.text());
            assertTrue(told.data("retry_after_ms") instanceof Integer, told.text());
            assertFalse(told.text().contains("postgres"), told.text());
        }
        assertEquals("-32005 busy", live.call("job.status", List.of("waited")).outcome());
        assertEquals(
                "-32005 busy", live.call("jobs.create", withJob(live, "new")).outcome());
    }

    @Test
    void calls_are_busy_while_postgresql_is_away_and_all_goes_on_when_it_is_back() throws Exception {
        try (LiveGateway live = LiveGateway.start(postgres.settings(), Map.of(Setting.LEASE_MS, "60000"))) {
            LiveRunner runner = live.runner("r", "r", 5);
            live.call("create_job", withJob(live, "held")).result();
            Map<String, @Nullable Object> held = runner.take();
            live.call("jobs.create", withJob(live, "waited")).result();
            LiveSocket callers = live.socket();
            CompletableFuture<Told> onHeld = callers.begin("job.result", List.of("held"));
            CompletableFuture<Told> onWaited = callers.begin("job.result", List.of("waited"));
            await().until(() -> live.supervisor().waiters() == 2);
            assertEquals(200, live.get("/health/ready").statusCode());

            postgres.pause();
            allBusy(live, callers);
            CompletableFuture<Told> report = runner.socket()
                    .begin(
                            "runner.result",
                            Map.of("results", List.of(LiveRunner.report(held, Map.of("success", "x")))));
            assertEquals("-32005 busy", LiveSocket.within(report).outcome());
            HttpResponse<String> ready = live.get("/health/ready");
            assertEquals(503, ready.statusCode());
            assertTrue(ready.body().contains("the database cannot be reached"), ready.body());
            assertEquals(200, live.get("/health/live").statusCode());
            assertTrue(callers.isOpen() && runner.socket().isOpen());
            assertFalse(onHeld.isDone() || onWaited.isDone());
            assertEquals(2, live.supervisor().waiters());

            postgres.resume();
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> live.get("/health/ready").statusCode() == 200);
            assertEquals("recorded", runner.end(held, Map.of("success", "kept")));
            assertEquals(Map.of("success", "kept"), LiveSocket.within(onHeld).result());
            callers.call("job.start", Map.of("secret", live.secret(Scope.USER), "job_id", "waited"))
                    .result();
            assertEquals("recorded", runner.end(runner.take(), Map.of("success", "later")));
            assertEquals(Map.of("success", "later"), LiveSocket.within(onWaited).result());
            runner.answering(job -> Map.of("success", "after"));
            assertEquals(
                    Map.of("success", "after"),
                    callers.call("job.run", withJob(live, "after")).result());
            await().until(() -> live.supervisor().waiters() == 0);
        }
    }

    /// Every process of PostgreSQL is stopped: connections stay open and nobody answers, as with a dead disk.
    @Test
    void a_hanging_postgresql_is_busy_within_seconds_and_what_it_was_given_is_kept() throws Exception {
        try (LiveGateway live = LiveGateway.start(postgres.settings(), Map.of(Setting.LEASE_MS, "60000"))) {
            LiveRunner runner = live.runner("r3", "r3", 5);
            LiveSocket callers = live.socket();
            List<Long> processes = new ArrayList<>(List.of(postgres.pid().orElseThrow()));
            signal("STOP", processes);
            ProcessHandle.of(processes.getFirst()).orElseThrow().descendants().forEach(p -> processes.add(p.pid()));
            signal("STOP", processes);
            try {
                Map<String, Object> run =
                        Map.of("secret", live.secret(Scope.USER), "job", LiveGateway.job("hung", "r3"));
                for (CompletableFuture<Told> call : List.of(
                        callers.begin("job.run", run),
                        callers.begin("job.status", List.of("hung")),
                        callers.begin("jobs.create", withJob(live, "hung-too")))) {
                    // Less than the 30 s after which the driver would give up.
                    assertEquals("-32005 busy", call.get(25, TimeUnit.SECONDS).outcome());
                }
            } finally {
                signal("CONT", processes);
            }
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> live.get("/health/ready").statusCode() == 200);
            assertTrue(callers.isOpen() && runner.socket().isOpen());
            runner.answering(job -> Map.of("success", "late"));
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> callers.call(
                                    "job.run",
                                    Map.of("secret", live.secret(Scope.USER), "job", LiveGateway.job("hung", "r3")))
                            .outcome()
                            .equals("ok"));
        }
    }

    private static void signal(String name, List<Long> pids) throws IOException, InterruptedException {
        for (long pid : pids) {
            new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor();
        }
    }

    /// A pull that was parked when PostgreSQL went gets the first job after it is back.
    @Test
    void a_parked_pull_survives_the_outage() throws Exception {
        try (LiveGateway live = LiveGateway.start(postgres.settings(), Map.of())) {
            LiveRunner runner = live.runner("r2", "r2", 5);
            CompletableFuture<Told> pull = runner.socket().begin("runner.pull", Map.of("max", 1, "wait_ms", 60_000));
            await().until(() -> live.supervisor().waits() == 1);
            postgres.pause();
            assertEquals("-32005 busy", live.call("job.status", List.of("x")).outcome());
            postgres.resume();
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> live.call(
                                    "create_job",
                                    Map.of("secret", live.secret(Scope.USER), "job", LiveGateway.job("first", "r2")))
                            .outcome()
                            .equals("ok"));
            assertTrue(LiveSocket.within(pull).text().contains("\"id\":\"first\""));
            assertTrue(runner.socket().isOpen());
        }
    }

    @Test
    void a_database_that_is_not_there_is_waited_for_and_then_given_up_with_a_clear_line() throws IOException {
        int nobody = FreePort.find();
        String url = "jdbc:postgresql://127.0.0.1:" + nobody + "/postgres?password=hidden";
        Config config = LiveGateway.config(
                new Database.Settings(url, "postgres", "secret"), Map.of(Setting.DB_WAIT_MS, "4000"));
        CannotStart refusal = assertThrows(CannotStart.class, () -> Supervisor.start(config));
        assertEquals(CannotStart.Reason.SURROUNDINGS, refusal.reason());
        String words = String.valueOf(refusal.getMessage());
        assertTrue(
                words.startsWith("PostgreSQL at jdbc:postgresql://127.0.0.1:" + nobody + "/postgres cannot be"), words);
        assertTrue(words.endsWith("start it or correct SUPERVISOR_DB_URL"), words);
        assertFalse(words.contains("hidden") || words.contains("\n"), words);
    }
}
