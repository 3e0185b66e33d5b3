package hero.supervisor.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class StartedTest {
    @Test
    void what_a_runner_says_after_sigterm_is_heard() throws InterruptedException {
        var lines = new LinkedBlockingQueue<String>();
        String runner = "trap 'echo draining; echo done; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
        Started started = Started.start(List.of("sh", "-c", runner), Map.of(), lines::add);
        try {
            assertEquals("ready", lines.take());
            started.terminate();
            assertEquals("draining", lines.take());
            assertEquals("done", lines.take());
        } finally {
            started.end();
        }
    }
}
