package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Time;
import hero.supervisor.domain.Trace;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What all gateways of a test see in place of PostgreSQL. Its monitor is the transaction.
public final class MemoryDatabase {

    final Map<String, Row> jobs = new LinkedHashMap<>();
    final TreeSet<Row> waiting =
            new TreeSet<>(Comparator.comparingInt((Row row) -> -row.priority()).thenComparingLong(row -> row.queueSeq));
    final Map<String, SessionRow> sessions = new LinkedHashMap<>();
    final Map<String, String> queues = new LinkedHashMap<>();
    final List<Logged> events = new ArrayList<>();
    final Time time;
    long numbers;
    long seqs;

    /// The events up to this one count as no longer kept.
    public int floor;

    public MemoryDatabase(Time time) {
        this.time = time;
    }

    /// A runner name, as `register_runner` would add it.
    public void runner(String name, String queue) {
        queues.put(name, queue);
    }

    /// A row as a test sees it.
    public record View(
            Job job,
            JobStatus status,
            int attempt,
            @Nullable Long lease,
            @Nullable String sessionId,
            @Nullable JobResult result,
            boolean deleting) {

        /// It has ended, and is to be deleted for that.
        public boolean going() {
            return deleting && status.isFinal();
        }
    }

    /// All jobs that there are.
    public synchronized List<View> views() {
        return jobs.values().stream().map(Row::view).toList();
    }

    public synchronized @Nullable View view(String jobId) {
        Row row = jobs.get(jobId);
        return row == null ? null : row.view();
    }

    /// The gateway that a session is at; null when there is no such session.
    public synchronized @Nullable String nodeOf(String sessionId) {
        SessionRow row = sessions.get(sessionId);
        return row == null ? null : row.node;
    }

    /// The log behind its first `from` events.
    public synchronized List<JobStore.Event> events(int from) {
        return events.subList(from, events.size()).stream().map(Logged::event).toList();
    }

    static final class SessionRow {
        final String runner;
        final String node;
        Instant leaseUntil;

        SessionRow(String runner, String node, Instant leaseUntil) {
            this.runner = runner;
            this.node = node;
            this.leaseUntil = leaseUntil;
        }
    }

    record Logged(String node, JobStore.Event event) {}

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

        @Nullable
        Trace trace;

        boolean stopRequested;
        boolean deleting;
        int failures;
        int losses;

        @Nullable
        JobResult result;

        final List<hero.supervisor.domain.JobDetails.Attempt> attempts = new ArrayList<>();
        final List<Assignment.Key> answered = new ArrayList<>();

        Row(long number, Job job, String queue) {
            this.number = number;
            this.job = job;
            this.queue = queue;
        }

        View view() {
            return new View(job, status, attempt, lease, sessionId, result, deleting);
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
}
