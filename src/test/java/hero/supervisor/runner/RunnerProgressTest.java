package hero.supervisor.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.client.FakeServer;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The runner against a server that the test plays by hand: what jobs say of their progress.
@Timeout(60)
final class RunnerProgressTest {
    @TempDir
    Path folder;

    @Test
    void what_a_job_writes_into_its_progress_file_is_told_also_the_last_of_it() throws IOException {
        Path go = folder.resolve("go");
        String script = "echo '40 half of it' > $SUPERVISOR_PROGRESS_FILE; while [ ! -e " + go
                + " ]; do sleep 0.02; done; echo '{\"percent\":90,\"checkpoint\":\"c9\"}' > $SUPERVISOR_PROGRESS_FILE";
        try (FakeServer server = new FakeServer();
                Runner runner = new Runner(settings(server), Time.system(), new SplittableRandom(1), _ -> {})) {
            Thread.ofVirtual().start(runner::run);
            server.next("runner.connect")
                    .answer(Map.of("session_id", "s1", "heartbeat_ms", 10_000, "verdicts", List.of()));
            server.next("runner.pull").answer(Map.of("jobs", List.of(job(script)), "drain", false));
            FakeServer.Call progress = server.next("runner.progress");
            assertEquals(
                    Map.of("job_id", "a", "attempt", 1, "lease", "l", "percent", 40.0, "note", "half of it"),
                    progress.params());
            progress.answer(null);
            Files.createFile(go);
            progress = server.next("runner.progress");
            assertEquals(
                    "90.0 c9",
                    progress.params().get("percent") + " " + progress.params().get("checkpoint"));
            progress.answer(null);
            server.next("runner.result").answer(List.of());
        }
    }

    @Test
    void a_later_attempt_finds_what_the_earlier_one_said_and_goes_on_from_its_checkpoint() {
        String script =
                "cat \"$SUPERVISOR_PRIOR_PROGRESS_FILE\"; printf 'from '; cat \"$SUPERVISOR_PRIOR_CHECKPOINT_FILE\"";
        // More than a variable could hold.
        String checkpoint = "\u20ac".repeat(65_535) + "\n";
        Map<String, Object> said =
                Map.of("attempt", 1, "percent", 40, "checkpoint", checkpoint, "at", "2026-01-01T00:00:00Z");
        String out = output(script, Map.of("prior_progress", said));
        int end = out.indexOf('\n');
        assertEquals(said, Tree.parse(out.substring(0, end)));
        assertEquals("from " + checkpoint.strip(), out.substring(end + 1), "without the last line end, as all output");
    }

    @Test
    void a_first_attempt_finds_no_such_variable() {
        assertEquals("none", output("env | grep PRIOR || echo none", Map.of()));
    }

    /// What a job prints.
    private String output(String script, Map<String, Object> more) {
        try (FakeServer server = new FakeServer();
                Runner runner = new Runner(settings(server), Time.system(), new SplittableRandom(1), _ -> {})) {
            Thread.ofVirtual().start(runner::run);
            server.next("runner.connect")
                    .answer(Map.of("session_id", "s1", "heartbeat_ms", 10_000, "verdicts", List.of()));
            Map<String, Object> job = new HashMap<>(job(script));
            job.putAll(more);
            server.next("runner.pull").answer(Map.of("jobs", List.of(job), "drain", false));
            FakeServer.Call result = server.next("runner.result");
            Map<String, Object> report =
                    Tree.object(Tree.array(result.params().get("results")).getFirst());
            result.answer(List.of());
            return Tree.string(report, "success", report.toString());
        }
    }

    private RunnerSettings settings(FakeServer server) {
        return RunnerSettings.of(List.of(server.url()), "r1", 1, Map.of("sh", List.of("sh")), "hsv_reg_hidden")
                .withWorkFolder(folder.resolve("work"));
    }

    private static Map<String, Object> job(String script) {
        return Map.of(
                "id",
                "a",
                "attempt",
                1,
                "lease",
                "l",
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
}
