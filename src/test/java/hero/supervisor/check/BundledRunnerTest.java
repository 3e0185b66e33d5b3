package hero.supervisor.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.client.ConnectionLost;
import hero.supervisor.domain.Time;
import hero.supervisor.runner.Runner;
import hero.supervisor.runner.RunnerSettings;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The bundled runner stands every case.
@Timeout(120)
final class BundledRunnerTest {
    private static final CheckSettings SETTINGS =
            CheckSettings.of(List.of()).withTimes(100, 1000, Duration.ofSeconds(15));

    @Test
    void the_bundled_runner_passes_every_case() throws InterruptedException {
        try (RunnerCheck check = RunnerCheck.open(SETTINGS, Time.system(), new SplittableRandom(1), line -> {})) {
            AtomicReference<@Nullable Runner> present = new AtomicReference<>();
            Thread keeper = Thread.ofVirtual().start(() -> keep(check.environment(), present));
            try {
                List<String> failed = check.run(v -> System.out.println(v)).stream()
                        .filter(verdict -> verdict.outcome() == Verdict.Outcome.FAILED)
                        .map(verdict -> verdict.id() + ": " + verdict.seen())
                        .toList();
                assertEquals(List.of(), failed);
            } finally {
                keeper.interrupt();
                Runner last = present.get();
                if (last != null) {
                    last.close();
                }
            }
        }
    }

    /// Starts it again whenever it has ended, as an operator's system does.
    private static void keep(Map<String, String> env, AtomicReference<@Nullable Runner> present) {
        while (!Thread.currentThread().isInterrupted()) {
            Runner runner = new Runner(
                    RunnerSettings.of(
                            List.of(URI.create(env.getOrDefault("SUPERVISOR_WS_URL", ""))),
                            "bundled",
                            3,
                            Map.of("sh", List.of("sh")),
                            env.get("SUPERVISOR_SECRET")),
                    Time.system(),
                    new SplittableRandom(2),
                    line -> {});
            present.set(runner);
            try {
                runner.run();
            } catch (ConnectionLost e) {
                // Superseded: the next one comes as a new runner.
            }
        }
    }
}
