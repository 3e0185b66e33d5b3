package hero.supervisor.store;

import static hero.supervisor.store.schema.Tables.JOBS;
import static hero.supervisor.store.schema.Tables.JOB_ATTEMPTS;
import static hero.supervisor.store.schema.Tables.JOB_HELD;
import static hero.supervisor.store.schema.Tables.JOB_TRACES;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobDetails.Attempt;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Trace;
import hero.supervisor.domain.Tracing;
import hero.supervisor.store.JobStore.Answer;
import hero.supervisor.store.JobStore.Held;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.JobStore.Snapshot;
import hero.supervisor.store.JobStore.Standing;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.JSONB;
import org.jooq.Record;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/// What is read of jobs; each call is one short statement (two for the details).
final class JobReads {
    /// Until the deadline, by the database's clock.
    private static final Field<Long> LEFT_MS = DSL.field(
            "(extract(epoch from {0} + make_interval(secs => {1}) - clock_timestamp()) * 1000)::bigint",
            Long.class, JOBS.STARTED_AT, JOBS.TIMEOUT_S);

    /// A job that was stopped in order to be deleted is as good as gone.
    private static final String ANSWERS = """
            select id, status, output, error, exit_code,
              error = 'stopped' and exists (select from job_deleting d where d.job_number = j.number) as is_going
            from jobs j where id = any(?::text[])
            """;

    private static final String HANDED = JobRow.handing("""
            select ASSIGNMENT, TRACE
            from (select LAST_TRACED) d
              cross join unnest(?::text[], ?::int[], ?::bigint[]) with ordinality as i(id, attempt, lease, ord)
              join jobs j on j.id = i.id
            where j.status = 'running' and j.attempt = i.attempt and j.lease = i.lease and j.session_id = ?
            order by i.ord
            """);

    private static final Field<String> SNAPSHOT = DSL.field("pg_current_snapshot()::text", String.class);

    private final Database database;

    JobReads(Database database) {
        this.database = database;
    }

    Optional<JobState> state(String jobId) {
        return database.query(
                sql -> sql.select(JOBS.ID, JOBS.STATUS, JOBS.CREATED_TEXT, JOBS.STARTED_AT, JOBS.COMPLETED_AT)
                        .from(JOBS)
                        .where(JOBS.ID.eq(jobId))
                        .fetchOptional(JobReads::state));
    }

    private static JobState state(Record job) {
        return new JobState(
                job.get(JOBS.ID),
                JobStatus.of(job.get(JOBS.STATUS)),
                job.get(JOBS.CREATED_TEXT),
                instant(job.get(JOBS.STARTED_AT)),
                instant(job.get(JOBS.COMPLETED_AT)));
    }

    private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
        return time == null ? null : time.toInstant();
    }

    Optional<Standing> standing(String jobId) {
        return database.query(sql -> sql.select(
                        JOBS.STATUS,
                        JOBS.ACCEPTED_AT,
                        JOBS.QUEUED_AT,
                        JOBS.STARTED_AT,
                        JOBS.COMPLETED_AT,
                        JOBS.ATTEMPT,
                        JOBS.RUNNER,
                        JOBS.QUEUE,
                        JOBS.STOP_REQUESTED_AT,
                        SNAPSHOT)
                .from(JOBS)
                .where(JOBS.ID.eq(jobId))
                .fetchOptional(JobReads::standing));
    }

    private static Standing standing(Record job) {
        JobStatus status = JobStatus.of(job.get(JOBS.STATUS));
        OffsetDateTime at = switch (status) {
            case CREATED -> job.get(JOBS.ACCEPTED_AT);
            case QUEUED -> job.get(JOBS.QUEUED_AT);
            case RUNNING -> job.get(JOBS.STARTED_AT);
            case COMPLETED, FAILED, TIMEOUT -> job.get(JOBS.COMPLETED_AT);
        };
        return new Standing(
                status,
                at.toInstant(),
                job.get(JOBS.ATTEMPT),
                job.get(JOBS.RUNNER),
                job.get(JOBS.QUEUE),
                status == JobStatus.RUNNING && job.get(JOBS.STOP_REQUESTED_AT) != null,
                snapshot(job.get(SNAPSHOT)));
    }

    /// Source: PostgreSQL, `pg_snapshot`: `xmin:xmax:xip,xip`.
    private static Snapshot snapshot(String text) {
        String[] parts = text.split(":", -1);
        Set<Long> running = parts[2].isEmpty()
                ? Set.of()
                : Arrays.stream(parts[2].split(",")).map(Long::valueOf).collect(Collectors.toSet());
        return new Snapshot(new Position(Long.parseLong(parts[0]), 0), Long.parseLong(parts[1]), running);
    }

    Answer answer(String jobId) {
        return answers(List.of(jobId)).getFirst();
    }

    /// The n-th answer is for the n-th id. Asked for each job whose caller is at another gateway than its runner:
    /// prepared once, and not put together each time.
    List<Answer> answers(List<String> jobIds) {
        Map<String, Answer> found = HashMap.newHashMap(jobIds.size());
        database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(ANSWERS)) {
                new Columns<>(statement, jobIds).text(id -> id);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        found.put(
                                JobRow.text(rows, "id"),
                                rows.getBoolean("is_going") ? new Answer.NoJob() : answer(rows));
                    }
                }
            }
            return null;
        });
        return jobIds.stream()
                .map(id -> found.getOrDefault(id, new Answer.NoJob()))
                .toList();
    }

    /// Those of these hand-overs that the session still has, in their order.
    List<Assignment> handed(String sessionId, List<Assignment.Key> keys) {
        return database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(HANDED)) {
                new Columns<>(statement, keys)
                        .text(Assignment.Key::jobId)
                        .ints(Assignment.Key::attempt)
                        .longs(Assignment.Key::lease)
                        .all(sessionId);
                List<Assignment> handed = new ArrayList<>(keys.size());
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        handed.add(JobRow.assignment(rows));
                    }
                }
                return handed;
            }
        });
    }

    private static Answer answer(ResultSet row) throws SQLException {
        JobResult result = JobRow.result(
                JobStatus.of(JobRow.text(row, "status")),
                row.getString("output"),
                row.getString("error"),
                JobRow.integer(row, "exit_code"));
        return result == null ? new Answer.Pending() : new Answer.Done(result);
    }

    private static @Nullable JobResult result(Record job) {
        return JobRow.result(
                JobStatus.of(job.get(JOBS.STATUS)), job.get(JOBS.OUTPUT), job.get(JOBS.ERROR), job.get(JOBS.EXIT_CODE));
    }

    Optional<JobDetails> details(String jobId) {
        return database.query(sql -> sql.selectFrom(JOBS)
                .where(JOBS.ID.eq(jobId))
                .fetchOptional(job -> new JobDetails(
                        job(job),
                        job.get(JOBS.QUEUE),
                        state(job),
                        instant(job.get(JOBS.STOP_REQUESTED_AT)),
                        result(job),
                        attempts(sql, job))));
    }

    private static List<Attempt> attempts(DSLContext sql, Record job) {
        List<Attempt> attempts = new ArrayList<>(sql.selectFrom(JOB_ATTEMPTS)
                .where(JOB_ATTEMPTS.JOB_ID.eq(job.get(JOBS.ID)))
                .orderBy(JOB_ATTEMPTS.ATTEMPT)
                .fetch(row -> new Attempt(
                        row.get(JOB_ATTEMPTS.ATTEMPT),
                        row.get(JOB_ATTEMPTS.SESSION_ID),
                        row.get(JOB_ATTEMPTS.STARTED_AT).toInstant(),
                        instant(row.get(JOB_ATTEMPTS.ENDED_AT)),
                        row.get(JOB_ATTEMPTS.STATUS),
                        row.get(JOB_ATTEMPTS.ERROR),
                        row.get(JOB_ATTEMPTS.EXIT_CODE))));
        last(job)
                .filter(last -> attempts.stream().noneMatch(other -> other.attempt() == last.attempt()))
                .ifPresent(attempts::add);
        return attempts;
    }

    /// The attempt that the job's own row tells of: the one that runs or that ended the job.
    private static Optional<Attempt> last(Record job) {
        JobStatus status = JobStatus.of(job.get(JOBS.STATUS));
        boolean handedOut = job.get(JOBS.ATTEMPT) > 0 && job.get(JOBS.STARTED_AT) != null;
        if (!handedOut || status == JobStatus.QUEUED) {
            return Optional.empty();
        }
        return Optional.of(new Attempt(
                job.get(JOBS.ATTEMPT),
                job.get(JOBS.SESSION_ID),
                job.get(JOBS.STARTED_AT).toInstant(),
                instant(job.get(JOBS.COMPLETED_AT)),
                status.word(),
                job.get(JOBS.ERROR),
                job.get(JOBS.EXIT_CODE)));
    }

    static Job job(Record row) {
        Short priority = row.get(JOBS.PRIORITY);
        JSONB labels = row.get(JOBS.LABELS);
        return new Job(
                row.get(JOBS.ID),
                row.get(JOBS.CALLER_ID),
                row.get(JOBS.CONTEXT_ID),
                row.get(JOBS.PAYLOAD),
                row.get(JOBS.RUNNER),
                row.get(JOBS.EXECUTOR),
                row.get(JOBS.TIMEOUT_S),
                FlatJson.read(row.get(JOBS.ENV_VARS).data()),
                row.get(JOBS.CREATED_TEXT),
                row.get(JOBS.UPDATED_TEXT),
                JobRow.extras(
                        row.get(JOBS.RETRIES),
                        row.get(JOBS.RETRY_DELAY_S),
                        priority == null ? null : priority.intValue(),
                        row.get(JOBS.START_TEXT),
                        labels == null ? null : labels.data(),
                        row.get(JOBS.AT_MOST_ONCE)));
    }

    Optional<Long> number(String jobId) {
        return database.query(sql ->
                sql.select(JOBS.NUMBER).from(JOBS).where(JOBS.ID.eq(jobId)).fetchOptional(JOBS.NUMBER));
    }

    /// What each of these sessions holds.
    List<List<Held>> held(List<String> sessionIds) {
        Map<String, List<Held>> held = database.query(sql -> sql.select(
                        JOB_HELD.SESSION_ID,
                        JOBS.ID,
                        JOBS.ATTEMPT,
                        JOBS.LEASE,
                        JOBS.TIMEOUT_S,
                        JOBS.STOP_REQUESTED_AT,
                        JOBS.AT_MOST_ONCE,
                        JOBS.STARTED_AT,
                        JOB_TRACES.TRACEPARENT,
                        JOB_TRACES.TRACESTATE,
                        LEFT_MS)
                .from(JOB_HELD)
                .join(JOBS)
                .on(JOBS.NUMBER.eq(JOB_HELD.JOB_NUMBER))
                .leftJoin(JOB_TRACES)
                .on(JOB_TRACES.JOB_NUMBER.eq(JOBS.NUMBER))
                .where(JOB_HELD.SESSION_ID.eq(DSL.any(sessionIds.toArray(String[]::new))))
                .orderBy(JOBS.NUMBER)
                .fetchGroups(row -> row.get(JOB_HELD.SESSION_ID), JobReads::held));
        return sessionIds.stream().map(id -> held.getOrDefault(id, List.of())).toList();
    }

    List<Assignment.Key> stopping(Collection<String> jobIds) {
        return database.query(sql -> sql.select(JOBS.ID, JOBS.ATTEMPT, JOBS.LEASE)
                .from(JOBS)
                .where(JOBS.ID.eq(DSL.any(jobIds.toArray(String[]::new))))
                .and(JOBS.STATUS.eq(JobStatus.RUNNING.word()))
                .and(JOBS.STOP_REQUESTED_AT.isNotNull())
                .orderBy(JOBS.NUMBER)
                .fetch(row -> new Assignment.Key(row.get(JOBS.ID), row.get(JOBS.ATTEMPT), row.get(JOBS.LEASE))));
    }

    private static Held held(Record row) {
        var key = new Assignment.Key(row.get(JOBS.ID), row.get(JOBS.ATTEMPT), row.get(JOBS.LEASE));
        Trace trace = Trace.read(row.get(JOB_TRACES.TRACEPARENT), row.get(JOB_TRACES.TRACESTATE));
        return new Held(
                key,
                row.get(JOBS.TIMEOUT_S),
                Duration.ofMillis(row.get(LEFT_MS)),
                row.get(JOBS.STOP_REQUESTED_AT) != null,
                Boolean.TRUE.equals(row.get(JOBS.AT_MOST_ONCE)),
                trace == null
                        ? null
                        : new Tracing.Run(key, trace, row.get(JOBS.STARTED_AT).toInstant()));
    }
}
