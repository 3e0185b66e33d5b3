package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.client.SystemClient;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Scope;
import hero.supervisor.domain.Time;
import hero.supervisor.runner.Runner;
import hero.supervisor.runner.RunnerSettings;
import hero.supervisor.store.PostgresFixture;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A gateway goes while its runner works and its callers wait: all go on at the other.
@Timeout(60)
final class RestartTest {
    private static final int CALLERS = 20;

    @TempDir
    Path folder;

    @Test
    void callers_and_runners_go_on_at_the_other_gateway_and_no_attempt_is_burned() throws Exception {
        var database = PostgresFixture.freshDatabase();
        try (LiveGateway a = LiveGateway.start(database, Map.of(Setting.NODE_NAME, "a", Setting.DRAIN_MS, "5000"));
                LiveGateway b = LiveGateway.start(database, Map.of(Setting.NODE_NAME, "b"));
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<URI> urls = List.of(webSocket(a), webSocket(b));
            RunnerSettings settings = RunnerSettings.of(
                            urls, "worker", CALLERS, Map.of("sh", List.of("sh")), a.secret(Scope.REGISTER))
                    .withWorkFolder(folder.resolve("work"));
            try (Runner runner = new Runner(settings, Time.system(), new SplittableRandom(1), _ -> {});
                    SystemClient client = new SystemClient(urls, a.secret(Scope.USER), Time.system(), new Random(1))) {
                threads.execute(runner::run);
                a.register("worker");
                Path go = folder.resolve("go");
                List<CompletableFuture<Object>> answers = java.util.stream.IntStream.range(0, CALLERS)
                        .mapToObj(i -> CompletableFuture.supplyAsync(() -> run(client, i, go), threads))
                        .toList();
                Awaitility.await()
                        .until(() -> "20"
                                .equals(b.sql("select count(*) from jobs where status = 'running'")
                                        .getFirst()));
                a.supervisor().close();
                Awaitility.await().until(() -> b.supervisor().waiters() == CALLERS);
                Files.createFile(go);
                for (int i = 0; i < CALLERS; i++) {
                    assertEquals("done " + i, LiveSocket.within(answers.get(i)));
                }
                assertEquals(List.of("completed 1"), b.sql("select distinct status || ' ' || attempt from jobs"));
                assertEquals(List.of("0"), b.sql("select count(*) from job_attempts"));
            }
        }
    }

    private static URI webSocket(LiveGateway gateway) {
        return URI.create("ws://127.0.0.1:" + gateway.port() + "/rpc");
    }

    private static Object run(SystemClient client, int i, Path go) {
        Map<String, Object> job = LiveGateway.job("job-" + i, "worker");
        job.put("payload", "while [ ! -e " + go + " ]; do sleep 0.05; done; echo done " + i);
        return Tree.string(Tree.object(client.call("job.run", Map.of("job", job))), "success", "");
    }
}
