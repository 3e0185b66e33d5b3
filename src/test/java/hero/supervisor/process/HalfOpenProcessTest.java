package hero.supervisor.process;

import static hero.supervisor.process.ServeFixture.job;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import hero.supervisor.client.SupervisorClient;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.process.Processes.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A runner in a network namespace whose packets are dropped: no FIN, no RST, on either side a socket that looks
/// well. Part of the campaign (`-Pcampaign`); left out where namespaces cannot be had (not root, no `ip` or
/// `nft`).
@Tag("campaign")
@Timeout(300)
final class HalfOpenProcessTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path folder;

    @BeforeEach
    void namespaces_can_be_had() {
        assumeTrue(Namespace.possible(), "network namespaces need root, ip and nft");
    }

    private static Map<String, String> settings(Namespace network, int leaseMs) {
        return Map.of(
                "SUPERVISOR_BIND",
                network.gateway(),
                "SUPERVISOR_HEARTBEAT_MS",
                "500",
                "SUPERVISOR_LEASE_MS",
                Integer.toString(leaseMs),
                "SUPERVISOR_RESUME_GRACE_MS",
                "1000");
    }

    @Test
    void a_runner_cut_off_for_longer_than_its_lease_loses_its_job_to_another_and_comes_back() throws Exception {
        try (Namespace network = Namespace.make();
                ServeFixture system = new ServeFixture(folder, settings(network, 3000))) {
            Command cut = runner(system, "cut", network.launcher());
            SupervisorClient client = system.client("user");
            CompletableFuture<JobResult> answer = client.jobRunAsync(script("half-open"));
            await().atMost(PATIENCE).until(() -> jobs().begun().equals(List.of("1")));

            network.cut();
            await().atMost(PATIENCE).until(() -> client.jobStatus("half-open").status() == JobStatus.QUEUED);
            Command other = runner(system, "other", List.of());
            await().atMost(PATIENCE).until(() -> jobs().begun().equals(List.of("1", "2")));
            jobs().letGo();
            assertEquals(new JobResult.Success("attempt 2"), answer.get(60, TimeUnit.SECONDS));

            network.heal();
            await().atMost(PATIENCE).until(() -> connects(cut) == 2);
            assertEquals(0, other.signal("TERM").exit(), other::toString);
            // It is of use again: its one slot is free of what is no longer its own.
            assertEquals(new JobResult.Success("back"), client.jobRun(job("back", "cut", "echo back", 60)));
            Map<String, Object> job = client.jobGet("half-open");
            assertEquals(Map.of("success", "attempt 2"), job.get("result"));
            List<?> attempts = Tree.array(job.get("attempts"));
            assertEquals(2, attempts.size(), attempts::toString);
            assertEquals("runner lost", Tree.object(attempts.getFirst()).get("error"), attempts::toString);
        }
    }

    @Test
    void a_runner_cut_off_for_less_keeps_its_job_and_its_result_is_recorded_once() throws Exception {
        try (Namespace network = Namespace.make();
                ServeFixture system = new ServeFixture(folder, settings(network, 60_000))) {
            Command cut = runner(system, "cut", network.launcher());
            SupervisorClient client = system.client("user");
            CompletableFuture<JobResult> answer = client.jobRunAsync(script("half-open"));
            await().atMost(PATIENCE).until(() -> jobs().begun().equals(List.of("1")));
            network.cut();
            jobs().letGo();
            // Its job ends in there, and its result finds no way out.
            await().atMost(PATIENCE).until(() -> Files.exists(folder.resolve("ended")));
            assertEquals(JobStatus.RUNNING, client.jobStatus("half-open").status());
            network.heal();
            assertEquals(new JobResult.Success("attempt 1"), answer.get(120, TimeUnit.SECONDS));
            assertEquals(List.of("1"), jobs().begun());
            assertTrue(cut.process().isAlive());
        }
    }

    private Command runner(ServeFixture system, String name, List<String> launcher) {
        Command runner = system.processes.startVia(
                launcher, system.as("register"), "runner", "--name", name, "--queue", "cut", "--slots", "1");
        runner.awaitLine("runner " + name + " connected");
        return runner;
    }

    private Map<String, Object> script(String id) {
        String last = "touch " + folder.resolve("ended") + "; echo attempt $SUPERVISOR_ATTEMPT";
        return job(id, "cut", jobs().script("$SUPERVISOR_ATTEMPT", last), 3600);
    }

    private Waiting jobs() {
        return new Waiting(folder);
    }

    private static long connects(Command runner) {
        return runner.lines().stream()
                .filter(line -> line.contains("connected"))
                .count();
    }
}
