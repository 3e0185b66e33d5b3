package hero.supervisor.store;

import static hero.supervisor.store.schema.Tables.JOB_LOGS;
import static hero.supervisor.store.schema.Tables.JOB_LOG_ENDS;
import static hero.supervisor.store.schema.Tables.JOB_PROGRESS;

import hero.supervisor.domain.LogAppend;
import hero.supervisor.store.LogEnds.Attempt;
import hero.supervisor.store.LogStore.Appended;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;

/// Appends many chunks in one transaction: opens what is new, locks the ends of the streams, decides on what is
/// committed ([LogEnds]), then writes chunks and ends and cuts out the middle of what is too long.
final class LogWrites implements GroupCommit.Batch<LogAppend, Appended> {
    /// How far the database's clock may have been set back while an attempt printed.
    static final long CLOCK_SLACK_H = 1;

    /// A row for an attempt that begins to print. Its job cannot be deleted before this commits.
    private static final String OPEN = """
            with input as (
              select * from unnest(?::text[], ?::int[], ?::bigint[]) as i(job_id, attempt, lease)
            ),
            fit as materialized (
              select i.* from jobs j join input i on i.job_id = j.id
              where j.attempt = i.attempt and j.lease = i.lease
                or exists (select from job_attempts a
                  where a.job_id = i.job_id and a.attempt = i.attempt and a.lease = i.lease)
              order by j.number for key share of j
            )
            insert into job_log_ends (job_id, attempt, lease)
            select job_id, attempt, lease from fit order by job_id, attempt
            on conflict (job_id, attempt) do nothing
            """;

    private static final String LOCK = """
            with input as (
              select * from unnest(?::text[], ?::int[], ?::bigint[]) as i(job_id, attempt, lease)
            ),
            fit as materialized (
              select i.* from input i
              where exists (select from jobs j where j.id = i.job_id and j.attempt = i.attempt and j.lease = i.lease)
                or exists (select from job_attempts a
                  where a.job_id = i.job_id and a.attempt = i.attempt and a.lease = i.lease)
            ),
            locked as materialized (
              select e.* from job_log_ends e
              join (select distinct job_id, attempt from fit) f on f.job_id = e.job_id and f.attempt = e.attempt
              order by e.job_id, e.attempt for no key update of e
            )
            select f.job_id, f.attempt, f.lease, l.lease as written_lease, l.stdout_next, l.stderr_next,
              l.stdout_cut, l.stderr_cut
            from fit f left join locked l on l.job_id = f.job_id and l.attempt = f.attempt
            """;

    private static final String WRITE = """
            insert into job_logs (job_id, attempt, stream, start, place, size, data)
            select * from unnest(?::text[], ?::int[], ?::text[], ?::bigint[], ?::bigint[], ?::int[], ?::text[])
            """;

    private static final String END = """
            update job_log_ends e set lease = i.lease, stdout_next = i.stdout_next, stderr_next = i.stderr_next,
              stdout_cut = i.stdout_cut, stderr_cut = i.stderr_cut
            from unnest(?::text[], ?::int[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])
              as i(job_id, attempt, lease, stdout_next, stderr_next, stdout_cut, stderr_cut)
            where e.job_id = i.job_id and e.attempt = i.attempt
            """;

    private static final String CUT = """
            delete from job_logs l
            using unnest(?::text[], ?::int[], ?::text[], ?::bigint[], ?::bigint[]) as c(job_id, attempt, stream, low, high)
            where l.job_id = c.job_id and l.attempt = c.attempt and l.stream = c.stream
              and l.place >= c.low and l.start >= c.low and l.start + l.size <= c.high
            """;

    private final int bytesMax;

    LogWrites(int bytesMax) {
        this.bytesMax = bytesMax;
    }

    @Override
    public List<Appended> write(Connection connection, List<LogAppend> appends) throws SQLException {
        List<LogAppend> first = new ArrayList<>(
                distinct(appends.stream().filter(append -> append.offset() == 0).toList()));
        if (!first.isEmpty()) {
            try (PreparedStatement statement = connection.prepareStatement(OPEN)) {
                keys(statement, first);
                statement.executeUpdate();
            }
        }
        Map<Object, Attempt> attempts = lock(connection, distinct(appends));
        LogEnds ends = new LogEnds(bytesMax);
        List<Appended> answers = new ArrayList<>();
        for (LogAppend append : appends) {
            answers.add(ends.take(attempts.get(append.key()), append));
        }
        remove(connection, ends.resets());
        write(connection, ends);
        remove(connection, ends.cuts());
        return answers;
    }

    /// One append of each hand-over, in one order for all who lock.
    private static List<LogAppend> distinct(List<LogAppend> appends) {
        Map<Object, LogAppend> byKey = new HashMap<>();
        appends.forEach(append -> byKey.putIfAbsent(append.key(), append));
        return byKey.values().stream()
                .sorted(Comparator.comparing((LogAppend a) -> a.key().jobId())
                        .thenComparingInt(a -> a.key().attempt()))
                .toList();
    }

    private static void keys(PreparedStatement statement, List<LogAppend> appends) throws SQLException {
        new Columns<>(statement, appends)
                .text(append -> append.key().jobId())
                .ints(append -> append.key().attempt())
                .longs(append -> append.key().lease());
    }

    private static Map<Object, Attempt> lock(Connection connection, List<LogAppend> appends) throws SQLException {
        Map<Object, Attempt> attempts = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(LOCK)) {
            keys(statement, appends);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    Attempt attempt = Attempt.read(rows);
                    attempts.put(attempt.key, attempt);
                }
            }
        }
        return attempts;
    }

    private static void write(Connection connection, LogEnds ends) throws SQLException {
        if (ends.chunks().isEmpty()) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(WRITE)) {
            new Columns<>(statement, ends.chunks())
                    .text(LogEnds.Chunk::jobId)
                    .ints(LogEnds.Chunk::attempt)
                    .text(LogEnds.Chunk::stream)
                    .longs(LogEnds.Chunk::start)
                    .longs(LogEnds.Chunk::place)
                    .ints(LogEnds.Chunk::size)
                    .text(LogEnds.Chunk::data);
            statement.executeUpdate();
        }
        try (PreparedStatement statement = connection.prepareStatement(END)) {
            new Columns<>(statement, ends.changed())
                    .text(attempt -> attempt.key.jobId())
                    .ints(attempt -> attempt.key.attempt())
                    .longs(attempt -> attempt.key.lease())
                    .longs(attempt -> attempt.stdout.next)
                    .longs(attempt -> attempt.stderr.next)
                    .longs(attempt -> attempt.stdout.cut)
                    .longs(attempt -> attempt.stderr.cut);
            statement.executeUpdate();
        }
    }

    private static void remove(Connection connection, List<LogEnds.Cut> cuts) throws SQLException {
        if (cuts.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(CUT)) {
            new Columns<>(statement, cuts)
                    .text(LogEnds.Cut::jobId)
                    .ints(LogEnds.Cut::attempt)
                    .text(LogEnds.Cut::stream)
                    .longs(LogEnds.Cut::low)
                    .longs(LogEnds.Cut::high);
            statement.executeUpdate();
        }
    }

    /// Removes all that jobs printed and said, after their rows have gone in the same transaction: an append that
    /// was on its way has ended by then, and none can begin.
    static void delete(DSLContext sql, String... jobIds) {
        sql.deleteFrom(JOB_PROGRESS)
                .where(JOB_PROGRESS.JOB_ID.eq(DSL.any(jobIds)))
                .execute();
        sql
                .deleteFrom(JOB_LOG_ENDS)
                .where(JOB_LOG_ENDS.JOB_ID.eq(DSL.any(jobIds)))
                .returning(JOB_LOG_ENDS.BEGAN_AT)
                .fetch(JOB_LOG_ENDS.BEGAN_AT)
                .stream()
                .filter(Objects::nonNull)
                .min(Comparator.<OffsetDateTime>naturalOrder())
                .ifPresent(began -> sql.deleteFrom(JOB_LOGS)
                        .where(JOB_LOGS.JOB_ID.eq(DSL.any(jobIds)))
                        .and(JOB_LOGS.AT.ge(began.minusHours(CLOCK_SLACK_H)))
                        .execute());
    }
}
