package hero.supervisor.process;

import static hero.supervisor.process.ServeFixture.job;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.SystemClient;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import hero.supervisor.process.Processes.Command;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Two gateways on one database are restarted one after the other while jobs run and callers wait. Starts eight
/// processes, so it is part of the campaign: `mvn test -Pcampaign -Dtest=RollingRestartProcessTest`. The same
/// inside one process, in every build: `app/RestartTest`.
@Timeout(300)
@Tag("campaign")
final class RollingRestartProcessTest {
    private static final int CALLERS = 8;

    @TempDir
    Path folder;

    @Test
    void every_caller_is_answered_and_no_attempt_is_burned() throws Exception {
        try (ServeFixture system = new ServeFixture(folder, Map.of())) {
            Command first = system.server;
            Command second = system.serve(Map.of());
            List<String> urls = List.of(system.url, second.awaitLine("listening at (\\S+)"));
            for (String name : List.of("one", "two")) {
                system.runner(
                        name, "--queue", "work", "--slots", "4", "--url", urls.getFirst(), "--url", urls.getLast());
            }
            Path go = folder.resolve("go");
            Command blocked = system.processes.start(
                    system.as("user"), words(urls, "while [ ! -e " + go + " ]; do sleep 0.05; done; echo released"));
            await().until(() -> running(system) > 0);

            try (Load load = new Load(system, urls)) {
                load.awaitMore();
                for (int i = 0; i < 2; i++) {
                    Command old = i == 0 ? first : second;
                    assertEquals(0, old.signal("TERM").exit(), old::toString);
                    load.awaitMore();
                    String port = Integer.toString(URI.create(urls.get(i)).getPort());
                    system.serve(Map.of("SUPERVISOR_PORT", port)).awaitLine("listening at (\\S+)");
                    load.awaitMore();
                }
            }
            Files.createFile(go);
            assertEquals(0, blocked.exit(), blocked::toString);
            assertEquals("released", blocked.line());
            assertEquals(List.of("completed 1"), rows(system, "select distinct status || ' ' || attempt from jobs"));
            assertEquals(List.of("0"), rows(system, "select count(*) from job_attempts"));
        }
    }

    private static String[] words(List<String> urls, String script) {
        return new String[] {
            "job", "run", "--url", String.join(",", urls), "--id", "blocked", "-r", "one", "-e", "sh", script
        };
    }

    private static long running(ServeFixture system) throws SQLException {
        return Long.parseLong(rows(system, "select count(*) from jobs where status = 'running'")
                .getFirst());
    }

    private static List<String> rows(ServeFixture system, String sql) throws SQLException {
        Map<String, String> database = system.databaseVariables();
        List<String> rows = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(
                        database.getOrDefault("SUPERVISOR_DB_URL", ""),
                        database.get("SUPERVISOR_DB_USER"),
                        database.get("SUPERVISOR_DB_PASSWORD"));
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            while (result.next()) {
                rows.add(result.getString(1));
            }
        }
        return rows;
    }

    /// Callers that run one job after the other until closed; closing waits for the answers of all.
    private static final class Load implements AutoCloseable {
        private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        private final List<CompletableFuture<Void>> callers = new ArrayList<>();
        private final List<SystemClient> clients = new ArrayList<>();
        private final AtomicInteger answered = new AtomicInteger();
        private final AtomicBoolean over = new AtomicBoolean();

        Load(ServeFixture system, List<String> urls) {
            List<URI> sockets = urls.stream()
                    .map(url -> URI.create(url.replaceFirst("^http", "ws") + "/rpc"))
                    .toList();
            for (int i = 0; i < CALLERS; i++) {
                int caller = i;
                List<URI> mine = i % 2 == 0 ? sockets : sockets.reversed();
                SystemClient client = new SystemClient(mine, system.secret("user"), Time.system(), new Random(i));
                clients.add(client);
                callers.add(CompletableFuture.runAsync(() -> call(client, caller), threads));
            }
        }

        private void call(SystemClient client, int caller) {
            for (int n = 0; !over.get(); n++) {
                String id = "load-" + caller + "-" + n;
                Object result = client.call("job.run", Map.of("job", job(id, "two", "sleep 0.1; echo " + id, 60)));
                assertEquals(id, Tree.object(result).get("success"));
                answered.incrementAndGet();
            }
        }

        /// Waits until several more jobs have been answered; fails with the first caller that failed.
        void awaitMore() {
            int before = answered.get();
            await().until(() -> {
                callers.stream().filter(CompletableFuture::isDone).forEach(CompletableFuture::join);
                return answered.get() >= before + 2 * CALLERS;
            });
        }

        @Override
        public void close() {
            over.set(true);
            callers.forEach(CompletableFuture::join);
            assertTrue(answered.get() > 0);
            clients.forEach(SystemClient::close);
            threads.close();
        }
    }
}
