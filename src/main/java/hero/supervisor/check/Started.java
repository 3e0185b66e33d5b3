package hero.supervisor.check;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The runner as a process that the kit has started. What it prints goes line by line to `output`.
final class Started {
    private static final Duration LAST = Duration.ofSeconds(5);

    private final Process process;

    private Started(Process process) {
        this.process = process;
    }

    /// [RunnerCheck.NeverConnected] with a sentence for people when it cannot be started.
    static Started start(List<String> command, Map<String, String> env, Consumer<String> output) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(env);
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            Thread.ofPlatform().daemon().name("runner-output").start(() -> copy(process, output));
            return new Started(process);
        } catch (IOException e) {
            throw new RunnerCheck.NeverConnected("the command '" + String.join(" ", command)
                    + "' could not be started: " + e.getMessage()
                    + "; name a program behind --, such as -- python3 runner.py");
        }
    }

    private static void copy(Process process, Consumer<String> output) {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line; (line = lines.readLine()) != null; ) {
                output.accept(line);
            }
        } catch (IOException e) {
            output.accept("(its output could not be read any further)");
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// SIGTERM. Not [Process#destroy], which closes the pipe that the runner's last words come through.
    void terminate() {
        process.toHandle().destroy();
    }

    /// What is left of it is killed, its descendants too.
    void end() {
        List<ProcessHandle> all = process.descendants().toList();
        terminate();
        try {
            if (!process.waitFor(LAST.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        all.forEach(ProcessHandle::destroyForcibly);
    }

    int exitCode() {
        return process.exitValue();
    }
}
