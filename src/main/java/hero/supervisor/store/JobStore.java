package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Trace;
import hero.supervisor.domain.Tracing;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Jobs in the database: each read, and each guarded write with its fence. Futures complete after the commit that
/// holds the row, never before; they fail with a [hero.supervisor.domain.Refusal] of kind `busy` when the database
/// cannot be reached or the write queue is full. Safe for any thread.
public interface JobStore {

    // ---- group-committed writes ----

    /// Accepts a job. With `start` it is queued in the same transaction (or set on a timer when its start_at lies
    /// ahead). The runner must exist: its queue becomes the job's.
    default CompletableFuture<Created> create(Job job, boolean start) {
        return create(job, start, null, Placing.NONE);
    }

    /// Likewise; one that is to be started is handed out in the same transaction when `placing` has a place for it
    /// in the job's own queue. Such a hand-over is like any other: lease, hold, event.
    ///
    /// @param trace kept with a new job and handed out with it; null for a job without one
    CompletableFuture<Created> create(Job job, boolean start, @Nullable Trace trace, Placing placing);

    /// Where a job may go that is about to be written.
    interface Placing {
        Placing NONE = _ -> null;

        /// Asked when the batch is put together that holds the job, maybe again when that batch failed; gives the
        /// same answer then. Must return at once.
        ///
        /// @param batch the same for all jobs that are written together, and for no others
        @Nullable
        Place place(Object batch);

        /// True when a place may come free in the next moments: the batch may wait a little for it.
        default boolean isNear() {
            return false;
        }

        /// True when places come from another gateway: without one, the job takes a longer way than else, and it
        /// takes longer until there is one.
        default boolean isFar() {
            return false;
        }

        /// For how many jobs like this one there are places now: it is worth it to wait a little for more. As many
        /// as there can be when it is not, as others may be before them. Must return at once.
        default int room() {
            return Integer.MAX_VALUE;
        }
    }

    /// A runner has asked for jobs: a batch that waits for places or a claim that waits for slots may go on.
    default void asked() {}

    /// @param queue the place is for jobs of this queue only
    record Place(String queue, Slot slot) {}

    sealed interface Created {
        /// New, durable; waits in this queue when it was to be started.
        record New(String queue) implements Created {}

        /// New, durable, and in a runner's hands already.
        record Handed(Assignment job) implements Created {}

        /// The same id with the same content was accepted before; nothing changed.
        record Same(JobStatus status, String queue) implements Created {}

        /// The same id with other content.
        record Different() implements Created {}

        record NoRunner() implements Created {}
    }

    /// Queues a created job. Fence: status = created.
    default CompletableFuture<Started> start(String jobId) {
        return start(jobId, "", Placing.NONE);
    }

    /// Likewise; it is handed out in the same transaction when `placing` has a place for it in its own queue.
    ///
    /// @param runner whom it is for, as far as the caller knows
    CompletableFuture<Started> start(String jobId, String runner, Placing placing);

    sealed interface Started {
        record Queued(String queue) implements Started {}

        /// In a runner's hands already.
        record Handed(Assignment job) implements Started {}

        /// It was queued or running already.
        record Already() implements Started {}

        record Final(JobStatus status) implements Started {}

        record NoJob() implements Started {}
    }

    /// Hands out up to `slots.size()` jobs of one queue, best priority first, then in order of arrival; the n-th
    /// job goes to the n-th slot. Status becomes running, attempt + 1, the slot's lease; a hold is written.
    /// Claims of different queues share a commit; the caller never has two claims of one queue open.
    default CompletableFuture<List<Assignment>> claim(String queue, List<Slot> slots) {
        return claim(queue, () -> slots);
    }

    /// Likewise, for slots that are chosen later. None: nothing is claimed.
    CompletableFuture<List<Assignment>> claim(String queue, Claiming claiming);

    /// What a claim asks for.
    interface Claiming {
        /// Asked when the batch is put together that holds the claim, maybe again when that batch failed; gives
        /// the same answer then. Must return at once.
        List<Slot> slots();

        /// False when it is worth it to wait a little, as more slots are going to be free. Must return at once.
        default boolean isEnough() {
            return true;
        }
    }

    /// One place for one job. `lease` is random.
    record Slot(String sessionId, long lease) {}

    /// Records what a runner reports. Fence: status = running, attempt and lease equal. See [Completed].
    CompletableFuture<Completed> complete(Completion completion);

    record Completion(Assignment.Key key, JobResult result) {}

    /// @param outcome what the runner is told
    /// @param result the job's final result when this call ended it; null otherwise
    /// @param requeued the queue that the job waits in again (a retry), if it does
    /// @param status what the job is now; null when the call changed nothing
    record Completed(
            Outcome outcome,
            @Nullable JobResult result,
            @Nullable String requeued,
            @Nullable JobStatus status) {

        /// Duplicate or stale.
        static Completed refused(Outcome outcome) {
            return new Completed(outcome, null, null, null);
        }
    }

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

    /// Ends running jobs from the server's side. Fence: status = running, attempt and lease. `status` is failed
    /// or timeout. A timeout uses up one attempt: with retries left the job is queued again.
    /// Many in one commit; the n-th answer is for the n-th.
    List<Completed> end(List<Ending> endings);

    record Ending(Assignment.Key key, JobStatus status, String error) {}

    /// Removes a job that is not running; history keeps id and times. Only the one of that number, unless it is 0:
    /// another one may have the id by now.
    Deleted delete(String jobId, long number);

    sealed interface Deleted {
        record Gone() implements Deleted {}

        /// It runs: stop it first.
        record Running(Assignment.Key key, String sessionId, long number) implements Deleted {}

        record NoJob() implements Deleted {}
    }

    /// Moves queued jobs whose time has come from timers to their queues.
    Ripened ripen(int max);

    /// @param queues those that have got jobs
    /// @param next until the next of the others is due; null when no job waits for a time
    record Ripened(List<String> queues, @Nullable Duration next) {}

    /// Another gateway has brought jobs back to these places. To be told before a claim is expected to find them.
    default void returned(Collection<Spot> spots) {}

    /// The queues in which jobs wait that claims did not see; the next ones will. The net under what others did
    /// and did not tell. Takes as long as PostgreSQL needs to step over what it cannot clean up yet.
    default List<String> overlooked() {
        return List.of();
    }

    /// Those of these queues in which jobs may wait; perhaps none when that takes long to find out and was found
    /// out a moment ago. The net under lost wakes.
    default List<String> waiting(List<String> queues) {
        return queues;
    }

    /// Says something to another gateway, soon, or never when that cannot be. Returns at once.
    default void say(Lending word) {}

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

    /// Those of these jobs that run and are to stop. An event names no lease: its job may be gone, and another one
    /// run under that id.
    List<Assignment.Key> stopping(Collection<String> jobIds);

    /// Removes jobs that have ended and were to be deleted when they did, as who asked for it may be gone.
    List<String> deleteEnded();

    /// What a session holds, for a gateway that takes it over or watches deadlines.
    List<Held> held(String sessionId);

    /// @param run what is told of its trace; null when it has none
    record Held(
            Assignment.Key key,
            double timeoutS,
            Duration left,
            boolean stopRequested,
            boolean atMostOnce,
            Tracing.@Nullable Run run) {}

    /// Those of these hand-overs to a session that are still in its hands: what another gateway has written for
    /// it.
    List<Assignment> handed(String sessionId, List<Assignment.Key> keys);

    // ---- the event log ----

    /// The position just behind every finished transaction.
    Position head();

    /// Everything behind this position is kept.
    Position floor();

    /// Events behind `after` of all gateways, in order, up to the oldest transaction still running.
    Events events(Position after, int max);

    /// Likewise, but only what others did that somebody here may wait for: jobs that wait to be handed out, that
    /// ended, that are gone or are to stop. Costs next to nothing for what this gateway did itself.
    Events news(Position after, int max);

    /// Where [#news] or another reading of the log stood when the first of those writes began that failed since
    /// this was asked last: they may have been committed all the same, and only this gateway's own events tell.
    /// Null when none failed. Asks nobody.
    @Nullable
    Position takeDoubt();

    /// Likewise, with their [Facts].
    Events eventsWithFacts(Position after, int max);

    /// Where a job stands, and which transactions that shows. Empty when there is no such job.
    Optional<Standing> standing(String jobId);

    /// A place in the log, the same on every gateway. Its text is `xid:seq`.
    record Position(long xid, long seq) implements Comparable<Position> {
        /// The position of a text; `IllegalArgumentException` when it is none.
        public static Position of(String text) {
            int colon = text.indexOf(':');
            Position position = new Position(
                    Long.parseLong(text, 0, Math.max(colon, 0), 10),
                    Long.parseLong(text, colon + 1, text.length(), 10));
            if (!position.text().equals(text) || position.xid < 0 || position.seq < 0) {
                throw new IllegalArgumentException("no position");
            }
            return position;
        }

        public String text() {
            return xid + ":" + seq;
        }

        @Override
        public int compareTo(Position other) {
            int byXid = Long.compare(xid, other.xid);
            return byXid != 0 ? byXid : Long.compare(seq, other.seq);
        }
    }

    /// @param own true when this gateway wrote it
    /// @param facts only from [#eventsWithFacts], and only of a job that still exists
    record Event(
            Position position,
            Instant at,
            String jobId,
            String status,
            int attempt,
            String runner,
            String queue,
            boolean own,
            @Nullable Facts facts) {
        /// What happened to the job in the same statement before its first attempt, so many places before this.
        Event before(String earlier, int places) {
            Position there = new Position(position.xid(), position.seq() - places);
            return new Event(there, at, jobId, earlier, 0, runner, queue, own, facts);
        }
    }

    /// What of a job does not change and is asked for by filters.
    record Facts(String executor, String callerId, String contextId) {}

    /// @param next where to read on
    /// @param held true when there are committed events behind `next` that a transaction still running holds back
    record Events(List<Event> events, Position next, boolean held) {}

    /// A job as one statement saw it.
    ///
    /// @param at when it came to stand so
    record Standing(
            JobStatus status,
            Instant at,
            int attempt,
            String runner,
            String queue,
            boolean stopping,
            Snapshot snapshot) {}

    /// Which transactions a statement saw: those below `head`, and of those below `end` all but the `running`.
    record Snapshot(Position head, long end, Set<Long> running) {
        public boolean shows(Position position) {
            return position.xid() < end && !running.contains(position.xid());
        }
    }

    // ---- lost sessions ----

    /// Ends sessions whose lease ran out more than `grace` ago, by the database's clock, and frees what they held:
    /// queued again (attempts stay counted, losses + 1) while losses <= `redeliveries` and the job is not
    /// at_most_once, else failed with `runner lost`; one whose stop was requested fails with `stopped`. Several
    /// gateways may call this at once.
    Rescued rescue(Duration grace, int redeliveries);

    /// Puts in order what is known of who holds which job. Costs what was handed over since the last time, and
    /// answers of no other call depend on it. Several gateways may call this at once.
    default void tidy() {}

    /// @param again jobs that wait in their queues again
    record Rescued(List<String> sessions, List<String> queues, List<String> again, List<Ended> ended) {}

    record Ended(String jobId, JobResult result) {}
}
