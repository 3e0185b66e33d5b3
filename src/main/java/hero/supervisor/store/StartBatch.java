package hero.supervisor.store;

import hero.supervisor.domain.JobStatus;
import hero.supervisor.store.JobStore.Started;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/// Queues many created jobs in one statement.
final class StartBatch implements GroupCommit.Batch<String, Started> {
    private static final String SQL = """
            with input as (
              select * from unnest(?::text[]) with ordinality as i(id, ord)
            ),
            found as materialized (
              select i.ord, j.number, j.status, j.queue
              from input i join jobs j on j.id = i.id order by j.number for no key update of j
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
            select i.ord, f.status, f.queue, m.number is not null as is_moved
            from input i left join found f on f.ord = i.ord left join moved m on m.number = f.number
            order by i.ord
            """;

    private final String node;

    StartBatch(String node) {
        this.node = node;
    }

    @Override
    public List<Started> write(Connection connection, List<String> ids) throws SQLException {
        return Rounds.of(connection, ids, id -> id, round -> writeRound(connection, round));
    }

    private List<Started> writeRound(Connection connection, List<String> ids) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            new Columns<>(statement, ids).text(id -> id).all(node);
            List<Started> answers = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    answers.add(answer(rows));
                }
            }
            return answers;
        }
    }

    private static Started answer(ResultSet row) throws SQLException {
        String word = row.getString("status");
        if (word == null) {
            return new Started.NoJob();
        } else if (row.getBoolean("is_moved")) {
            return new Started.Queued(JobRow.text(row, "queue"));
        }
        JobStatus status = JobStatus.of(word);
        return status.isFinal() ? new Started.Final(status) : new Started.Already();
    }
}
