package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import hero.supervisor.store.JobStore.Completed;
import hero.supervisor.store.JobStore.Completion;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Records the outcomes of many attempts in one statement: what runners report, and what the server itself ends.
///
/// ```
/// success                                     → completed
/// stop was asked for                          → failed, `stopped`
/// a failure after the timeout                 → timeout, `timed out after N s`
/// any other failure                           → failed
/// … of the last two, with retries left        → queued again after retry_delay · 2^(failures − 1), at most 1 h
/// ```
final class EndBatch implements GroupCommit.Batch<EndBatch.End, Completed> {
    /// Rows are locked first, so that every decision is made on what is committed. A final row keeps the lease of
    /// the runner that ended it, and a retried attempt leaves it in job_attempts: a repeated report is then told
    /// from a stale one.
    ///
    /// A row that was written by a transaction newer than ours (a stop that came in between) is left for a later
    /// one, else our event would lie before its event in the log.
    private static final String SQL = """
            with input as (
              select * from unnest(?::text[], ?::int[], ?::bigint[], ?::text[], ?::text[], ?::int[], ?::text[])
                with ordinality as i(id, attempt, lease, output, error, exit_code, verdict, ord)
            ),
            found as materialized (
              select i.ord, j.*, j.xmin as version from input i join jobs j on j.id = i.id
              order by j.number for no key update of j
            ),
            fit as (
              select j.number, j.session_id, j.runner, j.started_at, j.priority, j.failures, j.retries, i.ord,
                i.attempt, i.lease, i.output, i.exit_code, i.verdict, j.stop_requested_at is not null as stopping,
                coalesce(j.retry_delay_s, 1) * power(2, least(j.failures, 30)) as delay_s,
                coalesce(j.at_most_once, false) as once,
                case
                  when i.output is not null then 'completed'
                  when j.stop_requested_at is not null and i.verdict is distinct from 'failed' then 'failed'
                  when i.verdict is not null then i.verdict
                  when c.late then 'timeout'
                  else 'failed'
                end as ending,
                case
                  when i.output is not null then null
                  when j.stop_requested_at is not null and i.verdict is distinct from 'failed' then 'stopped'
                  when i.verdict is not null then i.error
                  when c.late then 'timed out after ' || j.timeout_s::text || ' s'
                  else i.error
                end as message
              from input i join found j on j.ord = i.ord
                cross join lateral (
                  select clock_timestamp() >= j.started_at + make_interval(secs => j.timeout_s) as late) c
              where j.status = 'running' and j.attempt = i.attempt and j.lease = i.lease
                and age(j.version) >= 0
            ),
            judged as (
              select f.*, a.again, case when a.again then nextval('job_queue_seq') end as place,
                case when a.again then clock_timestamp() + make_interval(secs => least(f.delay_s, 3600)) end as due_at
              from fit f cross join lateral (
                select f.output is null and not f.stopping and not f.once
                  and f.verdict is distinct from 'failed' and f.failures < coalesce(f.retries, 0) as again) a
            ),
            ended as (
              update jobs j set
                status = case when g.again then 'queued' else g.ending end,
                completed_at = case when not g.again then clock_timestamp() end,
                output = g.output,
                error = case when not g.again then g.message end,
                exit_code = case when not g.again then g.exit_code end,
                failures = j.failures + case when g.output is null then 1 else 0 end,
                lease = case when not g.again and g.verdict is null then j.lease end,
                session_id = case when not g.again then j.session_id end,
                queued_at = case when g.again then clock_timestamp() else j.queued_at end,
                queue_seq = coalesce(g.place, j.queue_seq)
              from judged g
              where j.number = g.number and j.status = 'running' and j.attempt = g.attempt and j.lease = g.lease
              returning j.number, j.id, j.status, j.queue, j.runner, j.error, g.ord, g.attempt, g.again, g.message
            ),
            freed as (
              delete from job_holds h using judged g where h.session_id = g.session_id and h.job_number = g.number
            ),
            kept as (
              insert into job_attempts (job_id, attempt, runner, session_id, lease, started_at, status, error, exit_code)
              select e.id, g.attempt, coalesce(s.runner, g.runner), g.session_id,
                case when g.verdict is null then g.lease end, g.started_at, g.ending, g.message, g.exit_code
              from ended e join judged g on g.number = e.number left join runner_sessions s on s.id = g.session_id
              where g.again
            ),
            queued as (
              insert into job_queue (queue, priority, seq, job_number)
              select e.queue, coalesce(g.priority, 0), g.place, g.number
              from ended e join judged g on g.number = e.number where g.again and g.delay_s <= 0
            ),
            timed as (
              insert into job_timers (due_at, job_number)
              select g.due_at, g.number
              from ended e join judged g on g.number = e.number where g.again and g.delay_s > 0
            ),
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node, detail)
              select id, status, attempt, runner, queue, ?, case when again then 'retry' end from ended order by ord
            )
            select i.ord, e.status, e.queue, e.message,
              j.attempt = i.attempt and j.lease = i.lease and j.status <> 'running' as is_answered,
              exists (select from job_attempts a
                where a.job_id = i.id and a.attempt = i.attempt and a.lease = i.lease) as is_retried,
              age(j.version) < 0 as is_newer
            from input i left join ended e on e.ord = i.ord left join found j on j.ord = i.ord
            order by i.ord
            """;

    /// @param verdict the server's own ending, `failed` or `timeout`; null for what a runner reports
    record End(
            Assignment.Key key, JobResult result, @Nullable String verdict) {
        static End reported(Completion completion) {
            return new End(completion.key(), completion.result(), null);
        }

        @Nullable
        String output() {
            return result instanceof JobResult.Success success ? success.output() : null;
        }

        @Nullable
        String error() {
            return result instanceof JobResult.Failure failure ? failure.message() : null;
        }

        @Nullable
        Integer exitCode() {
            return result instanceof JobResult.Failure failure ? failure.exitCode() : null;
        }
    }

    private final String node;

    EndBatch(String node) {
        this.node = node;
    }

    @Override
    public List<Completed> write(Connection connection, List<End> ends) throws SQLException {
        return Rounds.of(connection, ends, end -> end.key().jobId(), round -> writeRound(connection, round));
    }

    private List<@Nullable Completed> writeRound(Connection connection, List<End> ends) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            new Columns<>(statement, ends)
                    .text(end -> end.key().jobId())
                    .array("int4", end -> end.key().attempt())
                    .array("int8", end -> end.key().lease())
                    .text(End::output)
                    .text(End::error)
                    .array("int4", End::exitCode)
                    .text(End::verdict)
                    .all(node);
            List<@Nullable Completed> answers = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    answers.add(answer(rows, ends.get(answers.size())));
                }
            }
            return answers;
        }
    }

    private static @Nullable Completed answer(ResultSet row, End end) throws SQLException {
        String word = row.getString("status");
        if (word == null && row.getBoolean("is_newer")) {
            return null;
        } else if (word == null) {
            boolean known = row.getBoolean("is_answered") || row.getBoolean("is_retried");
            return new Completed(known && end.verdict() == null ? Outcome.DUPLICATE : Outcome.STALE, null, null);
        }
        JobStatus status = JobStatus.of(word);
        if (status == JobStatus.QUEUED) {
            return new Completed(Outcome.RECORDED, null, JobRow.text(row, "queue"));
        }
        JobResult result = JobRow.result(status, end.output(), row.getString("message"), end.exitCode());
        return new Completed(Outcome.RECORDED, result, null);
    }
}
