package hero.supervisor.engine;

import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Refusal;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Answer;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/// Who waits for which job. A waiter is a map entry and a future: no thread, no connection, no polling of its own.
/// The order is what matters: register first, then read, so that a result recorded in between is never missed.
/// Safe for any thread.
public final class Results {
    private final JobStore store;
    private final ConcurrentHashMap<String, Set<Waiter>> waiters = new ConcurrentHashMap<>();
    private final AtomicInteger numbers = new AtomicInteger();
    private final LongAdder waiting = new LongAdder();
    private volatile boolean unread;

    public Results(JobStore store) {
        this.store = store;
    }

    /// One who waits.
    static final class Waiter extends CompletableFuture<JobResult> {
        /// The job is known to have been there.
        volatile boolean exists;

        private final int number;

        Waiter(int number) {
            this.number = number;
        }

        /// Not the identity's: who waits is told in the same order in every run of a simulation.
        @Override
        public int hashCode() {
            return number;
        }
    }

    /// A wait for a job's end.
    ///
    /// @param looked completes when the state has been read once; never fails
    /// @param result completes when the job has ended, maybe at that look; fails with `job_not_found`; cancel it
    /// to     stop waiting
    public record Wait(CompletableFuture<Void> looked, CompletableFuture<JobResult> result) {}

    /// Begins to wait.
    public Wait of(String jobId) {
        var waiter = register(jobId);
        return new Wait(read(jobId, waiter), waiter);
    }

    /// Registers without reading: for a caller that is about to create the job.
    Waiter register(String jobId) {
        var waiter = new Waiter(numbers.incrementAndGet());
        waiters.compute(jobId, (_, present) -> {
            var all = present == null ? ConcurrentHashMap.<Waiter>newKeySet(1) : present;
            all.add(waiter);
            return all;
        });
        waiting.increment();
        waiter.whenComplete((_, _) -> forget(jobId, waiter));
        return waiter;
    }

    /// Reads what the store knows, on behalf of a registered waiter. The future completes when that is done, and
    /// never fails: the waiter does.
    CompletableFuture<Void> read(String jobId, Waiter waiter) {
        return store.ask(jobId).handle((answer, error) -> {
            if (error != null) {
                waiter.completeExceptionally(Refusals.rethrow(error));
                return null;
            }
            take(jobId, waiter, answer);
            return null;
        });
    }

    private static void take(String jobId, Waiter waiter, Answer answer) {
        switch (answer) {
            case Answer.Done(JobResult result) -> waiter.complete(result);
            case Answer.NoJob() -> waiter.completeExceptionally(Refusal.jobNotFound(jobId));
            case Answer.Pending() -> waiter.exists = true;
        }
    }

    /// The job's outcome is committed: everybody who waits for it hears of it.
    public void finished(String jobId, JobResult result) {
        var all = waiters.get(jobId);
        if (all != null) {
            all.forEach(waiter -> waiter.complete(result));
        }
    }

    /// The job is gone.
    public void deleted(String jobId) {
        var all = waiters.get(jobId);
        if (all != null) {
            all.forEach(waiter -> waiter.completeExceptionally(Refusal.jobNotFound(jobId)));
        }
    }

    /// Looks for everybody who waits. A job that is about to be created may not be there yet. Who cannot be looked
    /// for goes on waiting, and [#readUnread] looks again: a database that is away ends no wait.
    void readAll() {
        unread = false;
        waiters.forEach(
                (jobId, all) -> all.stream().filter(waiter -> waiter.exists).forEach(waiter -> look(jobId, waiter)));
    }

    /// Looks again when a look has failed since.
    void readUnread() {
        if (unread) {
            readAll();
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // The waiter is told.
    private void look(String jobId, Waiter waiter) {
        store.ask(jobId).whenComplete((answer, error) -> {
            if (error == null) {
                take(jobId, waiter, answer);
            } else {
                unread = true;
            }
        });
    }

    /// The job has ended: read its outcome if somebody here still waits for it.
    void ended(String jobId) {
        var all = waiters.get(jobId);
        if (all != null) {
            all.forEach(waiter -> read(jobId, waiter));
        }
    }

    /// Every wait ends with this refusal: the gateway is leaving, the caller goes on elsewhere.
    public void closeAll(Refusal refusal) {
        waiters.values().forEach(all -> all.forEach(waiter -> waiter.completeExceptionally(refusal)));
    }

    /// How many waits are open.
    public long waiting() {
        return waiting.sum();
    }

    @SuppressWarnings("CollectionUndefinedEquality") // Identity is what is meant: a waiter is this very future.
    private void forget(String jobId, Waiter waiter) {
        waiting.decrement();
        waiters.computeIfPresent(jobId, (_, all) -> {
            all.remove(waiter);
            return all.isEmpty() ? null : all;
        });
    }
}
