package hero.supervisor.engine;

import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Refusal;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Answer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/// Who waits for which job. A waiter is a map entry and a future: no thread, no connection, no polling of its own.
/// The order is what matters: register first, then read, so that a result recorded in between is never missed.
/// Safe for any thread.
public final class Results {
    private static final String STOPPED = "stopped";

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
        /// Its job is being created: what is heard of its id until then may be about one that was deleted.
        private boolean creates;
        /// Something was.
        private boolean missed;

        Waiter(int number, boolean creates) {
            this.number = number;
            this.creates = creates;
        }

        private synchronized boolean hears() {
            missed |= creates;
            return !creates;
        }

        /// Its job is there. True when what was heard of it meanwhile has to be read.
        synchronized boolean created() {
            creates = false;
            exists = true;
            return missed;
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

    /// Registers without reading.
    Waiter register(String jobId) {
        return register(jobId, false);
    }

    /// Likewise, for a caller that is about to create the job: nothing but a failure ends the wait before
    /// [Waiter#created].
    Waiter creating(String jobId) {
        return register(jobId, true);
    }

    private Waiter register(String jobId, boolean creates) {
        var waiter = new Waiter(numbers.incrementAndGet(), creates);
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

    /// The job's outcome is committed: everybody who waits for it hears of it. One that was stopped may be about
    /// to be deleted, which its row tells.
    public void finished(String jobId, JobResult result) {
        if (result instanceof JobResult.Failure failure && failure.message().equals(STOPPED)) {
            ended(jobId);
            return;
        }
        hearing(jobId).forEach(waiter -> waiter.complete(result));
    }

    private List<Waiter> hearing(String jobId) {
        var all = waiters.get(jobId);
        return all == null ? List.of() : all.stream().filter(Waiter::hears).toList();
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

    /// The job has ended, or is gone: read its outcome if somebody here still waits for it. There may be another
    /// one of its id by now, which goes on.
    void ended(String jobId) {
        hearing(jobId).forEach(waiter -> look(jobId, waiter));
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
