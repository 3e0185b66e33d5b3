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
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hands out jobs of many queues in one statement. A queue row whose job is no longer queued (it was stopped or
/// deleted while another claim held the row) is removed on the way, and the slot that it left open is asked for
/// again. Each claim begins at the [QueueHeads].
///
/// What to take is `materialized`: a plan may run a subquery once for each row of the queue, each time find the
/// next rows, and so take more jobs than there are slots.
///
/// `case` keeps the planner from taking `status = 'queued'` for so rare that it looks for such jobs in all jobs.
final class ClaimBatch implements GroupCommit.Batch<ClaimBatch.Claim, List<Assignment>> {
    private static final String SQL = JobRow.handing("""
            with picked as materialized (
              select a.base, q.ctid as at
              from (select ?::int[] as exact, ?::int8[] as head, ?::int[] as below, ?::int[] as above) p
                cross join unnest(?::text[], ?::int[], ?::int[], ?::int[], ?::int[])
                  as a(queue, slots, base, first, last)
                cross join lateral (
                  select w.ctid from generate_series(a.first, a.last) as part cross join lateral (
                    select ctid from (select ctid from job_queue w
                      where w.queue = a.queue and w.priority = p.exact[part] and w.seq >= p.head[part]
                      order by w.seq limit a.slots for update skip locked) one
                    union all
                    select ctid from (select ctid from job_queue w
                      where w.queue = a.queue and w.priority < p.below[part] and w.priority > p.above[part]
                      order by w.priority desc, w.seq limit a.slots for update skip locked) more) w
                  limit a.slots) q
            ),
            taken as (
              delete from job_queue d using picked k where d.ctid = k.at
              returning d.queue, d.priority, d.seq, d.job_number, k.base
            ),
            ranked as (
              select *, base + row_number() over (partition by queue order by priority desc, seq) as place from taken
            ),
            given as (
              update jobs j set status = 'running', attempt = j.attempt + 1, lease = (?::bigint[])[r.place],
                session_id = (?::text[])[(?::int[])[r.place]], started_at = clock_timestamp()
              from ranked r
              where j.number = r.job_number and case j.status when 'queued' then true end
              returning j.number, j.queue, j.queue_seq, ASSIGNMENT
            ),
            HELD
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node, seconds)
              select id, 'running', attempt, runner, queue, ?,
                extract(epoch from started_at - waits_since) from given
            )
            select t.queue as of_queue, t.looked, j.*, pg_current_xact_id_if_assigned()::text::int8 as own, d.*, TRACE
            from (
              select case when is_called then last_value else 0 end as drawn,
                pg_snapshot_xmin(pg_current_snapshot())::text::int8 as oldest,
                LAST_TRACED
              from job_queue_seq) d
              left join (select queue, count(*) as looked from taken group by queue) t on true
              left join given j on j.queue = t.queue
            order by t.queue, coalesce(j.priority, 0) desc, j.queue_seq
            """.replace("HELD", Holding.insert("given")));

    private static final Logger log = LoggerFactory.getLogger(ClaimBatch.class);

    record Claim(String queue, JobStore.Claiming claiming) {}

    /// A claim whose slots are chosen.
    private record Taking(String queue, List<Slot> slots) {}

    /// @param base slots of the claims before it
    /// @param first number of its first part, from 1
    private record Based(Taking claim, QueueHeads.Begin begin, int base, int first) {
        int last() {
            return first + begin.parts().size() - 1;
        }
    }

    private final String node;
    private final QueueHeads heads;

    ClaimBatch(String node, QueueHeads heads) {
        this.node = node;
        this.heads = heads;
    }

    /// How many of these, the first ones, need not wait for slots.
    static int enough(List<Claim> claims) {
        int enough = 0;
        while (enough < claims.size() && claims.get(enough).claiming().isEnough()) {
            enough++;
        }
        return enough;
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
        List<Taking> open = claims.stream()
                .map(claim -> new Taking(claim.queue(), claim.claiming().slots()))
                .filter(taking -> !taking.slots().isEmpty())
                .toList();
        open.forEach(taking -> given.put(taking.queue(), new ArrayList<>()));
        if (!open.isEmpty()) {
            open = rest(open, take(connection, open, given), given);
        }
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

    private static List<Taking> rest(
            List<Taking> claims, Map<String, Integer> lapsed, Map<String, List<Assignment>> given) {
        return claims.stream()
                .filter(claim -> lapsed.containsKey(claim.queue()))
                .map(claim -> rest(claim, given))
                .toList();
    }

    /// The slots of a claim that nothing has been given for.
    private static Taking rest(Taking claim, Map<String, List<Assignment>> given) {
        List<Long> used = given.getOrDefault(claim.queue(), List.of()).stream()
                .map(Assignment::lease)
                .toList();
        return new Taking(
                claim.queue(),
                claim.slots().stream()
                        .filter(slot -> !used.contains(slot.lease()))
                        .toList());
    }

    /// One statement. Adds what was given; returns how many rows of which queues had lapsed: their slots are free.
    private Map<String, Integer> take(Connection connection, List<Taking> claims, Map<String, List<Assignment>> given)
            throws SQLException {
        Map<String, Found> found = new LinkedHashMap<>();
        List<Based> based = based(claims);
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            bind(statement, based);
            try (ResultSet rows = statement.executeQuery()) {
                boolean first = true;
                while (rows.next()) {
                    if (first) {
                        heads.seen(new QueueHeads.Edges(
                                rows.getLong("oldest"), rows.getLong("own"), rows.getLong("drawn")));
                        first = false;
                    }
                    String queue = rows.getString("of_queue");
                    if (queue != null) {
                        found.computeIfAbsent(queue, Found::new).add(rows, given);
                    }
                }
            }
        } catch (SQLException | RuntimeException e) {
            heads.forget();
            throw e;
        }
        Map<String, Integer> lapsed = new LinkedHashMap<>();
        for (Based each : based) {
            Found in = found.getOrDefault(
                    each.claim().queue(), new Found(each.claim().queue()));
            boolean all = in.looked < each.claim().slots().size();
            if (all || in.lapsed == 0) {
                heads.passed(each.begin(), in.highest, all);
            }
            if (in.lapsed > 0) {
                lapsed.put(in.queue, in.lapsed);
            }
        }
        return lapsed;
    }

    /// What a claim has found in one queue.
    private static final class Found {
        final String queue;
        final TreeMap<Integer, Long> highest = new TreeMap<>();
        int looked;
        int lapsed;

        Found(String queue) {
            this.queue = queue;
        }

        void add(ResultSet row, Map<String, List<Assignment>> given) throws SQLException {
            if (looked == 0) {
                looked = row.getInt("looked");
                lapsed = looked;
            }
            if (row.getString("id") != null) {
                lapsed--;
                given.computeIfAbsent(queue, any -> new ArrayList<>()).add(JobRow.assignment(row));
                highest.merge(row.getInt("priority"), row.getLong("queue_seq"), Math::max);
            }
        }
    }

    private List<Based> based(List<Taking> claims) {
        List<Based> based = new ArrayList<>(claims.size());
        int slots = 0;
        int parts = 1;
        for (Taking claim : claims) {
            Based each = new Based(claim, heads.begin(claim.queue()), slots, parts);
            based.add(each);
            slots += claim.slots().size();
            parts = each.last() + 1;
        }
        return based;
    }

    /// Slots are numbered through; those of a claim begin behind its base. Few sessions have many slots: a slot
    /// names its session by number.
    private void bind(PreparedStatement statement, List<Based> claims) throws SQLException {
        List<QueueHeads.Part> parts =
                claims.stream().flatMap(each -> each.begin().parts().stream()).toList();
        List<Slot> slots =
                claims.stream().flatMap(each -> each.claim().slots().stream()).toList();
        Map<String, Integer> sessions = new LinkedHashMap<>();
        slots.forEach(slot -> sessions.putIfAbsent(slot.sessionId(), sessions.size() + 1));
        new Columns<>(statement, parts)
                .ints(QueueHeads.Part::priority)
                .longs(QueueHeads.Part::head)
                .ints(QueueHeads.Part::below)
                .ints(QueueHeads.Part::above);
        new Columns<>(statement, claims, 4)
                .text(each -> each.claim().queue())
                .ints(each -> each.claim().slots().size())
                .ints(Based::base)
                .ints(Based::first)
                .ints(Based::last);
        new Columns<>(statement, slots, 9).longs(Slot::lease);
        new Columns<>(statement, List.copyOf(sessions.keySet()), 10).text(session -> session);
        new Columns<>(statement, slots, 11)
                .ints(slot -> sessions.get(slot.sessionId()))
                .all(node);
    }
}
