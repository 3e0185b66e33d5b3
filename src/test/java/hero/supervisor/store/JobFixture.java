package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.store.JobStore.Completed;
import hero.supervisor.store.JobStore.Completion;
import hero.supervisor.store.JobStore.Slot;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Jobs with defaults, so that a test shows what matters to it; and short words for what tests do to a store.
public final class JobFixture {
    private static final AtomicLong LEASES = new AtomicLong(7000);

    private JobFixture() {}

    static JobStore.Completed end(JobStore store, Assignment.Key key, JobStatus status, String error) {
        return store.end(List.of(new JobStore.Ending(key, status, error))).getFirst();
    }

    public static Job job(String id) {
        return job(id, "print(1)", 300, Job.Extras.NONE);
    }

    public static Job job(String id, String payload, double timeoutS, Job.Extras extras) {
        return new Job(
                id,
                "caller",
                "context",
                payload,
                "runner",
                "python",
                timeoutS,
                Map.of("A", "1 \"quoted\" \\ \n é 😀", "B", ""),
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:00.5+02:00",
                extras);
    }

    /// A job with so many retries, `delayS` seconds apart.
    public static Job retried(String id, int retries, double delayS) {
        return job(
                id, "p", 300, new Job.Extras(OptionalInt.of(retries), delayS, OptionalInt.empty(), null, null, null));
    }

    public static Job prioritised(String id, int priority) {
        return job(id, "p", 300, new Job.Extras(OptionalInt.empty(), null, OptionalInt.of(priority), null, null, null));
    }

    public static Job startingAt(String id, String time) {
        return job(id, "p", 300, new Job.Extras(OptionalInt.empty(), null, OptionalInt.empty(), time, null, null));
    }

    public static Job atMostOnce(String id) {
        return job(id, "p", 300, new Job.Extras(OptionalInt.of(5), 0.0, OptionalInt.empty(), null, null, true));
    }

    /// What a future holds, or its failure, within a generous time.
    public static <T extends @org.jspecify.annotations.Nullable Object> T get(CompletableFuture<T> future) {
        try {
            return future.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
        } catch (InterruptedException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    /// So many places of one session, each with a lease of its own.
    public static List<Slot> slots(String session, int count) {
        return Stream.generate(() -> new Slot(session, LEASES.incrementAndGet()))
                .limit(count)
                .toList();
    }

    /// Claims one job of queue `queue` for session `s1`.
    public static Assignment claimOne(JobStore store) {
        return get(store.claim("queue", slots("s1", 1))).getFirst();
    }

    public static Completed succeed(JobStore store, Assignment.Key key) {
        return get(store.complete(new Completion(key, new JobResult.Success("done"))));
    }

    public static Completed fail(JobStore store, Assignment.Key key) {
        return fail(store, key, "broken", 3);
    }

    public static Completed fail(JobStore store, Assignment.Key key, String error, @Nullable Integer exitCode) {
        return get(store.complete(new Completion(key, new JobResult.Failure(error, exitCode))));
    }
}
