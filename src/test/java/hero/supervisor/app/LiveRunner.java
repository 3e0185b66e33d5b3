package hero.supervisor.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A runner whose every message is the test's.
public final class LiveRunner implements AutoCloseable {
    private final LiveSocket socket;

    LiveRunner(LiveSocket socket) {
        this.socket = socket;
    }

    /// Its connection, for calls that have no method here.
    public LiveSocket socket() {
        return socket;
    }

    Map<String, @Nullable Object> connect(String secret, String name, String queue, int slots) {
        return socket.call(
                        "runner.connect",
                        Map.of(
                                "secret", secret,
                                "name", name,
                                "queue", queue,
                                "slots", slots,
                                "executors", List.of("sh")))
                .resultObject();
    }

    /// The jobs that one pull brings.
    public List<Map<String, @Nullable Object>> pull(int max, int waitMs) {
        return jobs(socket.call("runner.pull", Map.of("max", max, "wait_ms", waitMs)));
    }

    private static List<Map<String, @Nullable Object>> jobs(Told pulled) {
        List<Map<String, @Nullable Object>> jobs = new ArrayList<>();
        if (pulled.resultObject().get("jobs") instanceof List<?> items) {
            items.forEach(item -> jobs.add(Told.object(item)));
        }
        return jobs;
    }

    /// Pulls until a job comes.
    public Map<String, @Nullable Object> take() {
        List<Map<String, @Nullable Object>> jobs = pull(1, 15_000);
        if (jobs.isEmpty()) {
            throw new AssertionError("no job came");
        }
        return jobs.getFirst();
    }

    /// The report of a job's end, for `runner.result`.
    public static Map<String, @Nullable Object> report(Map<String, @Nullable Object> job, Map<String, ?> outcome) {
        Map<String, @Nullable Object> report = new LinkedHashMap<>();
        report.put("job_id", job.get("id"));
        report.put("attempt", job.get("attempt"));
        report.put("lease", job.get("lease"));
        report.putAll(outcome);
        return report;
    }

    /// Reports how a job ended; tells what the server made of it.
    public String end(Map<String, @Nullable Object> job, Map<String, ?> outcome) {
        Object answer = socket.call("runner.result", Map.of("results", List.of(report(job, outcome))))
                .result();
        return String.valueOf(Told.object(((List<?>) java.util.Objects.requireNonNull(answer)).getFirst())
                .get("outcome"));
    }

    /// From now on takes every job and answers it so, on a thread of its own, until the connection ends.
    public LiveRunner answering(Function<Map<String, @Nullable Object>, Map<String, ?>> outcomes) {
        Thread.startVirtualThread(() -> {
            try {
                while (socket.isOpen()) {
                    for (Map<String, @Nullable Object> job : pull(100, 10_000)) {
                        end(job, outcomes.apply(job));
                    }
                }
            } catch (IllegalStateException | CompletionException e) {
                // The test is over.
                close();
            }
        });
        return this;
    }

    /// From now on takes every job and ends none of them until it is told to stop it, on threads of its own.
    public LiveRunner holding() {
        Map<String, Map<String, @Nullable Object>> held = new ConcurrentHashMap<>();
        Thread.startVirtualThread(() -> {
            try {
                while (socket.isOpen()) {
                    pull(100, 10_000).forEach(job -> held.put(String.valueOf(job.get("id")), job));
                }
            } catch (IllegalStateException | CompletionException e) {
                // The test is over.
                close();
            }
        });
        Thread.startVirtualThread(() -> {
            try {
                while (socket.isOpen()) {
                    Map<String, @Nullable Object> order =
                            Told.object(Told.of(socket.awaitNext()).members().get("params"));
                    Map<String, @Nullable Object> job = held.remove(String.valueOf(order.get("job_id")));
                    if (job != null) {
                        end(job, Map.of("error", "ended"));
                    }
                }
            } catch (InterruptedException | IllegalStateException | CompletionException e) {
                close();
            }
        });
        return this;
    }

    @Override
    public void close() {
        socket.close();
    }
}
