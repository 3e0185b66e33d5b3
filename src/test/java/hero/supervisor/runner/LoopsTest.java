package hero.supervisor.runner;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.client.FakeServer;
import hero.supervisor.client.RpcClient;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The threads that outlive connections: a fault that nobody thought of ends none of them. Here it is a session
/// without a connection, which a good one follows.
@Timeout(60)
final class LoopsTest {
    @TempDir
    Path folder;

    private final FakeServer server = new FakeServer();
    private final RpcClient rpc =
            RpcClient.connect(RpcSettings.of(server.url(), null), Time.system(), RpcClient.Notifications.ignored());
    private final Work work = new Work(1, 1 << 20);
    private final ErrorLines errors = new ErrorLines();

    @AfterEach
    void close() {
        errors.close();
        work.alive().forEach(Execution::kill);
        work.close();
        rpc.close();
        server.close();
    }

    @Test
    void a_result_comes_after_a_fault() {
        Execution execution = execution("");
        work.add(execution);
        work.finished(execution, Report.of(execution.task(), new JobResult.Success("done")));
        faultThenGood(Delivery.class, new Delivery(work)::run);
        FakeServer.Call result = server.next("runner.result");
        assertEquals(1, work.held().size());
        result.answer(List.of());
        await().until(() -> work.held().isEmpty());
    }

    @Test
    void a_log_goes_on_after_a_fault() {
        var logging = new Logging(work, 1024);
        Execution execution = execution("");
        JobLog jobLog = logging.prepare(execution.task());
        byte[] bytes = "one".getBytes(StandardCharsets.UTF_8);
        jobLog.stdout().add(bytes, bytes.length);
        logging.begin(jobLog);
        faultThenGood(Logging.class, logging::run);
        assertEquals("one", server.next("runner.log").params().get("data"));
    }

    @Test
    void progress_goes_on_after_a_fault() throws IOException {
        Path go = folder.resolve("go");
        Execution execution = execution("echo 10 > $SUPERVISOR_PROGRESS_FILE; while [ ! -e " + go
                + " ]; do sleep 0.02; done; echo 20 > $SUPERVISOR_PROGRESS_FILE; sleep 300");
        work.add(execution);
        Thread.ofVirtual().start(execution::run);
        faultThenGood(Progressing.class, new Progressing(work)::run);
        Files.createFile(go);
        assertEquals(20.0, server.next("runner.progress").params().get("percent"));
    }

    // ---- setup ----

    private void faultThenGood(Class<?> whose, Runnable loop) {
        work.session(session(null));
        Thread.ofVirtual().start(loop);
        await().until(() -> !errors.of(whose).isEmpty());
        work.session(session(rpc));
    }

    @SuppressWarnings("NullAway") // No connection is the fault.
    private static Session session(@Nullable RpcClient rpc) {
        return new Session(rpc, "s1", false, 10_000, 30_000, 1024);
    }

    private Execution execution(String script) {
        RunnerSettings settings = RunnerSettings.of(List.of(server.url()), "r", 1, Map.of("sh", List.of("sh")), null)
                .withWorkFolder(folder);
        Task task = new Task(new Task.Key("a", 1), "l", "sh", script, Map.of(), 60, null, Map.of());
        return new ProcessExecutor(settings).prepare(task);
    }
}
