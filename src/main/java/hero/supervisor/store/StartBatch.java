package hero.supervisor.store;

import hero.supervisor.domain.JobStatus;
import hero.supervisor.store.Committed.News;
import hero.supervisor.store.JobStore.Placing;
import hero.supervisor.store.JobStore.Started;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Queues many created jobs in one statement, or hands them over in it.
final class StartBatch implements GroupCommit.Batch<StartBatch.Start, Started> {
    /// The status is looked at after the rows are found: else a plan that was made when there were few jobs goes
    /// through all of them in the order of their numbers.
    private static final String MOVED = """
            with found as materialized (
              select i.ord, i.place_session, i.place_lease, j.number, j.status,
                coalesce(i.place_queue = j.queue, false) and j.start_at is null as handed
              from unnest(?::text[], ?::text[], ?::text[], ?::int8[])
                  with ordinality as i(id, place_queue, place_session, place_lease, ord)
                join jobs j on j.id = i.id
              order by j.number for no key update of j
            ),
            placed as (
              select f.*, nextval('job_queue_seq') as place
              from (select * from found where status = 'created' order by ord) f
            ),
            moved as (
              update jobs j set queued_at = clock_timestamp(), queue_seq = p.place,
                status = case when p.handed then 'running' else 'queued' end,
                attempt = case when p.handed then 1 else j.attempt end,
                lease = case when p.handed then p.place_lease end,
                session_id = case when p.handed then p.place_session end,
                started_at = case when p.handed then clock_timestamp() end
              from placed p where j.number = p.number and j.status = 'created'
              returning p.ord, j.*
            ),
            """;

    private static final String HELD = Holding.insert("moved where status = 'running'");

    private static final String LOGGED = """
            queued as (
              insert into job_queue (queue, priority, seq, job_number)
              select queue, coalesce(priority, 0), queue_seq, number from moved
              where status = 'queued' and (start_at is null or start_at <= now())
            ),
            timed as (
              insert into job_timers (due_at, job_number)
              select start_at, number from moved where status = 'queued' and start_at > now()
            ),
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node, detail, seconds)
              select id, step, case step when 'running' then 1 else 0 end, runner, queue, ?,
                case when step = 'queued' and status = 'running' then 'handed' end, case step when 'running' then 0 end
              from (
                select id, runner, queue, status, unnest(case status
                  when 'running' then array['queued', 'running'] else array['queued'] end) as step
                from moved order by queue_seq
              ) m
            )
            """;

    private static final String QUEUES = "select ord, queue, status from moved";

    private static final String JOBS = JobRow.handing("""
            select j.ord, j.queue, j.status, ASSIGNMENT, TRACE
            from (select LAST_TRACED) d cross join moved j
            """);

    private static final Sized QUEUE = Sized.of(MOVED + LOGGED + QUEUES);
    private static final Sized HAND = Sized.of(MOVED + HELD + LOGGED + JOBS);

    /// What is there under the ids that were not moved.
    private static final String FIND = """
            select i.ord, j.status
            from unnest(?::text[]) with ordinality as i(id, ord) left join jobs j on j.id = i.id
            """;

    record Start(String jobId, String runner, Placing placing) implements Placeable {}

    private final String node;

    StartBatch(String node) {
        this.node = node;
    }

    @Override
    public boolean commitsItself() {
        return true;
    }

    @Override
    public List<Started> write(Connection connection, List<Start> starts) throws SQLException {
        return Rounds.of(starts, Start::jobId, round -> writeRound(connection, round), StartBatch::alike);
    }

    static News news(List<Start> starts, List<Started> answers) {
        Set<String> queues = new HashSet<>();
        for (Started answer : answers) {
            if (answer instanceof Started.Queued(String queue)) {
                queues.add(queue);
            }
        }
        return new News(queues, List.of(), true);
    }

    /// Which starts nothing, again.
    private static boolean alike(Start written, Started answer, Start other) {
        return !(answer instanceof Started.Queued) && !(answer instanceof Started.Handed);
    }

    private List<@Nullable Started> writeRound(Connection connection, List<Start> starts) throws SQLException {
        List<Placed<Start>> all = Placed.of(starts);
        List<@Nullable Started> answers =
                new ArrayList<@Nullable Started>(Collections.<@Nullable Started>nCopies(all.size(), null));
        move(connection, all, answers);
        if (answers.contains(null)) {
            find(connection, starts, answers);
        }
        return answers;
    }

    private void move(Connection connection, List<Placed<Start>> all, List<@Nullable Started> answers)
            throws SQLException {
        boolean handed = all.stream().anyMatch(job -> job.place() != null);
        Sized sql = handed ? HAND : QUEUE;
        try (PreparedStatement statement = connection.prepareStatement(sql.of(all.size()))) {
            Columns.sized(statement, all)
                    .text(job -> job.write().jobId())
                    .text(Placed::queue)
                    .text(Placed::session)
                    .longs(Placed::lease)
                    .all(node);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    boolean runs = JobRow.text(rows, "status").equals(JobStatus.RUNNING.word());
                    answers.set(
                            rows.getInt("ord") - 1,
                            runs
                                    ? new Started.Handed(JobRow.assignment(rows))
                                    : new Started.Queued(JobRow.text(rows, "queue")));
                }
            }
        }
    }

    /// Gives no answer to a job that can be started now: it was deleted and accepted again in between.
    private static void find(Connection connection, List<Start> starts, List<@Nullable Started> answers)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(FIND)) {
            new Columns<>(statement, starts).text(Start::jobId);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    int index = rows.getInt("ord") - 1;
                    if (answers.get(index) == null) {
                        answers.set(index, found(rows.getString("status")));
                    }
                }
            }
        }
    }

    private static @Nullable Started found(@Nullable String word) {
        if (word == null) {
            return new Started.NoJob();
        }
        JobStatus status = JobStatus.of(word);
        if (status == JobStatus.CREATED) {
            return null;
        }
        return status.isFinal() ? new Started.Final(status) : new Started.Already();
    }
}
