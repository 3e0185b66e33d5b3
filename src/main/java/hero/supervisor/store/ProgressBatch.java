package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Progress;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Writes down how far many jobs are, in one statement. The jobs' own rows are only share-locked, so that none is
/// deleted meanwhile.
final class ProgressBatch implements GroupCommit.Batch<ProgressBatch.Saying, Boolean> {
    private static final String SQL = """
            with input as (
              select * from unnest(?::text[], ?::int[], ?::bigint[], ?::float8[], ?::text[], ?::text[])
                with ordinality as i(job_id, attempt, lease, percent, note, checkpoint, ord)
            ),
            fit as materialized (
              select i.* from input i join jobs j on j.id = i.job_id and j.attempt = i.attempt and j.lease = i.lease
              order by j.number for key share of j
            ),
            written as (
              insert into job_progress as p (job_id, attempt, percent, note, checkpoint)
              select job_id, attempt, percent, note, checkpoint from fit order by job_id
              on conflict (job_id) do update set
                attempt = excluded.attempt,
                percent = case when p.attempt = excluded.attempt
                  then coalesce(excluded.percent, p.percent) else excluded.percent end,
                note = case when p.attempt = excluded.attempt then coalesce(excluded.note, p.note) else excluded.note end,
                checkpoint = coalesce(excluded.checkpoint, p.checkpoint),
                at = clock_timestamp()
            )
            select ord from fit
            """;

    record Saying(Assignment.Key key, Progress.Said said) {}

    @Override
    public boolean commitsItself() {
        return true;
    }

    @Override
    public List<Boolean> write(Connection connection, List<Saying> sayings) throws SQLException {
        return Rounds.of(sayings, saying -> saying.key().jobId(), round -> writeRound(connection, round));
    }

    private static List<Boolean> writeRound(Connection connection, List<Saying> sayings) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            new Columns<>(statement, sayings)
                    .text(saying -> saying.key().jobId())
                    .ints(saying -> saying.key().attempt())
                    .longs(saying -> saying.key().lease())
                    .doubles(saying -> saying.said().percent())
                    .text(saying -> saying.said().note())
                    .text(saying -> saying.said().checkpoint());
            List<Boolean> written = new ArrayList<>(Collections.nCopies(sayings.size(), false));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    written.set(rows.getInt("ord") - 1, true);
                }
            }
            return written;
        }
    }
}
