package hero.supervisor.process;

import static hero.supervisor.process.ServeFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.client.SupervisorClient;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.JobResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Many clients, several runners, every outcome right. Every job is a real process.
@Timeout(240)
final class LoadProcessTest {
    private static final int CLIENTS = 20;
    private static final int JOBS_PER_CLIENT = 100;

    /// Two names on one queue, two with queues of their own.
    private static final List<String> RUNNERS = List.of("shared-1", "shared-2", "own-1", "own-2");

    @TempDir
    Path folder;

    /// What was asked for, and what came.
    private record Asked(String id, JobResult wanted, CompletableFuture<JobResult> got) {}

    @Test
    void twenty_clients_and_four_runners_get_two_thousand_outcomes_right() {
        try (ServeFixture system = new ServeFixture(folder, Map.of("SUPERVISOR_LOG_LEVEL", "WARN"))) {
            for (String name : RUNNERS) {
                system.runner(name, "--slots", "4", "--queue", name.startsWith("shared") ? "shared" : name);
            }
            List<Asked> all = new ArrayList<>();
            for (int c = 0; c < CLIENTS; c++) {
                SupervisorClient client = system.client("user");
                for (int i = 0; i < JOBS_PER_CLIENT; i++) {
                    all.add(ask(client, c * JOBS_PER_CLIENT + i));
                }
            }
            Map<String, String> wrong = new TreeMap<>();
            for (Asked asked : all) {
                JobResult got = asked.got.join();
                if (!got.equals(asked.wanted)) {
                    wrong.put(asked.id, got + " and not " + asked.wanted);
                }
            }
            assertEquals(Map.of(), wrong);
            assertRecord(system.client("user"));
        }
    }

    private static Asked ask(SupervisorClient client, int number) {
        String id = "load-" + number;
        boolean fails = number % 10 == 7;
        String script = fails ? "echo no " + number + " >&2; exit 3" : "echo " + number;
        JobResult wanted = fails
                ? new JobResult.Failure("exit code 3\nno " + number, null)
                : new JobResult.Success(Integer.toString(number));
        String runner = RUNNERS.get(number % RUNNERS.size());
        return new Asked(id, wanted, client.jobRunAsync(job(id, runner, script, 120)));
    }

    /// What the server keeps: each job once, each run once, by a runner of its queue.
    private static void assertRecord(SupervisorClient client) {
        int jobs = CLIENTS * JOBS_PER_CLIENT;
        assertEquals(jobs / 10, client.jobsList(Map.of("status", "failed")).size());
        assertEquals(
                jobs - jobs / 10, client.jobsList(Map.of("status", "completed")).size());
        for (int number = 0; number < jobs; number += 97) {
            Map<String, Object> job = client.jobGet("load-" + number);
            assertEquals(1, Tree.array(job.get("attempts")).size(), job::toString);
        }
        client.getAllRunnerStatus().forEach(status -> {
            assertEquals(0, Tree.whole(status, "running", -1), status::toString);
            assertEquals(0, Tree.whole(status, "queued", -1), status::toString);
        });
    }
}
