package hero.supervisor.runner;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// What a killed runner leaves: its folder with an unlocked lock, and the processes of its jobs.
@Timeout(60)
final class WorkplaceTest {
    @TempDir
    Path parent;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void nothing_runs_on() {
        started.forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        });
    }

    private Path left(String name) throws IOException {
        Path folder = Files.createDirectory(parent.resolve("supervisor-runner-" + name));
        Files.createFile(folder.resolve("lock"));
        Files.createDirectory(folder.resolve("supervisor-job-1"));
        return folder;
    }

    private Process job(Path folder) throws IOException {
        var builder = new ProcessBuilder("sh", "-c", "sleep 300 & sleep 300; :");
        builder.environment()
                .put(
                        Workplace.FOLDER_VARIABLE,
                        folder.resolve("supervisor-job-1").toString());
        Process process = builder.start();
        started.add(process);
        await().until(() -> process.descendants().count() == 2);
        return process;
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void what_a_killed_runner_left_is_ended_and_removed() throws IOException {
        Path folder = left("1-gone-1");
        Process process = job(folder);
        List<ProcessHandle> below = process.descendants().toList();
        try (Workplace mine = new Workplace(parent, new SplittableRandom(1))) {
            mine.open();
            await().until(() -> !process.isAlive() && below.stream().noneMatch(ProcessTable::isAlive));
            assertFalse(Files.exists(folder));
            assertTrue(Files.isDirectory(mine.path()));
        }
        try (var rest = Files.list(parent)) {
            assertEquals(List.of(), rest.toList());
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void the_processes_of_one_job_are_found_by_its_folder() throws IOException {
        Path folder = left("1-mine-1");
        Process process = job(folder);
        List<ProcessHandle> below = process.descendants().toList();
        Workplace.endProcesses(folder.resolve("supervisor-job"));
        assertTrue(process.isAlive(), "another job's");
        Workplace.endProcesses(folder.resolve("supervisor-job-1"));
        await().until(() -> !process.isAlive() && below.stream().noneMatch(ProcessTable::isAlive));
    }

    @Test
    void what_a_living_runner_has_stays() throws IOException {
        Path folder = left("1-alive-1");
        Process process = job(folder);
        try (FileChannel channel = FileChannel.open(folder.resolve("lock"), StandardOpenOption.WRITE);
                var lock = channel.lock();
                Workplace mine = new Workplace(parent, new SplittableRandom(1));
                Workplace sibling = new Workplace(parent, new SplittableRandom(2))) {
            assertTrue(lock.isValid());
            mine.open();
            sibling.open();
            assertTrue(process.isAlive());
            assertTrue(Files.exists(folder.resolve("supervisor-job-1")));
            assertTrue(Files.isDirectory(mine.path()), "two runners of one process leave each other alone");
        }
    }
}
