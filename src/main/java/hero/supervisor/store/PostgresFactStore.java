package hero.supervisor.store;

import hero.supervisor.domain.JobFacts;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Objects;
import java.util.Optional;
import org.jooq.Record;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/// The facts of a job in PostgreSQL, in one statement and so of one moment. What could be long is bounded: the
/// rows ahead in the queue, the ended jobs that are averaged.
public final class PostgresFactStore implements FactStore {
    private static final String SQL = """
            select j.id, j.status, j.created_text, j.started_at, j.completed_at, j.runner, j.queue, j.executor, j.attempt,
              clock_timestamp() as now, j.stop_requested_at, j.session_id,
              (select min(t.due_at) from job_timers t where t.job_number = j.number and j.status = 'queued') as due_at,
              (select count(*) from (select from job_queue q where j.status = 'queued' and q.queue = j.queue
                and (q.priority > coalesce(j.priority, 0)
                  or (q.priority = coalesce(j.priority, 0) and q.seq < j.queue_seq)) limit 10000) a) as ahead,
              n.names, n.open_names, s.sessions, s.slots, s.running, s.with_executor,
              h.runner as holder, h.node, h.seen_at,
              (select avg(extract(epoch from e.completed_at - e.started_at))::float8 from (
                select l.queue, l.started_at, l.completed_at from jobs l order by l.number desc limit 200) e
                where e.queue = j.queue and e.completed_at is not null and e.started_at is not null) as mean_run_s
            from jobs j
            cross join lateral (
              select count(*)::int as names, (count(*) filter (where r.open))::int as open_names
              from runners r where r.queue = j.queue) n
            cross join lateral (
              select count(*)::int as sessions, coalesce(sum(s.slots), 0)::int as slots,
                coalesce(sum((select count(*) from job_held o where o.session_id = s.id)), 0)::bigint as running,
                (count(*) filter (where j.executor = any (s.executors)))::int as with_executor
              from runner_sessions s join runners r on r.name = s.runner and r.open
              where r.queue = j.queue and s.lease_until > clock_timestamp() and not s.draining) s
            left join runner_sessions h on j.status = 'running' and h.id = j.session_id
            where j.id = {0}
            """;

    private final Database database;

    public PostgresFactStore(Database database) {
        this.database = database.prompt();
    }

    @Override
    public Optional<JobFacts> facts(String jobId) {
        return database.query(sql -> sql.fetchOptional(SQL, DSL.val(jobId)).map(PostgresFactStore::facts));
    }

    private static JobFacts facts(Record row) {
        return new JobFacts(
                new JobState(
                        text(row, "id"),
                        JobStatus.of(text(row, "status")),
                        text(row, "created_text"),
                        time(row, "started_at"),
                        time(row, "completed_at")),
                text(row, "runner"),
                text(row, "queue"),
                text(row, "executor"),
                number(row, "attempt"),
                Objects.requireNonNull(time(row, "now")),
                time(row, "due_at"),
                row.get("ahead", Long.class),
                new JobFacts.Supply(
                        number(row, "names"),
                        number(row, "open_names"),
                        number(row, "sessions"),
                        number(row, "slots"),
                        row.get("running", Long.class),
                        number(row, "with_executor")),
                holder(row),
                time(row, "stop_requested_at"),
                row.get("mean_run_s", Double.class));
    }

    private static JobFacts.@Nullable Holder holder(Record row) {
        Instant since = time(row, "started_at");
        Instant seenAt = time(row, "seen_at");
        if (since == null || seenAt == null) {
            return null;
        }
        return new JobFacts.Holder(text(row, "session_id"), text(row, "holder"), text(row, "node"), since, seenAt);
    }

    private static String text(Record row, String name) {
        return Objects.requireNonNull(row.get(name, String.class));
    }

    private static int number(Record row, String name) {
        return row.get(name, Integer.class);
    }

    private static @Nullable Instant time(Record row, String name) {
        OffsetDateTime time = row.get(name, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }
}
