package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import hero.supervisor.store.Committed.News;
import hero.supervisor.store.JobStore.Completed;
import hero.supervisor.store.JobStore.Completion;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Records the outcomes of many attempts in one statement: what runners report, and what the server itself ends.
///
/// ```
/// stop was asked for                          → failed, `stopped`
/// success                                     → completed
/// a failure after the timeout                 → timeout, `timed out after N s`
/// any other failure                           → failed
/// … of the last two, with retries left        → queued again after retry_delay · 2^(failures − 1), at most 1 h
/// ```
final class EndBatch implements GroupCommit.Batch<EndBatch.End, Completed> {
    /// Rows are locked first, so that every decision is made on what is committed. A final row keeps the lease of
    /// the runner that ended it, and a retried attempt leaves it in job_attempts: a repeated report is then told
    /// from a stale one.
    ///
    /// A pause before a retry is a start_at of its own: it counts as waiting nowhere.
    ///
    /// A row that was written by a transaction newer than ours (a stop that came in between) is left for a later
    /// one, else our event would lie before its event in the log.
    private static final Sized SQL = Sized.of("""
            with found as materialized (
              select i.*, j.number, j.session_id, j.runner, j.started_at, j.priority, j.failures, j.retries,
                j.stop_requested_at, j.retry_delay_s, j.at_most_once, j.timeout_s, j.status, j.queue,
                j.attempt as at_attempt, j.lease as at_lease, j.xmin as version
              from unnest(?::text[], ?::int[], ?::bigint[], ?::text[], ?::text[], ?::int[], ?::text[])
                  with ordinality as i(id, attempt, lease, output, error, exit_code, verdict, ord)
                join jobs j on j.id = i.id
              order by j.number for no key update of j
            ),
            fit as (
              select i.*, i.stop_requested_at is not null as stopping,
                coalesce(i.retry_delay_s, 1) * power(2, least(i.failures, 30)) as delay_s,
                coalesce(i.at_most_once, false) as once,
                case
                  when i.stop_requested_at is not null and i.verdict is distinct from 'failed' then 'failed'
                  when i.output is not null then 'completed'
                  when i.verdict is not null then i.verdict
                  when c.late then 'timeout'
                  else 'failed'
                end as ending,
                case
                  when i.stop_requested_at is not null and i.verdict is distinct from 'failed' then 'stopped'
                  when i.output is not null then null
                  when i.verdict is not null then i.error
                  when c.late then 'timed out after ' || i.timeout_s::text || ' s'
                  else i.error
                end as message
              from found i
                cross join lateral (
                  select clock_timestamp() >= i.started_at + make_interval(secs => i.timeout_s) as late) c
              where i.status = 'running' and i.at_attempt = i.attempt and i.at_lease = i.lease
                and age(i.version) >= 0
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
                output = case g.ending when 'completed' then g.output end,
                error = case when not g.again then g.message end,
                exit_code = case when not g.again then g.exit_code end,
                failures = j.failures + case g.ending when 'completed' then 0 else 1 end,
                lease = case when not g.again and g.verdict is null then j.lease end,
                session_id = case when not g.again then j.session_id end,
                queued_at = case when g.again then clock_timestamp() else j.queued_at end,
                start_at = case when g.again and g.delay_s > 0 then g.due_at else j.start_at end,
                queue_seq = coalesce(g.place, j.queue_seq)
              from judged g
              where j.number = g.number and j.status = 'running' and j.attempt = g.attempt and j.lease = g.lease
              returning j.number, j.id, j.status as now_status, j.queue, j.runner, g.ord, g.attempt, g.again,
                g.message, g.session_id, g.verdict, g.lease, g.started_at, g.ending, g.exit_code, g.priority, g.place,
                g.delay_s, g.due_at, coalesce(j.completed_at, j.queued_at) - g.started_at as ran
            ),
            kept as (
              insert into job_attempts (job_id, attempt, runner, session_id, lease, started_at, status, error, exit_code)
              select g.id, g.attempt, coalesce(s.runner, g.runner), g.session_id,
                case when g.verdict is null then g.lease end, g.started_at, g.ending, g.message, g.exit_code
              from ended g left join runner_sessions s on s.id = g.session_id
              where g.again
            ),
            queued as (
              insert into job_queue (queue, priority, seq, job_number)
              select queue, coalesce(priority, 0), place, number from ended where again and delay_s <= 0
            ),
            timed as (
              insert into job_timers (due_at, job_number)
              select due_at, number from ended where again and delay_s > 0
            ),
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node, detail, seconds)
              select id, now_status, attempt, runner, queue, ?, case when again then 'retry' end,
                extract(epoch from ran)
              from ended order by ord
            )
            select ord, now_status, queue, message, false as is_known, false as is_newer from ended
            union all
            select i.ord, null, null, null,
              (i.at_attempt = i.attempt and i.at_lease = i.lease and i.status <> 'running')
                or exists (select from job_attempts a
                  where a.job_id = i.id and a.attempt = i.attempt and a.lease = i.lease),
              age(i.version) < 0
            from found i
            where (i.status = 'running' and i.at_attempt = i.attempt and i.at_lease = i.lease
              and age(i.version) >= 0) is not true
            """);

    /// A success of a job that nobody wants to stop has nothing to be decided: no lock before the update, and half
    /// the work. That nobody holds the job any more is found by [Holding].
    private static final Sized SUCCESSES = Sized.of("""
            with ended as (
              update jobs j set status = 'completed', completed_at = clock_timestamp(), output = i.output
              from unnest(?::text[], ?::int[], ?::bigint[], ?::text[]) as i(id, attempt, lease, output)
              where j.id = i.id and j.status = 'running' and j.attempt = i.attempt and j.lease = i.lease
                and j.stop_requested_at is null and age(j.xmin) >= 0
              returning j.number, j.id, j.attempt, j.runner, j.queue, j.session_id, j.completed_at - j.started_at as ran
            ),
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node, seconds)
              select id, 'completed', attempt, runner, queue, ?, extract(epoch from ran) from ended
            )
            select id from ended
            """);

    /// @param verdict the server's own ending, `failed` or `timeout`; null for what a runner reports
    record End(
            Assignment.Key key, JobResult result, @Nullable String verdict) implements Bulky {
        static End reported(Completion completion) {
            return new End(completion.key(), completion.result(), null);
        }

        static End decided(JobStore.Ending ending) {
            JobStatus status = ending.status();
            if (status != JobStatus.FAILED && status != JobStatus.TIMEOUT) {
                throw new IllegalArgumentException("the server ends a job as failed or timeout, not " + status.word());
            }
            return new End(ending.key(), new JobResult.Failure(ending.error(), null), status.word());
        }

        @Override
        public long bytes() {
            return switch (result) {
                case JobResult.Success success -> success.output().length();
                case JobResult.Failure failure -> failure.message().length();
            };
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
    public boolean commitsItself() {
        return true;
    }

    @Override
    public List<Completed> write(Connection connection, List<End> ends) throws SQLException {
        return Rounds.of(ends, end -> end.key().jobId(), round -> writeRound(connection, round));
    }

    private List<@Nullable Completed> writeRound(Connection connection, List<End> ends) throws SQLException {
        Set<String> completed =
                successes(connection, ends.stream().filter(EndBatch::isSuccess).toList());
        List<End> open = ends.stream()
                .filter(end -> !completed.contains(end.key().jobId()))
                .toList();
        Iterator<@Nullable Completed> decided = open.isEmpty()
                ? Collections.emptyIterator()
                : decide(connection, open).iterator();
        List<@Nullable Completed> answers = new ArrayList<>(ends.size());
        for (End end : ends) {
            answers.add(
                    completed.contains(end.key().jobId())
                            ? new Completed(Outcome.RECORDED, end.result(), null, JobStatus.COMPLETED)
                            : decided.next());
        }
        return answers;
    }

    static News news(List<End> ends, List<Completed> answers) {
        Set<String> queues = new HashSet<>();
        List<String> ended = new ArrayList<>(ends.size());
        for (int i = 0; i < ends.size(); i++) {
            Completed answer = answers.get(i);
            if (answer.requeued() != null) {
                queues.add(answer.requeued());
            } else if (answer.result() != null) {
                ended.add(ends.get(i).key().jobId());
            }
        }
        return new News(queues, ended, true);
    }

    private static boolean isSuccess(End end) {
        return end.verdict() == null && end.output() != null;
    }

    /// The ids of those that were recorded; the others are duplicate or stale.
    private Set<String> successes(Connection connection, List<End> ends) throws SQLException {
        if (ends.isEmpty()) {
            return Set.of();
        }
        try (PreparedStatement statement = connection.prepareStatement(SUCCESSES.of(ends.size()))) {
            Columns.sized(statement, ends)
                    .text(end -> end.key().jobId())
                    .ints(end -> end.key().attempt())
                    .longs(end -> end.key().lease())
                    .text(End::output)
                    .all(node);
            Set<String> recorded = HashSet.newHashSet(ends.size());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    recorded.add(rows.getString(1));
                }
            }
            return recorded;
        }
    }

    private List<@Nullable Completed> decide(Connection connection, List<End> ends) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SQL.of(ends.size()))) {
            Columns.sized(statement, ends)
                    .text(end -> end.key().jobId())
                    .ints(end -> end.key().attempt())
                    .longs(end -> end.key().lease())
                    .text(End::output)
                    .text(End::error)
                    .ints(End::exitCode)
                    .text(End::verdict)
                    .all(node);
            List<@Nullable Completed> answers =
                    new ArrayList<>(Collections.nCopies(ends.size(), Completed.refused(Outcome.STALE)));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    int index = rows.getInt("ord") - 1;
                    answers.set(index, answer(rows, ends.get(index)));
                }
            }
            return answers;
        }
    }

    private static @Nullable Completed answer(ResultSet row, End end) throws SQLException {
        String word = row.getString("now_status");
        if (word == null && row.getBoolean("is_newer")) {
            return null;
        } else if (word == null) {
            boolean known = row.getBoolean("is_known") && end.verdict() == null;
            return Completed.refused(known ? Outcome.DUPLICATE : Outcome.STALE);
        }
        JobStatus status = JobStatus.of(word);
        if (status == JobStatus.QUEUED) {
            return new Completed(Outcome.RECORDED, null, JobRow.text(row, "queue"), status);
        }
        JobResult result = JobRow.result(status, end.output(), row.getString("message"), end.exitCode());
        return new Completed(Outcome.RECORDED, result, null, status);
    }
}
