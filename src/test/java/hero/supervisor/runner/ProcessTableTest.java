package hero.supervisor.runner;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ProcessTableTest {
    /// What the system says of zombies where there is no `/proc` is taken as it is.
    private static final boolean SEEN = Files.exists(Path.of("/proc/self"));

    @Test
    void what_ended_and_was_never_collected_is_gone() throws IOException {
        // The shell becomes a program that collects no child, and only then the child ends: a shell would collect it.
        // `setsid` makes the child a group of its own.
        String end = SEEN ? "until [ \"$(cat /proc/'$$'/comm)\" = sleep ]; do :; done" : "true";
        Process parent = start("setsid sh -c '" + end + "' & echo $!; exec sleep 300");
        try (var lines = parent.inputReader()) {
            ProcessHandle zombie = handle(lines.readLine());
            await().until(() -> !SEEN || !ProcessTable.isAlive(zombie));
            assertEquals(!SEEN, ProcessTable.isGroupAlive(zombie.pid()));
        } finally {
            parent.destroyForcibly();
        }
    }

    @Test
    void what_runs_is_alive_and_so_is_its_group() throws IOException {
        Process parent = start("setsid sleep 300 & echo $!; wait");
        try (var lines = parent.inputReader()) {
            ProcessHandle child = handle(lines.readLine());
            assertTrue(ProcessTable.isAlive(child));
            // The child leads its group as soon as setsid has run.
            await().until(() -> ProcessTable.isGroupAlive(child.pid()));
            child.destroyForcibly();
            await().until(() -> !ProcessTable.isAlive(child) && !ProcessTable.isGroupAlive(child.pid()));
        } finally {
            parent.destroyForcibly();
        }
    }

    @Test
    void a_name_with_spaces_and_parentheses_confuses_nobody() throws IOException {
        Path folder = Files.createTempDirectory("names");
        Path program = Files.copy(Path.of("/bin/sh").toRealPath(), folder.resolve("a) Z 1 (b"));
        Process process = new ProcessBuilder(program.toString(), "-c", "read line").start();
        try {
            assertTrue(ProcessTable.isAlive(process.toHandle()));
        } finally {
            process.destroyForcibly();
            Files.delete(program);
            Files.delete(folder);
        }
    }

    private static Process start(String script) throws IOException {
        return new ProcessBuilder("sh", "-c", script).start();
    }

    private static ProcessHandle handle(String pid) {
        return ProcessHandle.of(Long.parseLong(pid.strip())).orElseThrow();
    }
}
