package hero.supervisor.store;

import static hero.supervisor.store.schema.Tables.JOBS;
import static hero.supervisor.store.schema.Tables.JOB_ATTEMPTS;
import static hero.supervisor.store.schema.Tables.JOB_DELETING;
import static hero.supervisor.store.schema.Tables.JOB_EVENTS;
import static hero.supervisor.store.schema.Tables.JOB_QUEUE;
import static hero.supervisor.store.schema.Tables.JOB_TIMERS;
import static hero.supervisor.store.schema.Tables.JOB_TRACES;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.store.JobStore.Deleted;
import hero.supervisor.store.JobStore.Stopped;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Result;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/// The rare writes: each locks its job's row, looks at it, and changes it in the same transaction.
///
/// Nobody waits for a row of the queue or of the timers while holding a job's row: whoever holds such a row
/// removes it or finds the job no longer queued. (A claim goes the other way round, and would deadlock with us.)
final class JobWrites {
    private static final String STOPPED = "stopped";

    /// Written as the node of an event that every gateway must read, also the one that wrote it.
    static final String NOBODY = "";

    private static final Field<OffsetDateTime> NOW = DSL.field("clock_timestamp()", OffsetDateTime.class);

    /// Of a job that has just ended: how long its last attempt ran.
    private static final Field<Double> RAN_S = DSL.field(
            "extract(epoch from {0} - {1})::double precision", Double.class, JOBS.COMPLETED_AT, JOBS.STARTED_AT);

    /// What is left of a job. Written last, so that it is younger than each of the job's events.
    private static final String TRACE = """
            insert into job_deletions (number, id, accepted_at, queued_at, started_at, completed_at)
            values ({0}, {1}, {2}, {3}, {4}, {5})
            """;

    private static final int DELETING_MAX = 100;

    /// Lateral, so that no plan begins with all jobs there are.
    private static final String DELETING = """
            select d.job_number, d.job_id from job_deleting d cross join lateral (
              select from jobs j where j.number = d.job_number and j.status <> 'running' offset 0) ended
            order by d.job_number limit {0}
            """;

    private static final String UNMARK = """
            delete from job_deleting d where not exists (select from jobs j where j.number = d.job_number)
            """;

    private final Database database;
    private final String node;

    JobWrites(Database database, String node) {
        this.database = database;
        this.node = node;
    }

    /// Written by a transaction that is newer than ours: our event would lie before its event in the log.
    private static final Field<Boolean> IS_NEWER = DSL.field("age(jobs.xmin) < 0", Boolean.class);

    private static @Nullable Record locked(DSLContext sql, String jobId) {
        return sql.select(JOBS.asterisk(), IS_NEWER)
                .from(JOBS)
                .where(JOBS.ID.eq(jobId))
                .forNoKeyUpdate()
                .fetchOne();
    }

    private static JobStatus status(Record job) {
        return JobStatus.of(job.get(JOBS.STATUS));
    }

    private static Assignment.Key key(Record job) {
        return new Assignment.Key(job.get(JOBS.ID), job.get(JOBS.ATTEMPT), job.get(JOBS.LEASE));
    }

    private static void log(DSLContext sql, Record job, String status, int attempt, String node, String detail) {
        log(sql, job, status, attempt, node, detail, null);
    }

    /// @param seconds that an attempt ran which ends with this
    private static void log(
            DSLContext sql,
            Record job,
            String status,
            int attempt,
            String node,
            String detail,
            @Nullable Double seconds) {
        sql.insertInto(JOB_EVENTS)
                .set(JOB_EVENTS.JOB_ID, job.get(JOBS.ID))
                .set(JOB_EVENTS.STATUS, status)
                .set(JOB_EVENTS.ATTEMPT, attempt)
                .set(JOB_EVENTS.RUNNER, job.get(JOBS.RUNNER))
                .set(JOB_EVENTS.QUEUE, job.get(JOBS.QUEUE))
                .set(JOB_EVENTS.NODE, node)
                .set(JOB_EVENTS.DETAIL, detail)
                .set(JOB_EVENTS.SECONDS, seconds)
                .execute();
    }

    private static void unqueue(DSLContext sql, Record job) {
        long number = job.get(JOBS.NUMBER);
        sql.deleteFrom(JOB_TIMERS)
                .where(JOB_TIMERS.JOB_NUMBER.in(DSL.select(JOB_TIMERS.JOB_NUMBER)
                        .from(JOB_TIMERS)
                        .where(JOB_TIMERS.JOB_NUMBER.eq(number))
                        .forUpdate()
                        .skipLocked()))
                .execute();
        Long seq = job.get(JOBS.QUEUE_SEQ);
        if (seq != null) {
            sql.deleteFrom(JOB_QUEUE)
                    .where(JOB_QUEUE.SEQ.in(DSL.select(JOB_QUEUE.SEQ)
                            .from(JOB_QUEUE)
                            .where(place(job, seq))
                            .forUpdate()
                            .skipLocked()))
                    .and(place(job, seq))
                    .execute();
        }
    }

    private static Condition place(Record job, long seq) {
        return JOB_QUEUE
                .QUEUE
                .eq(job.get(JOBS.QUEUE))
                .and(JOB_QUEUE.PRIORITY.eq(priority(job)))
                .and(JOB_QUEUE.SEQ.eq(seq));
    }

    private static short priority(Record job) {
        return Optional.ofNullable(job.get(JOBS.PRIORITY)).orElse((short) 0);
    }

    /// What comes back empty, as this transaction's number is too low for it, is done again in a newer one.
    private <R> R repeated(Database.Query<Optional<R>> decision) {
        Optional<R> made = Optional.empty();
        while (made.isEmpty()) {
            made = database.transactionQuery(decision);
        }
        return made.get();
    }

    Stopped stop(String jobId) {
        return repeated(sql -> {
            Record job = locked(sql, jobId);
            if (job != null && job.get(IS_NEWER)) {
                return Optional.empty();
            }
            return Optional.of(job == null ? new Stopped.NoJob() : stop(sql, job));
        });
    }

    private Stopped stop(DSLContext sql, Record job) {
        return switch (status(job)) {
            case CREATED, QUEUED -> {
                fail(sql, job, job.get(JOBS.ATTEMPT), node);
                unqueue(sql, job);
                yield new Stopped.Ended(new JobResult.Failure(STOPPED, null));
            }
            case RUNNING -> {
                askToStop(sql, job);
                yield new Stopped.Running(key(job), job.get(JOBS.SESSION_ID));
            }
            case COMPLETED, FAILED, TIMEOUT -> new Stopped.AlreadyFinal();
        };
    }

    private static void fail(DSLContext sql, Record job, int attempt, String eventNode) {
        List<Double> ran = sql.update(JOBS)
                .set(JOBS.STATUS, JobStatus.FAILED.word())
                .set(JOBS.COMPLETED_AT, NOW)
                .set(JOBS.ERROR, STOPPED)
                .set(JOBS.STOP_REQUESTED_AT, DSL.coalesce(JOBS.STOP_REQUESTED_AT, NOW))
                .set(JOBS.ATTEMPT, attempt)
                .setNull(JOBS.LEASE)
                .where(JOBS.NUMBER.eq(job.get(JOBS.NUMBER)))
                .and(JOBS.STATUS.eq(job.get(JOBS.STATUS)))
                .returningResult(RAN_S)
                .fetch(RAN_S);
        one(ran.size());
        Double seconds = status(job) == JobStatus.RUNNING ? ran.getFirst() : null;
        log(sql, job, JobStatus.FAILED.word(), attempt, eventNode, STOPPED, seconds);
    }

    /// The wish is logged once, so that the gateway that holds the runner's socket hears of it.
    private void askToStop(DSLContext sql, Record job) {
        if (job.get(JOBS.STOP_REQUESTED_AT) == null) {
            log(sql, job, "stopping", job.get(JOBS.ATTEMPT), node, STOPPED);
        }
        one(sql.update(JOBS)
                .set(JOBS.STOP_REQUESTED_AT, DSL.coalesce(JOBS.STOP_REQUESTED_AT, NOW))
                .where(JOBS.NUMBER.eq(job.get(JOBS.NUMBER)))
                .and(JOBS.STATUS.eq(JobStatus.RUNNING.word()))
                .execute());
    }

    private static void one(int rows) {
        if (rows != 1) {
            throw new IllegalStateException(rows + " rows changed of a locked one");
        }
    }

    /// Ended jobs that were to be deleted when they did, by number. Marks of jobs that are gone are removed: a
    /// gateway of the version before has deleted these, or retention has.
    Map<Long, String> deleting() {
        return database.query(sql -> {
            sql.execute(UNMARK);
            return new LinkedHashMap<>(sql.fetch(DELETING, DSL.val(DELETING_MAX))
                    .intoMap(row -> row.get(0, Long.class), row -> row.get(1, String.class)));
        });
    }

    /// @param number of the job that is meant; 0 for whichever has the id
    Deleted delete(String jobId, long number) {
        return repeated(sql -> {
            Record job = locked(sql, jobId);
            if (job == null || (number != 0 && number != job.get(JOBS.NUMBER))) {
                return Optional.of(new Deleted.NoJob());
            }
            return job.get(IS_NEWER) ? Optional.empty() : Optional.of(delete(sql, job));
        });
    }

    private Deleted delete(DSLContext sql, Record job) {
        String jobId = job.get(JOBS.ID);
        if (status(job) == JobStatus.RUNNING) {
            askToStop(sql, job);
            sql.insertInto(JOB_DELETING, JOB_DELETING.JOB_NUMBER, JOB_DELETING.JOB_ID)
                    .values(job.get(JOBS.NUMBER), jobId)
                    .onConflictDoNothing()
                    .execute();
            return new Deleted.Running(key(job), job.get(JOBS.SESSION_ID), job.get(JOBS.NUMBER));
        }
        unqueue(sql, job);
        sql.deleteFrom(JOB_ATTEMPTS).where(JOB_ATTEMPTS.JOB_ID.eq(jobId)).execute();
        one(sql.deleteFrom(JOBS)
                .where(JOBS.NUMBER.eq(job.get(JOBS.NUMBER)))
                .and(JOBS.STATUS.ne(JobStatus.RUNNING.word()))
                .execute());
        sql.deleteFrom(JOB_TRACES)
                .where(JOB_TRACES.JOB_NUMBER.eq(job.get(JOBS.NUMBER)))
                .execute();
        sql.deleteFrom(JOB_DELETING)
                .where(JOB_DELETING.JOB_NUMBER.eq(job.get(JOBS.NUMBER)))
                .execute();
        LogWrites.delete(sql, jobId);
        log(sql, job, "deleted", job.get(JOBS.ATTEMPT), node, "deleted");
        one(sql.execute(
                TRACE,
                DSL.val(job.get(JOBS.NUMBER)),
                DSL.val(jobId),
                DSL.val(job.get(JOBS.ACCEPTED_AT)),
                DSL.val(job.get(JOBS.QUEUED_AT), JOBS.QUEUED_AT),
                DSL.val(job.get(JOBS.STARTED_AT), JOBS.STARTED_AT),
                DSL.val(job.get(JOBS.COMPLETED_AT), JOBS.COMPLETED_AT)));
        return new Deleted.Gone();
    }

    /// One transaction per job would be slower, one for all holds the rows no longer than their writing takes.
    List<Spot> release(List<Assignment.Key> keys) {
        if (keys.isEmpty()) {
            return List.of();
        }
        // In one order, so that two gateways never wait for each other.
        List<Assignment.Key> ordered = keys.stream()
                .sorted(Comparator.comparing(Assignment.Key::jobId))
                .toList();
        Set<Spot> spots = new LinkedHashSet<>();
        for (List<Assignment.Key> open = ordered; !open.isEmpty(); ) {
            List<Assignment.Key> now = open;
            List<Assignment.Key> later = new ArrayList<>();
            spots.addAll(database.transactionQuery(sql -> {
                later.clear();
                return release(sql, now, later);
            }));
            open = later;
        }
        return List.copyOf(spots);
    }

    /// Adds to `later` what must be done in a newer transaction.
    private List<Spot> release(DSLContext sql, List<Assignment.Key> keys, List<Assignment.Key> later) {
        List<Spot> spots = new ArrayList<>();
        for (Assignment.Key key : keys) {
            Record job = locked(sql, key.jobId());
            if (job != null && holds(job, key)) {
                if (job.get(IS_NEWER)) {
                    later.add(key);
                } else if (handBack(sql, job)) {
                    spots.add(Spot.of(job.get(JOBS.QUEUE), priority(job), job.get(JOBS.QUEUE_SEQ)));
                }
            }
        }
        return spots;
    }

    private static boolean holds(Record job, Assignment.Key key) {
        return status(job) == JobStatus.RUNNING
                && job.get(JOBS.ATTEMPT) == key.attempt()
                && job.get(JOBS.LEASE) == key.lease();
    }

    /// False when the job ended instead, because its stop was asked for. Nobody hears that from this call's
    /// answer, so every gateway reads it from the log.
    private boolean handBack(DSLContext sql, Record job) {
        int attempt = job.get(JOBS.ATTEMPT) - 1;
        if (job.get(JOBS.STOP_REQUESTED_AT) != null) {
            fail(sql, job, job.get(JOBS.ATTEMPT), NOBODY);
            return false;
        }
        one(sql.update(JOBS)
                .set(JOBS.STATUS, JobStatus.QUEUED.word())
                .set(JOBS.ATTEMPT, attempt)
                .setNull(JOBS.LEASE)
                .setNull(JOBS.SESSION_ID)
                .set(
                        JOBS.STARTED_AT,
                        DSL.field(DSL.select(JOB_ATTEMPTS.STARTED_AT)
                                .from(JOB_ATTEMPTS)
                                .where(JOB_ATTEMPTS.JOB_ID.eq(job.get(JOBS.ID)))
                                .and(JOB_ATTEMPTS.ATTEMPT.eq(attempt))))
                .where(JOBS.NUMBER.eq(job.get(JOBS.NUMBER)))
                .and(JOBS.STATUS.eq(JobStatus.RUNNING.word()))
                .and(JOBS.LEASE.eq(job.get(JOBS.LEASE)))
                .execute());
        sql.insertInto(JOB_QUEUE, JOB_QUEUE.QUEUE, JOB_QUEUE.PRIORITY, JOB_QUEUE.SEQ, JOB_QUEUE.JOB_NUMBER)
                .values(job.get(JOBS.QUEUE), priority(job), job.get(JOBS.QUEUE_SEQ), job.get(JOBS.NUMBER))
                .execute();
        log(sql, job, JobStatus.QUEUED.word(), attempt, node, "released");
        return true;
    }

    /// @param spots where those wait now whose time has come
    /// @param next until the next of the others is due
    record Ripe(List<Spot> spots, @Nullable Duration next) {}

    /// All parts agree on what time it is. Rows are removed by their places: a plan that was made while there were
    /// none would compare each with all.
    Ripe ripen(int max) {
        return database.query(sql -> {
            Result<Record> rows = sql.fetch("""
                    with picked as materialized (
                      select ctid from job_timers where due_at <= statement_timestamp()
                      order by due_at limit {0} for update skip locked
                    ),
                    ripe as (
                      delete from job_timers t where ctid = any (array(select ctid from picked))
                      returning t.job_number
                    ),
                    queued as (
                      insert into job_queue (queue, priority, seq, job_number)
                      select j.queue, coalesce(j.priority, 0), j.queue_seq, j.number
                      from ripe r join jobs j on j.number = r.job_number where j.status = 'queued'
                      returning queue, priority, seq
                    )
                    select q.queue, q.priority, q.seq, case when n.full then 0 else n.wait_s end as wait_s
                    from (
                      select (select count(*) from ripe) >= {0} as full, (
                        select extract(epoch from min(due_at) - statement_timestamp())::float8
                        from job_timers where due_at > statement_timestamp()) as wait_s
                    ) n left join (
                      select queue, priority, min(seq) as seq from queued group by 1, 2
                    ) q on true
                    order by 1, 2
                    """, DSL.val(max));
            Double waitS = rows.getFirst().get("wait_s", Double.class);
            return new Ripe(
                    rows.stream()
                            .filter(row -> row.get("queue") != null)
                            .map(row -> Spot.of(
                                    row.get("queue", String.class),
                                    row.get("priority", Integer.class),
                                    row.get("seq", Long.class)))
                            .toList(),
                    // Rounded up: a look that comes too early would have to be repeated.
                    waitS == null ? null : Duration.ofMillis((long) Math.ceil(waitS * 1000)));
        });
    }
}
