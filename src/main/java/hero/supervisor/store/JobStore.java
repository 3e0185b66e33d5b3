package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Jobs in the database: each read, and each guarded write with its fence. Futures complete after the commit that
/// holds the row, never before; they fail with a [hero.supervisor.domain.Refusal] of kind `busy` when the database
/// cannot be reached or the write queue is full. Safe for any thread.
public interface JobStore {

    // ---- group-committed writes ----

    /// Accepts a job. With `start` it is queued in the same transaction (or set on a timer when its start_at lies
    /// ahead). The runner must exist: its queue becomes the job's.
    CompletableFuture<Created> create(Job job, boolean start);

    sealed interface Created {
        /// New, durable.
        record New(String queue) implements Created {}

        /// The same id with the same content was accepted before; nothing changed.
        record Same(JobStatus status, String queue) implements Created {}

        /// The same id with other content.
        record Different() implements Created {}

        record NoRunner() implements Created {}
    }

    /// Queues a created job. Fence: status = created.
    CompletableFuture<Started> start(String jobId);

    sealed interface Started {
        record Queued(String queue) implements Started {}

        /// It was queued or running already.
        record Already() implements Started {}

        record Final(JobStatus status) implements Started {}

        record NoJob() implements Started {}
    }

    /// Hands out up to `slots.size()` jobs of one queue, best priority first, then in order of arrival; the n-th
    /// job goes to the n-th slot. Status becomes running, attempt + 1, the slot's lease; a hold is written.
    /// Claims of different queues share a commit; the caller never has two claims of one queue open.
    CompletableFuture<List<Assignment>> claim(String queue, List<Slot> slots);

    /// One place for one job. `lease` is random.
    record Slot(String sessionId, long lease) {}

    /// Records what a runner reports. Fence: status = running, attempt and lease equal. See [Completed].
    CompletableFuture<Completed> complete(Completion completion);

    record Completion(Assignment.Key key, JobResult result) {}

    /// @param outcome what the runner is told
    /// @param result the job's final result when this call ended it; null otherwise
    /// @param requeued the queue that the job waits in again (a retry), if it does
    record Completed(
            Outcome outcome,
            @Nullable JobResult result,
            @Nullable String requeued) {}

    // ---- single guarded writes ----

    /// Hands jobs back that were claimed but not begun: queued again at their old place, the attempt not counted.
    /// Fence: attempt and lease. Returns the queues that have work again.
    List<String> release(List<Assignment.Key> keys);

    /// Asks for the end of a job. Created or queued: it fails with error `stopped` now. Running: the wish is
    /// written down, the holder must be told.
    Stopped stop(String jobId);

    sealed interface Stopped {
        /// It ended now.
        record Ended(JobResult result) implements Stopped {}

        /// It runs; this hand-over must be told to stop.
        record Running(Assignment.Key key, String sessionId) implements Stopped {}

        record AlreadyFinal() implements Stopped {}

        record NoJob() implements Stopped {}
    }

    /// Ends a running job from the server's side. Fence: status = running, attempt and lease. `status` is failed
    /// or timeout. A timeout uses up one attempt: with retries left the job is queued again.
    Completed end(Assignment.Key key, JobStatus status, String error);

    /// Removes a job that is not running; history keeps id and times.
    Deleted delete(String jobId);

    sealed interface Deleted {
        record Gone() implements Deleted {}

        /// It runs: stop it first.
        record Running(Assignment.Key key, String sessionId) implements Deleted {}

        record NoJob() implements Deleted {}
    }

    /// Moves queued jobs whose time has come from timers to their queues; returns those queues.
    List<String> ripen(int max);

    // ---- reads ----

    Optional<JobState> state(String jobId);

    /// What a waiter reads after it has registered.
    Answer answer(String jobId);

    /// Likewise, for thousands who ask at once: whoever asks while one read is under way shares the next one.
    default CompletableFuture<Answer> ask(String jobId) {
        return CompletableFuture.completedFuture(answer(jobId));
    }

    sealed interface Answer {
        record Done(JobResult result) implements Answer {}

        record Pending() implements Answer {}

        record NoJob() implements Answer {}
    }

    Optional<JobDetails> details(String jobId);

    /// One page of jobs, newest first. `before` is the number that the last page ended with
    /// ([Long#MAX_VALUE] for the first).
    Page page(JobFilter filter, long before, int max);

    /// @param next to go on with; 0 when there is no more
    record Page(List<Job> jobs, long next) {}

    /// The number of a job, to begin a listing after it; empty when there is no such job.
    Optional<Long> number(String jobId);

    /// What a session holds, for a gateway that takes it over or watches deadlines.
    List<Held> held(String sessionId);

    record Held(Assignment.Key key, double timeoutS, Duration left, boolean stopRequested, boolean atMostOnce) {}

    // ---- the event log ----

    /// The position just behind every finished transaction.
    Position head();

    /// Events behind `after` of all gateways, in order, up to the oldest transaction still running. The reader's
    /// own are among them: it may not know that they were committed.
    Events events(Position after, int max);

    record Position(long xid, long seq) {}

    record Event(
            Position position, Instant at, String jobId, String status, int attempt, String runner, String queue) {}

    /// @param next where to read on
    record Events(List<Event> events, Position next) {}

    // ---- lost sessions ----

    /// Ends sessions whose lease ran out more than `grace` ago, by the database's clock, and frees what they held:
    /// queued again (attempts stay counted, losses + 1) while losses <= `redeliveries` and the job is not
    /// at_most_once, else failed with `runner lost`; one whose stop was requested fails with `stopped`. Several
    /// gateways may call this at once.
    Rescued rescue(Duration grace, int redeliveries);

    record Rescued(List<String> sessions, List<String> queues, List<Ended> ended) {}

    record Ended(String jobId, JobResult result) {}
}
