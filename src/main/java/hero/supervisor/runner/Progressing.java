package hero.supervisor.runner;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the server what jobs write into their progress files: a look each second, and a last one when a job ends.
/// What the server does not take is not repeated: the next saying replaces it. One thread runs it; those of ended
/// jobs call [#last].
final class Progressing {
    private static final Logger log = LoggerFactory.getLogger(Progressing.class);
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);
    private static final Duration AT_THE_END = Duration.ofSeconds(1);

    private final Work work;

    Progressing(Work work) {
        this.work = work;
    }

    /// Until the runner is closed.
    void run() {
        try {
            while (!work.closed()) {
                work.pause(LOOK_AGAIN);
                tellAll();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tellAll() throws InterruptedException {
        for (Execution execution : work.alive()) {
            try {
                tell(execution, ANSWER_WITHIN);
            } catch (RuntimeException | Error e) {
                log.atError().setCause(e).log("progress could not be told, the next look goes on");
            }
        }
    }

    /// The job has ended; its result is not sent yet.
    void last(Execution ended) {
        try {
            tell(ended, AT_THE_END);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(Execution execution, Duration most) throws InterruptedException {
        Session session = work.session();
        if (session == null || work.closed()) {
            return;
        }
        Map<String, Object> said = execution.news();
        if (said.isEmpty()) {
            return;
        }
        Map<String, Object> params = new LinkedHashMap<>(execution.task().key().tree());
        params.put("lease", execution.task().lease());
        params.putAll(said);
        try {
            session.rpc().call("runner.progress", params).get(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            log.atDebug().addKeyValue("error", e.toString()).log("progress was not taken");
        }
    }
}
