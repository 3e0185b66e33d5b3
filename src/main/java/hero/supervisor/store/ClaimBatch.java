package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.JobStore.Slot;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hands out jobs of many queues in one statement. A queue row whose job is no longer queued (it was stopped or
/// deleted while another claim held the row) is removed on the way, and the slot that it left open is asked for
/// again.
final class ClaimBatch implements GroupCommit.Batch<ClaimBatch.Claim, List<Assignment>> {
    private static final String SQL = """
            with taken as (
              delete from job_queue d using (
                select a.base, q.ctid from unnest(?::text[], ?::int[], ?::int[]) as a(queue, slots, base)
                  cross join lateral (
                    select w.ctid from job_queue w where w.queue = a.queue order by w.priority desc, w.seq
                    limit a.slots for update skip locked) q
              ) q
              where d.ctid = q.ctid
              returning d.queue, d.priority, d.seq, d.job_number, q.base
            ),
            ranked as (
              select *, base + row_number() over (partition by queue order by priority desc, seq) as place from taken
            ),
            given as (
              update jobs j set status = 'running', attempt = j.attempt + 1, lease = (?::bigint[])[r.place],
                session_id = (?::text[])[(?::int[])[r.place]], started_at = clock_timestamp()
              from ranked r
              where j.number = r.job_number and j.status = 'queued'
              returning j.*
            ),
            held as (
              insert into job_holds (session_id, job_number, deadline_at)
              select session_id, number, started_at + make_interval(secs => timeout_s) from given
            ),
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node, seconds)
              select id, 'running', attempt, runner, queue, ?,
                extract(epoch from started_at - greatest(queued_at, start_at)) from given
            )
            select t.queue as of_queue, t.looked, g.*,
              (select array[traceparent, tracestate] from job_traces where job_number = g.number) as trace
            from (select queue, count(*) as looked from taken group by queue) t left join given g on g.queue = t.queue
            order by t.queue, coalesce(g.priority, 0) desc, g.queue_seq
            """;

    private static final Logger log = LoggerFactory.getLogger(ClaimBatch.class);

    record Claim(String queue, List<Slot> slots) {}

    private record Based(Claim claim, int base) {}

    private final String node;

    ClaimBatch(String node) {
        this.node = node;
    }

    @Override
    public boolean commitsItself() {
        return true;
    }

    @Override
    public List<List<Assignment>> write(Connection connection, List<Claim> claims) throws SQLException {
        return Rounds.of(claims, Claim::queue, round -> writeRound(connection, round));
    }

    private List<List<Assignment>> writeRound(Connection connection, List<Claim> claims) throws SQLException {
        Map<String, List<Assignment>> given = new LinkedHashMap<>();
        claims.forEach(claim -> given.put(claim.queue(), new ArrayList<>()));
        List<Claim> open = rest(claims, take(connection, claims, given), given);
        while (!open.isEmpty()) {
            try {
                open = rest(open, take(connection, open, given), given);
            } catch (SQLException e) {
                // What was given so far is committed and must be handed over; the rest is asked for again.
                log.atWarn().setCause(e).log("a claim was cut short");
                break;
            }
        }
        return claims.stream()
                .map(claim -> given.getOrDefault(claim.queue(), List.of()))
                .toList();
    }

    private static List<Claim> rest(
            List<Claim> claims, Map<String, Integer> lapsed, Map<String, List<Assignment>> given) {
        return claims.stream()
                .filter(claim -> lapsed.containsKey(claim.queue()))
                .map(claim -> rest(claim, given))
                .toList();
    }

    /// The slots of a claim that nothing has been given for.
    private static Claim rest(Claim claim, Map<String, List<Assignment>> given) {
        List<Long> used = given.getOrDefault(claim.queue(), List.of()).stream()
                .map(Assignment::lease)
                .toList();
        return new Claim(
                claim.queue(),
                claim.slots().stream()
                        .filter(slot -> !used.contains(slot.lease()))
                        .toList());
    }

    /// One statement. Adds what was given; returns how many rows of which queues had lapsed: their slots are free.
    private Map<String, Integer> take(Connection connection, List<Claim> claims, Map<String, List<Assignment>> given)
            throws SQLException {
        Map<String, Integer> lapsed = new LinkedHashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            bind(statement, claims);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String queue = JobRow.text(rows, "of_queue");
                    int looked = rows.getInt("looked");
                    if (rows.getString("id") == null) {
                        lapsed.put(queue, looked);
                    } else {
                        given.computeIfAbsent(queue, any -> new ArrayList<>()).add(assignment(rows));
                        lapsed.merge(queue, looked - 1, (left, any) -> left - 1);
                    }
                }
            }
        }
        lapsed.values().removeIf(left -> left == 0);
        return lapsed;
    }

    /// Slots are numbered through; those of a claim begin behind its base. Few sessions have many slots: a slot
    /// names its session by number.
    private void bind(PreparedStatement statement, List<Claim> claims) throws SQLException {
        List<Slot> slots = new ArrayList<>();
        List<Based> based = new ArrayList<>();
        for (Claim claim : claims) {
            based.add(new Based(claim, slots.size()));
            slots.addAll(claim.slots());
        }
        Map<String, Integer> sessions = new LinkedHashMap<>();
        slots.forEach(slot -> sessions.putIfAbsent(slot.sessionId(), sessions.size() + 1));
        new Columns<>(statement, based)
                .text(each -> each.claim().queue())
                .ints(each -> each.claim().slots().size())
                .ints(Based::base);
        new Columns<>(statement, slots, 3).longs(Slot::lease);
        new Columns<>(statement, List.copyOf(sessions.keySet()), 4).text(session -> session);
        new Columns<>(statement, slots, 5)
                .ints(slot -> sessions.get(slot.sessionId()))
                .all(node);
    }

    private static Assignment assignment(ResultSet row) throws SQLException {
        return new Assignment(
                JobRow.job(row),
                row.getInt("attempt"),
                row.getLong("lease"),
                JobRow.text(row, "session_id"),
                JobRow.instant(row, "started_at"),
                waitedMicros(row),
                JobRow.trace(row));
    }

    private static long waitedMicros(ResultSet row) throws SQLException {
        Instant from = JobRow.instant(row, "queued_at");
        if (row.getTimestamp("start_at") != null
                && JobRow.instant(row, "start_at").isAfter(from)) {
            from = JobRow.instant(row, "start_at");
        }
        return Math.max(0, ChronoUnit.MICROS.between(from, JobRow.instant(row, "started_at")));
    }
}
