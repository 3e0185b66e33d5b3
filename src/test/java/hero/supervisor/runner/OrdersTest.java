package hero.supervisor.runner;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What becomes of a job that the machine refuses to carry.
@Timeout(60)
final class OrdersTest {
    @TempDir
    Path workFolder;

    private final Work work = new Work(1, 1 << 20);

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void without_a_thread_for_an_output_the_process_is_ended_and_the_job_fails(int threads) throws IOException {
        var left = new AtomicInteger(threads);
        ThreadFactory readers = run -> {
            if (left.getAndDecrement() == 0) {
                throw new InternalError("no thread");
            }
            return new Thread(run);
        };
        RunnerSettings settings = RunnerSettings.of(
                        List.of(URI.create("ws://127.0.0.1:1")), "r", 1, Map.of("sh", List.of("sh")), null)
                .withWorkFolder(workFolder);
        var executor = new ProcessExecutor(settings, readers);
        var orders = new Orders(executor, work, new Logging(work, 1024), new Progressing(work));
        String id = "unread-" + threads;
        try (ErrorLines errors = new ErrorLines()) {
            orders.start(List.of(Map.of("id", id, "attempt", 1, "executor", "sh", "payload", "sleep 300; :")));
            await().until(() -> work.alive().isEmpty());
            assertEquals(List.of(), processes());
            assertEquals(List.of(Map.of("job_id", id, "attempt", 1L)), work.held(), "a result to be delivered");
            assertEquals(
                    List.of("no thread"),
                    errors.of(Orders.class).stream()
                            .filter(line -> line.getKeyValuePairs().stream().anyMatch(pair -> id.equals(pair.value)))
                            .map(line -> line.getThrowableProxy().getMessage())
                            .toList());
        }
        try (var folders = Files.list(workFolder)) {
            assertEquals(List.of(), folders.toList());
        }
    }

    /// Those whose command names the work folder.
    private List<ProcessHandle> processes() {
        return ProcessHandle.allProcesses()
                .filter(ProcessTable::isAlive)
                .filter(process -> process.info().commandLine().orElse("").contains(workFolder.toString()))
                .toList();
    }
}
