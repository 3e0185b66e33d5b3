package hero.supervisor.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.app.PostgresProcess;
import hero.supervisor.client.SupervisorClient;
import hero.supervisor.process.Processes.Command;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A gateway is killed (`kill -9`) while commands wait there: they go on, at another gateway or at the same
/// address when it is back, and print what became of their jobs. Part of the campaign (`-Pcampaign`).
@Tag("campaign")
@Timeout(300)
final class GatewayKilledProcessTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    @Test
    void commands_that_wait_there_print_the_outcome_all_the_same() throws Exception {
        try (PostgresProcess postgres = PostgresProcess.start(folder);
                Cluster cluster =
                        new Cluster(folder, postgres, postgres.settings().url(), 2, Map.of())) {
            Workers workers = new Workers(cluster, 0, 1, 1);
            Waiting jobs = new Waiting(folder);
            SupervisorClient client = cluster.client(1, "user");
            client.jobsCreate(job("good", jobs, "echo good"));
            client.jobsCreate(job("bad", jobs, "echo why >&2; exit 3"));
            String both = http(cluster, 0) + "," + http(cluster, 1);
            List<Command> waiting = List.of(
                    waiting(cluster, both, "result", "good"),
                    waiting(cluster, both, "result", "bad"),
                    waiting(cluster, both, "watch", "good"),
                    waiting(
                            cluster,
                            both,
                            "run",
                            "-r",
                            Errand.SHELL,
                            "-e",
                            "sh",
                            "--id",
                            "run",
                            jobs.script("begun", "echo run")),
                    waiting(cluster, http(cluster, 0), "result", "good"),
                    waiting(cluster, http(cluster, 0), "watch", "bad"));
            int sockets = waiting.size() + 1; // The runner's.
            await().atMost(PATIENCE).until(() -> cluster.sockets(0) == sockets);
            // Who watches is connected, and has said what it wants.
            await().atMost(PATIENCE)
                    .until(() ->
                            Stream.of(2, 5).allMatch(n -> waiting.get(n).out().contains("created")));
            client.jobStart("good");
            client.jobStart("bad");
            await().atMost(PATIENCE).until(() -> jobs.begun().size() == 3);

            cluster.server(0).signal("KILL").process().waitFor();
            await().atMost(PATIENCE).until(() -> cluster.sockets(1) >= 1 + 1 + 4); // Ours, the runner's, theirs.
            jobs.letGo();
            cluster.start(0);
            cluster.awaitListening(0);

            assertEnded(waiting.get(0), 0, "good");
            assertEnded(waiting.get(1), 1, "");
            assertTrue(waiting.get(1).err().endsWith("\nexit code 3\nwhy\n"), waiting.get(1)::toString);
            assertEnded(waiting.get(3), 0, "run");
            assertEnded(waiting.get(4), 0, "good");
            assertEquals(List.of("created", "queued", "running", "completed"), told(waiting.get(2), 0));
            assertEquals("failed", told(waiting.get(5), 1).getLast());
            assertEquals(3, jobs.begun().size(), "each job was begun once");
            assertEquals(0, new Ledger(postgres).number("select count(*) from job_attempts"));
            assertEquals(3, new Ledger(postgres).number("select count(*) from jobs where attempt = 1"));
            assertEquals(2, workers.connects(0), "the runner came back");
        }
    }

    private static String http(Cluster cluster, int node) {
        return cluster.urls(node, false).getFirst().toString().replaceFirst("^ws", "http");
    }

    private Command waiting(Cluster cluster, String url, String what, String... more) {
        List<String> words = new ArrayList<>(List.of("job", what, "--url", url));
        words.addAll(List.of(more));
        return cluster.processes.start(
                Map.of("SUPERVISOR_SECRET", cluster.secret("user")), words.toArray(String[]::new));
    }

    private static Map<String, Object> job(String id, Waiting jobs, String last) {
        Map<String, Object> job = new HashMap<>(ServeFixture.job(id, Errand.SHELL, jobs.script("begun", last), 300));
        job.put("caller_id", "killed");
        return job;
    }

    private static void assertEnded(Command command, int exit, String out) {
        assertEquals(exit, command.ended().exit(), command::toString);
        assertEquals(out, command.out().strip(), command::toString);
    }

    /// The states that `job watch` printed.
    private static List<String> told(Command watch, int exit) {
        assertEquals(exit, watch.ended().exit(), watch::toString);
        return watch.lines().stream().map(line -> line.split("\\s+", -1)[2]).toList();
    }
}
