package hero.supervisor.runner;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a runner is told at its start.
///
/// @param urls servers, tried in turn
/// @param queue the queue it serves; null: that of its name
/// @param slots jobs that run at once, 1…10,000
/// @param executors name → command; see [Commands]
/// @param secret of scope register, sent as Bearer; null in the safe corner. Jobs never see it
/// @param killGrace from SIGTERM to SIGKILL, when the server names no other
/// @param drainMax how long jobs may go on after a drain began; then they are stopped
/// @param outputBytesMax of a job's output kept, half of it from the start, half from the end
/// @param resultBytesMax one encoded result and one `runner.result` call; below the server's message limit
/// @param workFolder where the jobs' private folders are made
/// @param searchPath the `PATH` of jobs
/// @param home the `HOME` of jobs
public record RunnerSettings(
        List<URI> urls,
        String name,
        @Nullable String queue,
        int slots,
        Map<String, List<String>> executors,
        Map<String, String> labels,
        @Nullable String secret,
        Duration killGrace,
        Duration drainMax,
        int outputBytesMax,
        int resultBytesMax,
        Path workFolder,
        String searchPath,
        String home) {

    private static final int SLOTS_MAX = 10_000;

    public RunnerSettings {
        if (urls.isEmpty()) {
            throw new IllegalArgumentException("a runner needs at least one server URL, such as ws://127.0.0.1:3030");
        }
        if (name.isBlank() || name.length() > 255) {
            throw new IllegalArgumentException("a runner needs a name of 1 to 255 characters");
        }
        if (slots < 1 || slots > SLOTS_MAX) {
            throw new IllegalArgumentException("slots is " + slots + "; a runner has 1 to " + SLOTS_MAX + " of them");
        }
        urls = List.copyOf(urls);
        labels = Map.copyOf(labels);
    }

    /// The usual limits: grace 5 s, drain 10 min, output 4 MiB, results 900 KiB (the server takes messages of 1
    /// MiB), the system's temporary folder, this process's `PATH` and `HOME`.
    public static RunnerSettings of(
            List<URI> urls, String name, int slots, Map<String, List<String>> executors, @Nullable String secret) {
        return new RunnerSettings(
                urls,
                name,
                null,
                slots,
                executors,
                Map.of(),
                secret,
                Duration.ofSeconds(5),
                Duration.ofMinutes(10),
                4 << 20,
                900 << 10,
                Path.of(System.getProperty("java.io.tmpdir")),
                System.getenv().getOrDefault("PATH", ""),
                System.getProperty("user.home"));
    }

    /// The same on a named queue.
    public RunnerSettings withQueue(@Nullable String other) {
        return new RunnerSettings(
                urls,
                name,
                other,
                slots,
                executors,
                labels,
                secret,
                killGrace,
                drainMax,
                outputBytesMax,
                resultBytesMax,
                workFolder,
                searchPath,
                home);
    }

    /// The same with labels.
    public RunnerSettings withLabels(Map<String, String> other) {
        return new RunnerSettings(
                urls,
                name,
                queue,
                slots,
                executors,
                other,
                secret,
                killGrace,
                drainMax,
                outputBytesMax,
                resultBytesMax,
                workFolder,
                searchPath,
                home);
    }

    /// The same with other times to end: SIGTERM to SIGKILL, and drain to stop.
    public RunnerSettings withGraces(Duration kill, Duration drain) {
        return new RunnerSettings(
                urls,
                name,
                queue,
                slots,
                executors,
                labels,
                secret,
                kill,
                drain,
                outputBytesMax,
                resultBytesMax,
                workFolder,
                searchPath,
                home);
    }

    /// The same with other limits of size.
    public RunnerSettings withLimits(int outputBytes, int resultBytes) {
        return new RunnerSettings(
                urls,
                name,
                queue,
                slots,
                executors,
                labels,
                secret,
                killGrace,
                drainMax,
                outputBytes,
                resultBytes,
                workFolder,
                searchPath,
                home);
    }

    /// The same with the jobs' folders elsewhere.
    public RunnerSettings withWorkFolder(Path folder) {
        return new RunnerSettings(
                urls,
                name,
                queue,
                slots,
                executors,
                labels,
                secret,
                killGrace,
                drainMax,
                outputBytesMax,
                resultBytesMax,
                folder,
                searchPath,
                home);
    }

    @Override
    public String toString() {
        return "RunnerSettings[" + name + "]";
    }
}
