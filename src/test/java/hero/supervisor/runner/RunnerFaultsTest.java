package hero.supervisor.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.FakeServer;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What the runner makes of sessions that end in odd ways. Found by `supervisor runner-check`.
@Timeout(60)
final class RunnerFaultsTest {
    private final FakeServer server = new FakeServer();
    private final Runner runner = new Runner(
            RunnerSettings.of(List.of(server.url()), "r1", 1, Map.of("sh", List.of("sh")), "hsv_reg_hidden"),
            Time.system(),
            new SplittableRandom(1),
            this::noticed);
    private final CompletableFuture<Void> ended =
            CompletableFuture.runAsync(runner::run, task -> Thread.ofVirtual().start(task));

    /// What befalls the runner where it says that it drains.
    private volatile @Nullable Throwable fault;

    private void noticed(String line) {
        switch (line.contains("draining") ? fault : null) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case null, default -> {}
        }
    }

    @AfterEach
    void close() {
        runner.close();
        server.close();
    }

    private void greet(long heartbeatMs, long leaseMs) {
        server.next("runner.connect")
                .answer(Map.of("session_id", "s1", "heartbeat_ms", heartbeatMs, "lease_ms", leaseMs));
    }

    private void resumes() {
        Map<String, Object> resume =
                Tree.object(server.next("runner.connect").params().get("resume"));
        assertEquals("s1", resume.get("session_id"));
    }

    @Test
    void a_beat_that_is_not_answered_within_the_lease_ends_the_connection() {
        greet(20, 200);
        server.next("runner.heartbeat");
        resumes();
    }

    @Test
    void a_session_that_is_gone_is_resumed_on_a_new_connection() {
        greet(20, 60_000);
        server.next("runner.heartbeat").refuse(-32002, "conflict", "the session is gone");
        resumes();
    }

    @Test
    void a_pull_that_fails_in_a_way_nobody_thought_of_ends_the_connection() {
        fault = new InternalError("no room");
        greet(10_000, 60_000);
        server.next("runner.pull").answer(Map.of("drain", true));
        resumes();
    }

    @Test
    void a_beat_that_fails_in_a_way_nobody_thought_of_ends_the_connection() {
        fault = new IllegalStateException("no idea");
        greet(20, 60_000);
        server.next("runner.heartbeat").answer(Map.of("drain", true));
        resumes();
    }

    @Test
    void a_runner_whose_session_was_taken_over_ends_and_does_not_come_back() {
        greet(10_000, 60_000);
        server.next("runner.pull").connection().close(4002, "superseded");
        Throwable why = assertThrows(CompletionException.class, ended::join).getCause();
        assertEquals(4002, assertInstanceOf(ConnectionLost.class, why).code());
    }
}
