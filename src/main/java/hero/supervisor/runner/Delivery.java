package hero.supervisor.runner;

import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.RemoteError;
import hero.supervisor.client.Tree;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Pushes results, one call at a time: whatever ends while a call is open forms the next. A result is kept until
/// the server has answered for it, over any number of connections; sent twice it is answered `duplicate`. One
/// thread.
final class Delivery {
    private static final Logger log = LoggerFactory.getLogger(Delivery.class);
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(200);
    private static final long RETRY_MS = 500;

    private final Work work;
    private final Set<Task.Key> replaced = new HashSet<>();
    private boolean single;

    Delivery(Work work) {
        this.work = work;
    }

    /// Until the runner is closed.
    void run() {
        try {
            boolean open = true;
            while (open) {
                open = deliver();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// False when the runner was closed. What nobody thought of is waited out as well: without this thread jobs
    /// would run and nobody would hear of them.
    private boolean deliver() throws InterruptedException {
        try {
            List<Report> batch = next();
            Session session = work.session();
            if (session != null && !batch.isEmpty()) {
                send(session, batch);
            }
            return !batch.isEmpty();
        } catch (RuntimeException | Error e) {
            log.atError().setCause(e).log("results could not be sent, they are tried again");
            work.pause(Duration.ofMillis(RETRY_MS));
            return true;
        }
    }

    private List<Report> next() throws InterruptedException {
        List<Report> batch = work.awaitBatch();
        return single && batch.size() > 1 ? batch.subList(0, 1) : batch;
    }

    private void send(Session session, List<Report> batch) throws InterruptedException {
        try {
            Object answer = session.call(
                    "runner.result",
                    Map.of("results", batch.stream().map(Report::tree).toList()),
                    ANSWER_WITHIN);
            note(answer);
            work.answered(batch);
            batch.forEach(report -> replaced.remove(report.key()));
            single = false;
        } catch (ConnectionLost e) {
            work.pause(LOOK_AGAIN); // The session ends in a moment; the next one gets the same batch.
        } catch (RemoteError e) {
            refused(batch, e);
        }
    }

    private void refused(List<Report> batch, RemoteError error) throws InterruptedException {
        log.atWarn()
                .addKeyValue("results", batch.size())
                .addKeyValue("kind", error.kind())
                .addKeyValue("error", error.getMessage())
                .log("results were not taken");
        if (!error.is("too_large") && !error.is("invalid_params")) {
            work.pause(Duration.ofMillis(error.retryAfterMs(RETRY_MS)));
        } else if (batch.size() > 1) {
            single = true; // One of them is the reason: each for itself.
        } else if (replaced.add(batch.getFirst().key())) {
            Report report = batch.getFirst();
            work.replace(report, report.instead("the server did not take the result: " + error.getMessage()));
        } else {
            work.answered(batch);
        }
    }

    private static void note(@org.jspecify.annotations.Nullable Object answer) {
        for (Object item : Tree.array(answer)) {
            Map<String, Object> members = Tree.object(item);
            log.atDebug()
                    .addKeyValue("job_id", Tree.string(members, "job_id", ""))
                    .addKeyValue("outcome", Tree.string(members, "outcome", ""))
                    .log("result answered");
        }
    }
}
