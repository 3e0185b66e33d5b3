package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobDetails.Attempt;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Tracing;
import hero.supervisor.store.JobStore.Completed;
import hero.supervisor.store.JobStore.Deleted;
import hero.supervisor.store.JobStore.Ended;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Held;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.JobStore.Slot;
import hero.supervisor.store.MemoryDatabase.Logged;
import hero.supervisor.store.MemoryDatabase.Row;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The moves of a job between its states, in memory; one gateway's. Called under the monitor of the database.
final class MemoryMoves {
    private static final String NOBODY = "";

    private final MemoryDatabase shared;
    private final String node;

    MemoryMoves(MemoryDatabase shared, String node) {
        this.shared = shared;
        this.node = node;
    }

    Instant now() {
        return shared.time.instant();
    }

    void log(Row row, String status) {
        log(row, status, node);
    }

    /// @param by the node that is said to have done it; nobody's news are read by every gateway
    void log(Row row, String status, String by) {
        var event = new Event(
                new Position(shared.events.size() + 1L, 0),
                now(),
                row.job.id(),
                status,
                row.attempt,
                row.job.runner(),
                row.queue,
                false,
                null);
        shared.events.add(new Logged(by, event));
    }

    void enqueue(Row row, @Nullable Instant dueAt, boolean newPlace) {
        row.status = JobStatus.QUEUED;
        row.lease = null;
        row.sessionId = null;
        if (newPlace) {
            row.queueSeq = ++shared.seqs;
        }
        if (dueAt != null && dueAt.isAfter(now())) {
            row.dueAt = dueAt;
            row.placed = false;
        } else {
            place(row);
        }
        log(row, "queued");
    }

    void place(Row row) {
        row.dueAt = null;
        row.placed = true;
        shared.waiting.add(row);
    }

    void unplace(Row row) {
        shared.waiting.remove(row);
        row.placed = false;
        row.dueAt = null;
    }

    Assignment hand(Row row, Slot slot) {
        unplace(row);
        row.status = JobStatus.RUNNING;
        row.attempt++;
        row.lease = slot.lease();
        row.sessionId = slot.sessionId();
        Instant now = now();
        row.startedAt = now;
        log(row, "running");
        return assignment(row);
    }

    /// Those that are still in the hands of the session.
    List<Assignment> handed(String sessionId, List<Assignment.Key> keys) {
        List<Assignment> handed = new ArrayList<>();
        for (Assignment.Key key : keys) {
            Row row = shared.jobs.get(key.jobId());
            if (row != null && row.heldBy(key) && sessionId.equals(row.sessionId)) {
                handed.add(assignment(row));
            }
        }
        return handed;
    }

    List<Held> held(String sessionId) {
        return shared.jobs.values().stream()
                .filter(row -> row.status == JobStatus.RUNNING && sessionId.equals(row.sessionId))
                .map(row -> new Held(
                        key(row),
                        row.job.timeoutS(),
                        Duration.between(
                                now(),
                                Objects.requireNonNull(row.startedAt).plusNanos((long) (row.job.timeoutS() * 1e9))),
                        row.stopRequested,
                        row.atMostOnce(),
                        row.trace == null ? null : new Tracing.Run(key(row), row.trace, row.startedAt)))
                .toList();
    }

    List<String> deleteEnded() {
        List<Row> ended = shared.jobs.values().stream()
                .filter(row -> row.deleting && row.status != JobStatus.RUNNING)
                .toList();
        ended.forEach(row -> delete(row.job.id(), row.number));
        return ended.stream().map(row -> row.job.id()).toList();
    }

    Deleted delete(String jobId, long number) {
        Row row = shared.jobs.get(jobId);
        if (row == null || (number != 0 && number != row.number)) {
            return new Deleted.NoJob();
        } else if (row.status == JobStatus.RUNNING) {
            askToStop(row);
            row.deleting = true;
            return new Deleted.Running(key(row), Objects.requireNonNull(row.sessionId), row.number);
        }
        unplace(row);
        shared.jobs.remove(jobId);
        log(row, "deleted");
        return new Deleted.Gone();
    }

    List<Assignment.Key> stopping(Collection<String> jobIds) {
        return jobIds.stream()
                .map(shared.jobs::get)
                .filter(row -> row != null && row.status == JobStatus.RUNNING && row.stopRequested)
                .map(MemoryMoves::key)
                .toList();
    }

    /// A running job, in the hands of its session.
    static Assignment assignment(Row row) {
        return new Assignment(
                row.job,
                row.attempt,
                Objects.requireNonNull(row.lease),
                Objects.requireNonNull(row.sessionId),
                Objects.requireNonNull(row.startedAt),
                0,
                row.trace);
    }

    void finish(Row row, JobStatus status, JobResult result, boolean keepLease) {
        finish(row, status, result, keepLease, node);
    }

    private void finish(Row row, JobStatus status, JobResult result, boolean keepLease, String by) {
        unplace(row);
        row.status = status;
        row.result = result;
        row.completedAt = now();
        if (!keepLease) {
            row.lease = null;
        }
        log(row, status.word(), by);
    }

    /// The wish is written down, and logged the first time.
    void askToStop(Row row) {
        if (!row.stopRequested) {
            log(row, "stopping");
        }
        row.stopRequested = true;
    }

    /// Undoes a hand-over. False when the job ended instead: everybody must hear that.
    boolean handBack(Row row) {
        if (row.stopRequested) {
            finish(row, JobStatus.FAILED, new JobResult.Failure("stopped", null), false, NOBODY);
            return false;
        }
        row.attempt--;
        row.startedAt = row.attempts.stream()
                .filter(attempt -> attempt.attempt() == row.attempt)
                .map(Attempt::startedAt)
                .findFirst()
                .orElse(null);
        enqueue(row, null, false);
        return true;
    }

    static @Nullable Instant startAt(Job job) {
        String text = job.extras().startAt();
        return text == null ? null : OffsetDateTime.parse(text).toInstant();
    }

    Completed recorded(Row row, JobStatus status, JobResult result) {
        finish(row, status, result, true);
        return new Completed(Outcome.RECORDED, result, null, status);
    }

    Completed reported(Row row, JobResult result) {
        return switch (result) {
            case JobResult.Failure failure -> failed(row, failure);
            case JobResult.Success _ when row.stopRequested -> failed(row, new JobResult.Failure("stopped", null));
            case JobResult.Success success -> recorded(row, JobStatus.COMPLETED, success);
        };
    }

    Completed failed(Row row, JobResult.Failure failure) {
        if (row.stopRequested) {
            return recorded(row, JobStatus.FAILED, new JobResult.Failure("stopped", failure.exitCode()));
        }
        Instant started = Objects.requireNonNull(row.startedAt);
        boolean late = !now().isBefore(started.plusNanos((long) (row.job.timeoutS() * 1e9)));
        JobResult.Failure told = late
                ? new JobResult.Failure("timed out after " + seconds(row.job.timeoutS()) + " s", failure.exitCode())
                : failure;
        return endOrRetry(row, late ? JobStatus.TIMEOUT : JobStatus.FAILED, told, true);
    }

    static String seconds(double timeoutS) {
        if (timeoutS == Math.rint(timeoutS)) {
            return String.valueOf((long) timeoutS);
        }
        // As PostgreSQL writes float8: 1.0E-6 is 1e-06.
        String text = String.valueOf(timeoutS);
        int e = text.indexOf('E');
        return e < 0
                ? text
                : text.substring(0, e).replaceFirst("\\.0$", "")
                        + "e-%02d".formatted(Integer.parseInt(text.substring(e + 2)));
    }

    Completed endOrRetry(Row row, JobStatus status, JobResult.Failure failure, boolean keepLease) {
        if (row.failures < row.job.extras().retries().orElse(0) && !row.atMostOnce()) {
            attemptOver(row, status.word(), failure.message(), failure.exitCode());
            row.failures++;
            Double delay = row.job.extras().retryDelayS();
            double wait = Math.min(3600, (delay == null ? 1 : delay) * Math.pow(2, row.failures - 1));
            enqueue(row, now().plusNanos((long) (wait * 1e9)), true);
            return new Completed(Outcome.RECORDED, null, row.queue, JobStatus.QUEUED);
        }
        finish(row, status, failure, keepLease);
        return new Completed(Outcome.RECORDED, failure, null, status);
    }

    void attemptOver(Row row, String status, String error, @Nullable Integer exitCode) {
        row.attempts.add(new Attempt(
                row.attempt, row.sessionId, Objects.requireNonNull(row.startedAt), now(), status, error, exitCode));
    }

    static Assignment.Key key(Row row) {
        return new Assignment.Key(row.job.id(), row.attempt, Objects.requireNonNull(row.lease));
    }

    void free(Row row, int redeliveries, List<String> queues, List<String> again, List<Ended> ended) {
        row.losses++;
        if (row.stopRequested || row.losses > redeliveries || row.atMostOnce()) {
            var result = new JobResult.Failure(row.stopRequested ? "stopped" : "runner lost", null);
            finish(row, JobStatus.FAILED, result, false);
            ended.add(new Ended(row.job.id(), result));
        } else {
            attemptOver(row, "lost", "runner lost", null);
            enqueue(row, null, false);
            queues.add(row.queue);
            again.add(row.job.id());
        }
    }

    static boolean same(Job a, Job b) {
        return stampless(a).equals(stampless(b));
    }

    private static Job stampless(Job job) {
        return new Job(
                job.id(),
                job.callerId(),
                job.contextId(),
                job.payload(),
                job.runner(),
                job.executor(),
                job.timeoutS(),
                job.envVars(),
                "",
                "",
                job.extras());
    }

    static boolean passes(Row row, JobFilter filter) {
        return (filter.status() == null || filter.status() == row.status)
                && (filter.runner() == null || filter.runner().equals(row.job.runner()))
                && (filter.executor() == null || filter.executor().equals(row.job.executor()))
                && (filter.callerId() == null || filter.callerId().equals(row.job.callerId()))
                && (filter.contextId() == null || filter.contextId().equals(row.job.contextId()));
    }

    static JobState state(Row row) {
        return new JobState(row.job.id(), row.status, row.job.createdAt(), row.startedAt, row.completedAt);
    }
}
