package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.JobStore.Slot;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hands out jobs of many queues in one statement. A queue row whose job is no longer queued (it was stopped or
/// deleted while another claim held the row) is removed on the way, and the slot that it left open is asked for
/// again, in a transaction of its own: see [Rounds].
final class ClaimBatch implements GroupCommit.Batch<ClaimBatch.Claim, List<Assignment>> {
    private static final Logger log = LoggerFactory.getLogger(ClaimBatch.class);
    private static final String SQL = """
            with asked as (
              select * from unnest(?::text[], ?::int[]) as a(queue, slots)
            ),
            place as (
              select * from unnest(?::text[], ?::bigint[], ?::text[], ?::bigint[]) as p(queue, rank, session_id, lease)
            ),
            taken as materialized (
              select q.* from asked a cross join lateral (
                select w.queue, w.priority, w.seq, w.job_number from job_queue w
                where w.queue = a.queue order by w.priority desc, w.seq
                limit a.slots for update skip locked) q
            ),
            removed as (
              delete from job_queue d using taken t
              where d.queue = t.queue and d.priority = t.priority and d.seq = t.seq
            ),
            ready as (
              select t.queue, j.number,
                row_number() over (partition by t.queue order by t.priority desc, t.seq) as rank
              from taken t join jobs j on j.number = t.job_number where j.status = 'queued'
            ),
            given as (
              update jobs j set status = 'running', attempt = j.attempt + 1, lease = p.lease,
                session_id = p.session_id, started_at = clock_timestamp()
              from ready r join place p on p.queue = r.queue and p.rank = r.rank
              where j.number = r.number and j.status = 'queued'
              returning j.*
            ),
            held as (
              insert into job_holds (session_id, job_number, deadline_at)
              select session_id, number, started_at + make_interval(secs => timeout_s) from given
            ),
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node)
              select id, 'running', attempt, runner, queue, ? from given
            )
            select t.queue as of_queue, g.* from taken t left join given g on g.number = t.job_number
            order by t.queue, t.priority desc, t.seq
            """;

    record Claim(String queue, List<Slot> slots) {}

    private record Place(String queue, long rank, Slot slot) {}

    private final String node;

    ClaimBatch(String node) {
        this.node = node;
    }

    @Override
    public List<List<Assignment>> write(Connection connection, List<Claim> claims) throws SQLException {
        return Rounds.of(connection, claims, Claim::queue, round -> writeRound(connection, round));
    }

    private List<List<Assignment>> writeRound(Connection connection, List<Claim> claims) throws SQLException {
        Map<String, List<Assignment>> given = new LinkedHashMap<>();
        claims.forEach(claim -> given.put(claim.queue(), new ArrayList<>()));
        List<Claim> open = claims;
        Map<String, Integer> lapsed = take(connection, open, given);
        while (!lapsed.isEmpty()) {
            connection.commit();
            Map<String, Integer> missing = lapsed;
            open = open.stream()
                    .filter(claim -> missing.containsKey(claim.queue()))
                    .map(claim -> rest(claim, given))
                    .toList();
            try {
                lapsed = take(connection, open, given);
            } catch (SQLException e) {
                // What is given stays given: to claim for the same slots again would hand out too much.
                connection.rollback();
                log.atInfo().addKeyValue("reason", e.getMessage()).log("slots left open by a claim");
                break;
            }
        }
        return claims.stream()
                .map(claim -> given.getOrDefault(claim.queue(), List.of()))
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

    /// One statement. Adds what was given; returns how many rows of which queues had lapsed.
    private Map<String, Integer> take(Connection connection, List<Claim> claims, Map<String, List<Assignment>> given)
            throws SQLException {
        Map<String, Integer> lapsed = new LinkedHashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            bind(statement, claims);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String queue = JobRow.text(rows, "of_queue");
                    if (rows.getString("id") == null) {
                        lapsed.merge(queue, 1, Integer::sum);
                    } else {
                        given.computeIfAbsent(queue, any -> new ArrayList<>()).add(assignment(rows));
                    }
                }
            }
        }
        return lapsed;
    }

    private void bind(PreparedStatement statement, List<Claim> claims) throws SQLException {
        new Columns<>(statement, claims)
                .text(Claim::queue)
                .array("int4", claim -> claim.slots().size());
        List<Place> places = new ArrayList<>();
        for (Claim claim : claims) {
            long rank = 1;
            for (Slot slot : claim.slots()) {
                places.add(new Place(claim.queue(), rank++, slot));
            }
        }
        new Columns<>(statement, places, 2)
                .text(Place::queue)
                .array("int8", Place::rank)
                .text(place -> place.slot().sessionId())
                .array("int8", place -> place.slot().lease())
                .all(node);
    }

    private static Assignment assignment(ResultSet row) throws SQLException {
        return new Assignment(
                JobRow.job(row),
                row.getInt("attempt"),
                row.getLong("lease"),
                JobRow.text(row, "session_id"),
                JobRow.instant(row, "started_at"));
    }
}
