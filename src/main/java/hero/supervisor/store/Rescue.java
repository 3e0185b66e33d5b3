package hero.supervisor.store;

import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore.Ended;
import hero.supervisor.store.JobStore.Rescued;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;

/// Frees what lost sessions held. Gateways that do this at once take different sessions: `skip locked`.
final class Rescue {
    private static final int SESSIONS_MAX = 100;
    private static final int PAUSES = 20;

    private static final String DEAD = """
            with dead as (
              delete from runner_sessions where id in (
                select id from runner_sessions where lease_until + make_interval(secs => ?) < clock_timestamp()
                order by lease_until limit ? for update skip locked)
              returning *
            ),
            kept as (
              insert into runner_sessions_ended (id, runner, queue, node, slots, connected_at, seen_at)
              select d.id, d.runner, r.queue, d.node, d.slots, d.connected_at, d.seen_at
              from dead d left join runners r on r.name = d.runner
              on conflict (id) do update set ended_at = excluded.ended_at, seen_at = excluded.seen_at
            )
            select id, runner from dead
            """;

    /// A row that a newer transaction has written is left to the next sweep, see [EndBatch]. No join between parts
    /// that have a row for each job: of ten thousand it would look at a hundred million pairs. Whether a job runs
    /// is asked in a way that the planner cannot estimate: few do, and it would go through all for these.
    private static final String FREE = """
            with dead as (
              select * from unnest(?::text[], ?::text[]) as d(id, runner)
            ),
            lost as materialized (
              select j.*, j.xmin as version, h.session_id as holder, coalesce(j.at_most_once, false) as once
              from (
                select distinct o.session_id, n as number from (
                  select h.session_id, coalesce(h.numbers, array[h.job_number]) as numbers from job_holds h
                  where WHOSE and not exists (select from runner_sessions s where s.id = h.session_id)
                  offset 0) o
                  cross join lateral unnest(o.numbers) n) h
                join jobs j on j.number = h.number and j.session_id = h.session_id
              where case j.status when 'running' then true end
              order by j.number limit 10000 for no key update of j skip locked
            ),
            judged as (
              select l.*, l.stop_requested_at is null and not l.once and l.losses < ? as again,
                case when l.stop_requested_at is null then 'runner lost' else 'stopped' end as message
              from lost l where age(l.version) >= 0
            ),
            moved as (
              update jobs j set
                status = case when g.again then 'queued' else 'failed' end,
                completed_at = case when not g.again then clock_timestamp() end,
                error = case when not g.again then g.message end,
                queued_at = case when g.again then clock_timestamp() else j.queued_at end,
                losses = j.losses + 1, lease = null,
                session_id = case when not g.again then j.session_id end
              from judged g where j.number = g.number and j.status = 'running' and j.lease = g.lease
              returning j.number, j.id, j.status, j.attempt, j.runner, j.queue, j.queue_seq, j.error,
                coalesce(j.priority, 0) as priority, coalesce(j.completed_at, j.queued_at) - g.started_at as ran,
                g.holder, g.started_at as began, g.message
            ),
            kept as (
              insert into job_attempts (job_id, attempt, runner, session_id, started_at, status, error)
              select m.id, m.attempt, coalesce(d.runner, m.runner), m.holder, m.began, 'lost', m.message
              from moved m left join dead d on d.id = m.holder
            ),
            queued as (
              insert into job_queue (queue, priority, seq, job_number)
              select queue, priority, queue_seq, number from moved where status = 'queued'
            ),
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node, detail, seconds)
              select id, status, attempt, runner, queue, ?, 'runner lost', extract(epoch from ran) from moved order by number
            )
            select id, queue, priority, queue_seq, error from moved order by number
            """;

    private static final String FREE_DEAD = FREE.replace("WHOSE", "h.session_id = any (array(select id from dead))");

    /// Also holds of a session that is gone already: a claim may commit just after its session was ended.
    private static final String FREE_ALL = FREE.replace("WHOSE", "true");

    private record Dead(String id, String runner) {}

    private final Database database;
    private final String node;
    private final QueueHeads heads;
    private final Rarely rarely;

    Rescue(Database database, String node, QueueHeads heads, Time time) {
        this.database = database;
        this.node = node;
        this.heads = heads;
        this.rarely = new Rarely(time, PAUSES);
    }

    private record Freed(Rescued rescued, List<Spot> spots) {}

    /// For one thread. All holds are looked at rarely when that takes long: while some transaction keeps
    /// PostgreSQL from cleaning up, it has to step over all that were there since that began.
    Rescued run(Duration grace, int redeliveries) {
        Freed freed = rarely.isDue()
                ? rarely.run(() -> run(grace, redeliveries, FREE_ALL))
                : run(grace, redeliveries, FREE_DEAD);
        freed.spots.forEach(heads::returned);
        return freed.rescued;
    }

    private static List<Dead> dead(Connection connection, Duration grace) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(DEAD)) {
            statement.setDouble(1, grace.toMillis() / 1000.0);
            statement.setInt(2, SESSIONS_MAX);
            List<Dead> dead = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    dead.add(new Dead(JobRow.text(rows, "id"), JobRow.text(rows, "runner")));
                }
            }
            return dead;
        }
    }

    private Freed run(Duration grace, int redeliveries, String free) {
        return database.transaction(connection -> {
            List<Dead> dead = dead(connection, grace);
            // See Rounds. What is not freed now has no session, and is freed by a later sweep.
            connection.commit();
            return free(connection, dead, free, redeliveries);
        });
    }

    private Freed free(Connection connection, List<Dead> dead, String sql, int redeliveries) throws SQLException {
        TreeSet<String> queues = new TreeSet<>();
        List<Spot> spots = new ArrayList<>();
        List<String> again = new ArrayList<>();
        List<Ended> ended = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            new Columns<>(statement, dead).text(Dead::id).text(Dead::runner);
            statement.setInt(3, redeliveries);
            statement.setString(4, node);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String error = rows.getString("error");
                    if (error == null) {
                        String queue = JobRow.text(rows, "queue");
                        queues.add(queue);
                        spots.add(Spot.of(queue, rows.getInt("priority"), rows.getLong("queue_seq")));
                        again.add(JobRow.text(rows, "id"));
                    } else {
                        JobResult result = new JobResult.Failure(Objects.requireNonNull(error), null);
                        ended.add(new Ended(JobRow.text(rows, "id"), result));
                    }
                }
            }
        }
        Rescued rescued = new Rescued(dead.stream().map(Dead::id).toList(), List.copyOf(queues), again, ended);
        return new Freed(rescued, spots);
    }
}
