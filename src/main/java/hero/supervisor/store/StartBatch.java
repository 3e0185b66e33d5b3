package hero.supervisor.store;

import hero.supervisor.domain.JobStatus;
import hero.supervisor.store.Committed.News;
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

/// Queues many created jobs in one statement.
final class StartBatch implements GroupCommit.Batch<String, Started> {
    private static final String SQL = """
            with found as materialized (
              select i.ord, j.number, j.status, j.queue
              from unnest(?::text[]) with ordinality as i(id, ord) join jobs j on j.id = i.id
              order by j.number for no key update of j
            ),
            placed as (
              select f.number, nextval('job_queue_seq') as place
              from (select number from found where status = 'created' order by ord) f
            ),
            moved as (
              update jobs j set status = 'queued', queued_at = clock_timestamp(), queue_seq = p.place
              from placed p where j.number = p.number and j.status = 'created'
              returning j.number, j.id, j.queue, j.runner, coalesce(j.priority, 0) as priority, j.queue_seq, j.start_at
            ),
            queued as (
              insert into job_queue (queue, priority, seq, job_number)
              select queue, priority, queue_seq, number from moved where start_at is null or start_at <= now()
            ),
            timed as (
              insert into job_timers (due_at, job_number) select start_at, number from moved where start_at > now()
            ),
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node)
              select id, 'queued', 0, runner, queue, ? from moved order by queue_seq
            )
            select ord, status, queue from found
            """;

    private final String node;

    StartBatch(String node) {
        this.node = node;
    }

    @Override
    public boolean commitsItself() {
        return true;
    }

    @Override
    public List<Started> write(Connection connection, List<String> ids) throws SQLException {
        return Rounds.of(ids, id -> id, round -> writeRound(connection, round));
    }

    static News news(List<String> ids, List<Started> answers) {
        Set<String> queues = new HashSet<>();
        for (Started answer : answers) {
            if (answer instanceof Started.Queued(String queue)) {
                queues.add(queue);
            }
        }
        return new News(queues, List.of(), true);
    }

    private List<Started> writeRound(Connection connection, List<String> ids) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            new Columns<>(statement, ids).text(id -> id).all(node);
            List<Started> answers = new ArrayList<>(Collections.nCopies(ids.size(), new Started.NoJob()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    answers.set(rows.getInt("ord") - 1, answer(rows));
                }
            }
            return answers;
        }
    }

    private static Started answer(ResultSet row) throws SQLException {
        // The row is locked: what it was when found is what was decided on.
        JobStatus status = JobStatus.of(JobRow.text(row, "status"));
        if (status == JobStatus.CREATED) {
            return new Started.Queued(JobRow.text(row, "queue"));
        }
        return status.isFinal() ? new Started.Final(status) : new Started.Already();
    }
}
