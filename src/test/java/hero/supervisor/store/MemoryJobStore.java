package hero.supervisor.store;

import hero.supervisor.domain.JobDetails.Attempt;
import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The in-memory twin of the real store, held to the same contract. `Shared` is the database; each gateway has a
/// store of its own on it.
public final class MemoryJobStore implements JobStore {

    /// What all gateways see. Its monitor is the transaction.
    public static final class Shared {
        final Map<String, Row> jobs = new LinkedHashMap<>();
        final TreeSet<Row> waiting = new TreeSet<>(
                Comparator.comparingInt((Row row) -> -row.priority()).thenComparingLong(row -> row.queueSeq));
        final Map<String, SessionRow> sessions = new LinkedHashMap<>();
        final Map<String, String> queues = new LinkedHashMap<>();
        final List<Logged> events = new ArrayList<>();
        final Time time;
        long numbers;
        long seqs;

        public Shared(Time time) {
            this.time = time;
        }

        /// A runner name, as `register_runner` would add it.
        public void runner(String name, String queue) {
            queues.put(name, queue);
        }
    }

    static final class SessionRow {
        final String runner;
        Instant leaseUntil;

        SessionRow(String runner, Instant leaseUntil) {
            this.runner = runner;
            this.leaseUntil = leaseUntil;
        }
    }

    record Logged(String node, Event event) {}

    static final class Row {
        final long number;
        final Job job;
        final String queue;
        JobStatus status = JobStatus.CREATED;
        long queueSeq;
        boolean placed;

        @Nullable
        Instant dueAt;

        int attempt;

        @Nullable
        Long lease;

        @Nullable
        String sessionId;

        @Nullable
        Instant startedAt;

        @Nullable
        Instant completedAt;

        boolean stopRequested;
        int failures;
        int losses;

        @Nullable
        JobResult result;

        final List<Attempt> attempts = new ArrayList<>();
        final List<Assignment.Key> answered = new ArrayList<>();

        Row(long number, Job job, String queue) {
            this.number = number;
            this.job = job;
            this.queue = queue;
        }

        int priority() {
            return job.extras().priority().orElse(0);
        }

        boolean heldBy(Assignment.Key key) {
            return status == JobStatus.RUNNING && attempt == key.attempt() && Objects.equals(lease, key.lease());
        }

        boolean atMostOnce() {
            return Boolean.TRUE.equals(job.extras().atMostOnce());
        }
    }

    private final Shared shared;
    private final String node;

    public MemoryJobStore(Shared shared, String node) {
        this.shared = shared;
        this.node = node;
    }

    private Instant now() {
        return shared.time.instant();
    }

    private void log(Row row, String status) {
        var event = new Event(
                new Position(shared.events.size() + 1L, 0),
                now(),
                row.job.id(),
                status,
                row.attempt,
                row.job.runner(),
                row.queue);
        shared.events.add(new Logged(node, event));
    }

    private void enqueue(Row row, @Nullable Instant dueAt, boolean newPlace) {
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

    private void place(Row row) {
        row.dueAt = null;
        row.placed = true;
        shared.waiting.add(row);
    }

    private void unplace(Row row) {
        shared.waiting.remove(row);
        row.placed = false;
        row.dueAt = null;
    }

    private void finish(Row row, JobStatus status, JobResult result, boolean keepLease) {
        unplace(row);
        row.status = status;
        row.result = result;
        row.completedAt = now();
        if (!keepLease) {
            row.lease = null;
        }
        log(row, status.word());
    }

    @Override
    public CompletableFuture<Created> create(Job job, boolean start) {
        synchronized (shared) {
            Row present = shared.jobs.get(job.id());
            if (present != null) {
                return CompletableFuture.completedFuture(
                        same(present.job, job)
                                ? new Created.Same(present.status, present.queue)
                                : new Created.Different());
            }
            String queue = shared.queues.get(job.runner());
            if (queue == null) {
                return CompletableFuture.completedFuture(new Created.NoRunner());
            }
            Row row = new Row(++shared.numbers, job, queue);
            shared.jobs.put(job.id(), row);
            log(row, "created");
            if (start) {
                enqueue(row, startAt(job), true);
            }
            return CompletableFuture.completedFuture(new Created.New(queue));
        }
    }

    private static boolean same(Job a, Job b) {
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

    private static @Nullable Instant startAt(Job job) {
        String text = job.extras().startAt();
        return text == null ? null : Instant.parse(text);
    }

    @Override
    public CompletableFuture<Started> start(String jobId) {
        synchronized (shared) {
            Row row = shared.jobs.get(jobId);
            if (row == null) {
                return CompletableFuture.completedFuture(new Started.NoJob());
            } else if (row.status == JobStatus.CREATED) {
                enqueue(row, startAt(row.job), true);
                return CompletableFuture.completedFuture(new Started.Queued(row.queue));
            }
            return CompletableFuture.completedFuture(
                    row.status.isFinal() ? new Started.Final(row.status) : new Started.Already());
        }
    }

    @Override
    public CompletableFuture<List<Assignment>> claim(String queue, List<Slot> slots) {
        synchronized (shared) {
            List<Assignment> handed = new ArrayList<>();
            for (Row row : List.copyOf(shared.waiting)) {
                if (handed.size() < slots.size() && row.queue.equals(queue)) {
                    Slot slot = slots.get(handed.size());
                    unplace(row);
                    row.status = JobStatus.RUNNING;
                    row.attempt++;
                    row.lease = slot.lease();
                    row.sessionId = slot.sessionId();
                    row.startedAt = now();
                    log(row, "running");
                    handed.add(new Assignment(row.job, row.attempt, slot.lease(), slot.sessionId(), now()));
                }
            }
            return CompletableFuture.completedFuture(handed);
        }
    }

    @Override
    public CompletableFuture<Completed> complete(Completion completion) {
        synchronized (shared) {
            Row row = shared.jobs.get(completion.key().jobId());
            if (row == null || !row.heldBy(completion.key())) {
                boolean before = row != null && row.answered.contains(completion.key());
                return CompletableFuture.completedFuture(
                        new Completed(before ? Outcome.DUPLICATE : Outcome.STALE, null, null));
            }
            row.answered.add(completion.key());
            return CompletableFuture.completedFuture(
                    switch (completion.result()) {
                        case JobResult.Success success -> recorded(row, JobStatus.COMPLETED, success);
                        case JobResult.Failure failure -> failed(row, failure);
                    });
        }
    }

    private Completed recorded(Row row, JobStatus status, JobResult result) {
        finish(row, status, result, true);
        return new Completed(Outcome.RECORDED, result, null);
    }

    private Completed failed(Row row, JobResult.Failure failure) {
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

    private static String seconds(double timeoutS) {
        return timeoutS == Math.rint(timeoutS) ? String.valueOf((long) timeoutS) : String.valueOf(timeoutS);
    }

    private Completed endOrRetry(Row row, JobStatus status, JobResult.Failure failure, boolean keepLease) {
        if (row.failures < row.job.extras().retries().orElse(0) && !row.atMostOnce()) {
            attemptOver(row, status.word(), failure.message(), failure.exitCode());
            row.failures++;
            Double delay = row.job.extras().retryDelayS();
            double wait = Math.min(3600, (delay == null ? 1 : delay) * Math.pow(2, row.failures - 1));
            enqueue(row, now().plusNanos((long) (wait * 1e9)), true);
            return new Completed(Outcome.RECORDED, null, row.queue);
        }
        finish(row, status, failure, keepLease);
        return new Completed(Outcome.RECORDED, failure, null);
    }

    private void attemptOver(Row row, String status, String error, @Nullable Integer exitCode) {
        row.attempts.add(new Attempt(
                row.attempt, row.sessionId, Objects.requireNonNull(row.startedAt), now(), status, error, exitCode));
    }

    @Override
    public List<String> release(List<Assignment.Key> keys) {
        synchronized (shared) {
            List<String> queues = new ArrayList<>();
            for (Assignment.Key key : keys) {
                Row row = shared.jobs.get(key.jobId());
                if (row != null && row.heldBy(key)) {
                    if (row.stopRequested) {
                        finish(row, JobStatus.FAILED, new JobResult.Failure("stopped", null), false);
                    } else {
                        row.attempt--;
                        enqueue(row, null, false);
                        queues.add(row.queue);
                    }
                }
            }
            return queues;
        }
    }

    @Override
    public Stopped stop(String jobId) {
        synchronized (shared) {
            Row row = shared.jobs.get(jobId);
            if (row == null) {
                return new Stopped.NoJob();
            } else if (row.status.isFinal()) {
                return new Stopped.AlreadyFinal();
            } else if (row.status == JobStatus.RUNNING) {
                row.stopRequested = true;
                log(row, "stopping");
                return new Stopped.Running(key(row), Objects.requireNonNull(row.sessionId));
            }
            JobResult result = new JobResult.Failure("stopped", null);
            finish(row, JobStatus.FAILED, result, false);
            return new Stopped.Ended(result);
        }
    }

    private static Assignment.Key key(Row row) {
        return new Assignment.Key(row.job.id(), row.attempt, Objects.requireNonNull(row.lease));
    }

    @Override
    public Completed end(Assignment.Key key, JobStatus status, String error) {
        synchronized (shared) {
            Row row = shared.jobs.get(key.jobId());
            if (row == null || !row.heldBy(key)) {
                return new Completed(Outcome.STALE, null, null);
            }
            JobResult.Failure failure = new JobResult.Failure(row.stopRequested ? "stopped" : error, null);
            if (status == JobStatus.TIMEOUT && !row.stopRequested) {
                return endOrRetry(row, status, failure, false);
            }
            finish(row, JobStatus.FAILED, failure, false);
            return new Completed(Outcome.RECORDED, failure, null);
        }
    }

    @Override
    public Deleted delete(String jobId) {
        synchronized (shared) {
            Row row = shared.jobs.get(jobId);
            if (row == null) {
                return new Deleted.NoJob();
            } else if (row.status == JobStatus.RUNNING) {
                row.stopRequested = true;
                log(row, "stopping");
                return new Deleted.Running(key(row), Objects.requireNonNull(row.sessionId));
            }
            unplace(row);
            shared.jobs.remove(jobId);
            log(row, "deleted");
            return new Deleted.Gone();
        }
    }

    @Override
    public List<String> ripen(int max) {
        synchronized (shared) {
            List<String> queues = new ArrayList<>();
            for (Row row : shared.jobs.values()) {
                if (queues.size() < max && row.dueAt != null && !row.dueAt.isAfter(now())) {
                    place(row);
                    queues.add(row.queue);
                }
            }
            return queues;
        }
    }

    @Override
    public Optional<JobState> state(String jobId) {
        synchronized (shared) {
            return Optional.ofNullable(shared.jobs.get(jobId)).map(MemoryJobStore::state);
        }
    }

    private static JobState state(Row row) {
        return new JobState(row.job.id(), row.status, row.job.createdAt(), row.startedAt, row.completedAt);
    }

    @Override
    public Answer answer(String jobId) {
        synchronized (shared) {
            Row row = shared.jobs.get(jobId);
            if (row == null) {
                return new Answer.NoJob();
            }
            return row.result == null ? new Answer.Pending() : new Answer.Done(row.result);
        }
    }

    @Override
    public Optional<JobDetails> details(String jobId) {
        synchronized (shared) {
            Row row = shared.jobs.get(jobId);
            if (row == null) {
                return Optional.empty();
            }
            List<Attempt> attempts = new ArrayList<>(row.attempts);
            if (row.startedAt != null && row.status != JobStatus.QUEUED) {
                JobResult.Failure failure = row.result instanceof JobResult.Failure f ? f : null;
                attempts.add(new Attempt(
                        row.attempt,
                        row.sessionId,
                        row.startedAt,
                        row.completedAt,
                        row.status.word(),
                        failure == null ? null : failure.message(),
                        failure == null ? null : failure.exitCode()));
            }
            return Optional.of(new JobDetails(row.job, row.queue, state(row), row.result, attempts));
        }
    }

    @Override
    public Page page(JobFilter filter, long before, int max) {
        synchronized (shared) {
            List<Row> rows = shared.jobs.values().stream()
                    .filter(row -> row.number < before && passes(row, filter))
                    .sorted(Comparator.comparingLong((Row row) -> -row.number))
                    .limit(max)
                    .toList();
            long next = rows.size() < max ? 0 : rows.getLast().number;
            return new Page(rows.stream().map(row -> row.job).toList(), next);
        }
    }

    private static boolean passes(Row row, JobFilter filter) {
        return (filter.status() == null || filter.status() == row.status)
                && (filter.runner() == null || filter.runner().equals(row.job.runner()))
                && (filter.executor() == null || filter.executor().equals(row.job.executor()))
                && (filter.callerId() == null || filter.callerId().equals(row.job.callerId()))
                && (filter.contextId() == null || filter.contextId().equals(row.job.contextId()));
    }

    @Override
    public Optional<Long> number(String jobId) {
        synchronized (shared) {
            return Optional.ofNullable(shared.jobs.get(jobId)).map(row -> row.number);
        }
    }

    @Override
    public List<Held> held(String sessionId) {
        synchronized (shared) {
            return shared.jobs.values().stream()
                    .filter(row -> row.status == JobStatus.RUNNING && sessionId.equals(row.sessionId))
                    .map(row -> new Held(
                            key(row),
                            row.job.timeoutS(),
                            Duration.between(
                                    now(),
                                    Objects.requireNonNull(row.startedAt).plusNanos((long) (row.job.timeoutS() * 1e9))),
                            row.stopRequested))
                    .toList();
        }
    }

    @Override
    public Position head() {
        synchronized (shared) {
            return new Position(shared.events.size(), 0);
        }
    }

    @Override
    public Events eventsOfOthers(Position after, int max) {
        synchronized (shared) {
            int from = (int) after.xid();
            int to = Math.min(shared.events.size(), from + max);
            List<Event> events = shared.events.subList(from, to).stream()
                    .filter(logged -> !logged.node().equals(node))
                    .map(Logged::event)
                    .toList();
            return new Events(events, new Position(to, 0));
        }
    }

    @Override
    public Rescued rescue(Duration grace, int redeliveries) {
        synchronized (shared) {
            List<String> sessions = shared.sessions.entrySet().stream()
                    .filter(entry -> entry.getValue().leaseUntil.plus(grace).isBefore(now()))
                    .map(Map.Entry::getKey)
                    .toList();
            List<String> queues = new ArrayList<>();
            List<Ended> ended = new ArrayList<>();
            for (String session : sessions) {
                shared.sessions.remove(session);
                for (Row row : List.copyOf(shared.jobs.values())) {
                    if (row.status == JobStatus.RUNNING && session.equals(row.sessionId)) {
                        free(row, redeliveries, queues, ended);
                    }
                }
            }
            return new Rescued(sessions, queues, ended);
        }
    }

    private void free(Row row, int redeliveries, List<String> queues, List<Ended> ended) {
        row.losses++;
        if (row.stopRequested || row.losses > redeliveries || row.atMostOnce()) {
            var result = new JobResult.Failure(row.stopRequested ? "stopped" : "runner lost", null);
            finish(row, JobStatus.FAILED, result, false);
            ended.add(new Ended(row.job.id(), result));
        } else {
            attemptOver(row, "lost", "runner lost", null);
            enqueue(row, null, false);
            queues.add(row.queue);
        }
    }
}
