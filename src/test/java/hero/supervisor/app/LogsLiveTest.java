package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.RemoteError;
import hero.supervisor.client.RpcClient;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.client.SupervisorClient;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Scope;
import hero.supervisor.domain.Time;
import hero.supervisor.runner.Runner;
import hero.supervisor.runner.RunnerSettings;
import hero.supervisor.store.PostgresFixture;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A gateway on PostgreSQL, the bundled runner behind a line that can be cut, and a client.
@Timeout(120)
@SuppressWarnings("NullAway.Init")
final class LogsLiveTest {
    @TempDir
    Path folder;

    private Supervisor supervisor;
    private Runner runner;
    private SupervisorClient client;
    private Cuttable line;

    @BeforeEach
    void setup() throws Exception {
        var database = PostgresFixture.freshDatabase();
        supervisor = Supervisor.start(Config.with(Map.of(Setting.PORT, "0"))
                .withDatabase(database.url(), database.user(), database.password()));
        line = new Cuttable(supervisor.port());
        String register = supervisor.secrets().create("r", Scope.REGISTER, null).secret();
        String user = supervisor.secrets().create("u", Scope.USER, null).secret();
        runner = new Runner(
                RunnerSettings.of(
                                List.of(URI.create("ws://127.0.0.1:" + line.port())),
                                "live",
                                2,
                                Map.of("sh", List.of("sh")),
                                register)
                        .withWorkFolder(folder),
                Time.system(),
                new SplittableRandom(1),
                _ -> {});
        Thread.ofVirtual().start(runner::run);
        client = new SupervisorClient(RpcClient.connect(
                RpcSettings.of(URI.create("ws://127.0.0.1:" + supervisor.port()), user), Time.system(), (_, _) -> {}));
        await().atMost(Duration.ofSeconds(30)).until(() -> client.listRunners().contains("live"));
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        runner.close();
        supervisor.close();
        line.close();
    }

    private String start(String id, String script) {
        client.call(
                "create_job",
                Map.of(
                        "job",
                        Map.of(
                                "id",
                                id,
                                "caller_id",
                                "c",
                                "context_id",
                                "x",
                                "runner",
                                "live",
                                "executor",
                                "sh",
                                "payload",
                                script,
                                "env_vars",
                                Map.of("DB_PASSWORD", "hunter22"))));
        return id;
    }

    private Map<String, Object> logs(String id) {
        return Tree.object(client.call("job.logs", Map.of("job_id", id, "stream", "stdout", "limit", 1 << 20)));
    }

    private static String text(Map<String, Object> logs) {
        return Tree.array(logs.get("chunks")).stream()
                .map(chunk -> Tree.string(Tree.object(chunk), "data", ""))
                .collect(Collectors.joining());
    }

    @Test
    void output_appears_before_the_job_ends_and_is_whole_when_it_has() throws IOException {
        Path go = folder.resolve("go");
        String id = start("a", "echo one $DB_PASSWORD; while [ ! -e " + go + " ]; do sleep 0.05; done; echo two");
        await().atMost(Duration.ofSeconds(30)).until(() -> text(logs(id)).equals("one ***\n"));
        assertEquals(false, logs(id).get("end"));
        Files.createFile(go);
        client.jobResult(id);
        assertEquals("one ***\ntwo\n", text(logs(id)));
        assertEquals(true, logs(id).get("end"));
        client.jobDelete(id);
        assertTrue(assertThrows(RemoteError.class, () -> logs(id)).is("job_not_found"));
    }

    @Test
    void a_connection_that_breaks_again_and_again_leaves_no_gap_and_no_double() {
        String id = start("b", "i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.05; done");
        for (int cut = 0; cut < 3; cut++) {
            int before = text(logs(id)).length();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> text(logs(id)).length() > before || Boolean.TRUE.equals(logs(id).get("end")));
            line.cut();
        }
        client.jobResult(id);
        String all = IntStream.range(0, 60).mapToObj(i -> "line " + i + "\n").collect(Collectors.joining());
        await().atMost(Duration.ofSeconds(30)).until(() -> text(logs(id)).length() >= all.length());
        assertEquals(all, text(logs(id)));
    }

    /// Passes bytes on between a runner and the gateway until it is cut; then it takes new connections.
    private static final class Cuttable implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final List<Socket> sockets = new CopyOnWriteArrayList<>();
        private final int target;

        Cuttable(int target) throws IOException {
            this.target = target;
            Thread.ofVirtual().start(this::accept);
        }

        int port() {
            return listener.getLocalPort();
        }

        private void accept() {
            try {
                while (true) {
                    Socket near = listener.accept();
                    Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
                    sockets.addAll(List.of(near, far));
                    Thread.ofVirtual().start(() -> pass(near, far));
                    Thread.ofVirtual().start(() -> pass(far, near));
                }
            } catch (IOException e) {
                // Closed.
            }
        }

        private static void pass(Socket from, Socket to) {
            try (from;
                    to) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException e) {
                // Cut.
            }
        }

        void cut() {
            for (Socket socket : sockets) {
                quietly(socket);
            }
            sockets.clear();
        }

        private static void quietly(@Nullable Socket socket) {
            try {
                if (socket != null) {
                    socket.close();
                }
            } catch (IOException e) {
                // It is gone.
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
            cut();
        }
    }
}
