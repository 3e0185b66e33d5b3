package hero.supervisor.store;

import static hero.supervisor.store.schema.Tables.AUDIT;
import static hero.supervisor.store.schema.Tables.JOBS;
import static hero.supervisor.store.schema.Tables.JOB_HELD;
import static hero.supervisor.store.schema.Tables.RUNNERS;
import static hero.supervisor.store.schema.Tables.RUNNER_SESSIONS;

import hero.supervisor.domain.Runner;
import hero.supervisor.domain.RunnerStatus;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jooq.Field;
import org.jooq.JSONB;
import org.jooq.Record;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/// Runner names and sessions in PostgreSQL.
public final class PostgresRunnerStore implements RunnerStore, AutoCloseable {
    private static final Field<OffsetDateTime> NOW = DSL.field("clock_timestamp()", OffsetDateTime.class);

    /// Over all gateways, in one statement. Dead sessions do not count, but tell when the runner was last seen.
    private static final String STATUSES = """
            with line as materialized (
              select q.queue, count(*) as n from job_queue q
              where q.queue in (select a.queue from runners a where {0}::text is null or a.name = {0}) group by q.queue
            )
            select r.name, r.queue, r.open,
              coalesce(s.connections, 0)::int as connections, coalesce(s.slots, 0)::int as slots,
              coalesce(s.running, 0) as running, s.last_seen,
              coalesce(l.n, 0) as queued
            from runners r left join line l on l.queue = r.queue left join lateral (
              select count(*) filter (where n.lease_until > now()) as connections,
                sum(n.slots) filter (where n.lease_until > now()) as slots,
                max(n.seen_at) as last_seen,
                sum((select count(*) from job_held h where h.session_id = n.id)) as running
              from runner_sessions n where n.runner = r.name) s on true
            where {0}::text is null or r.name = {0}
            order by r.name
            """;

    private static final String CLOSE = """
            with closed as (
              delete from runner_sessions s where s.id = {0} and s.node = {1}
                and not exists (select from job_held h where h.session_id = s.id)
              returning *
            )
            insert into runner_sessions_ended (id, runner, queue, node, slots, connected_at, seen_at)
            select c.id, c.runner, r.queue, c.node, c.slots, c.connected_at, c.seen_at
            from closed c left join runners r on r.name = c.runner
            on conflict (id) do update set ended_at = excluded.ended_at, seen_at = excluded.seen_at
            """;

    private static final String FLOWS = """
            select name, queue, open from runners where not open or registered_at > now() - interval '10 minutes'
            union all
            select s.runner, null, true from runner_sessions s
            where not exists (select from runners r where r.name = s.runner)
            """;

    private static final GroupCommit.Sizes BEATS = new GroupCommit.Sizes(20_000, 2000, Duration.ofSeconds(2));

    /// Nobody is in a hurry with a beat, and thousands of runners beat: hundreds share a commit.
    private static final Duration GATHER = Duration.ofMillis(25);

    private final Database database;
    private final GroupCommit<BeatBatch.Beat, Pulse> beats;
    /// Who counts what waits reads as many entries.
    private final Lane looks;

    public PostgresRunnerStore(Database database) {
        this.database = database.prompt();
        this.looks = Lane.of(database);
        BeatBatch batch = new BeatBatch();
        this.beats = new GroupCommit<>(
                "beat", BEATS, Gather.always(GATHER), commands -> this.database.write(batch, commands));
    }

    private static Field<OffsetDateTime> in(Duration time) {
        return DSL.field(
                "clock_timestamp() + make_interval(secs => {0})",
                OffsetDateTime.class, DSL.val(time.toMillis() / 1000.0));
    }

    private static Runner runner(Record row) {
        return new Runner(row.get(RUNNERS.NAME), row.get(RUNNERS.QUEUE), row.get(RUNNERS.OPEN));
    }

    @Override
    public Runner register(String name, String queue) {
        // It can be removed between the two statements; then it is added again.
        while (true) {
            database.query(sql -> sql.insertInto(RUNNERS, RUNNERS.NAME, RUNNERS.QUEUE)
                    .values(name, queue)
                    .onConflict(RUNNERS.NAME)
                    .doNothing()
                    .execute());
            Optional<Runner> runner = find(name);
            if (runner.isPresent()) {
                return runner.get();
            }
        }
    }

    @Override
    public boolean remove(String name) {
        return database.query(
                sql -> sql.deleteFrom(RUNNERS).where(RUNNERS.NAME.eq(name)).execute() == 1);
    }

    @Override
    public boolean setOpen(String name, boolean open) {
        return database.query(sql -> sql.update(RUNNERS)
                        .set(RUNNERS.OPEN, open)
                        .where(RUNNERS.NAME.eq(name))
                        .execute()
                == 1);
    }

    @Override
    public Optional<Runner> find(String name) {
        return database.query(
                sql -> sql.selectFrom(RUNNERS).where(RUNNERS.NAME.eq(name)).fetchOptional(PostgresRunnerStore::runner));
    }

    @Override
    public List<Runner> all() {
        return database.query(
                sql -> sql.selectFrom(RUNNERS).orderBy(RUNNERS.NAME).fetch(PostgresRunnerStore::runner));
    }

    @Override
    public Optional<RunnerStatus> status(String name) {
        return statuses(name).stream().findFirst();
    }

    @Override
    public List<RunnerStatus> statuses() {
        return statuses(null);
    }

    private List<RunnerStatus> statuses(@Nullable String name) {
        return looks.through(() -> database.query(
                sql -> sql.fetch(STATUSES, DSL.val(name, String.class)).map(PostgresRunnerStore::status)));
    }

    private static RunnerStatus status(Record row) {
        OffsetDateTime lastSeen = row.get("last_seen", OffsetDateTime.class);
        return new RunnerStatus(
                new Runner(
                        row.get("name", String.class), row.get("queue", String.class), row.get("open", Boolean.class)),
                row.get("connections", Integer.class),
                row.get("slots", Integer.class),
                row.get("running", Long.class),
                row.get("queued", Long.class),
                lastSeen == null ? null : lastSeen.toInstant());
    }

    @Override
    public boolean openSession(Session session, boolean resume, Duration lease) {
        return resume ? resume(session, lease) : open(session, lease);
    }

    private boolean open(Session session, Duration lease) {
        JSONB labels = labels(session);
        String[] executors = session.executors().toArray(String[]::new);
        return database.query(sql -> sql.insertInto(RUNNER_SESSIONS)
                        .set(RUNNER_SESSIONS.ID, session.id())
                        .set(RUNNER_SESSIONS.RUNNER, session.runner())
                        .set(RUNNER_SESSIONS.NODE, session.node())
                        .set(RUNNER_SESSIONS.SLOTS, session.slots())
                        .set(RUNNER_SESSIONS.EXECUTORS, executors)
                        .set(RUNNER_SESSIONS.LABELS, labels)
                        .set(RUNNER_SESSIONS.LEASE_UNTIL, in(lease))
                        .onConflict(RUNNER_SESSIONS.ID)
                        .doUpdate()
                        .set(RUNNER_SESSIONS.NODE, session.node())
                        .set(RUNNER_SESSIONS.SLOTS, session.slots())
                        .set(RUNNER_SESSIONS.EXECUTORS, executors)
                        .set(RUNNER_SESSIONS.LABELS, labels)
                        .set(RUNNER_SESSIONS.SEEN_AT, NOW)
                        .set(RUNNER_SESSIONS.DRAINING, false)
                        .set(RUNNER_SESSIONS.LEASE_UNTIL, in(lease))
                        .where(RUNNER_SESSIONS.RUNNER.eq(session.runner()))
                        .execute()
                == 1);
    }

    private boolean resume(Session session, Duration lease) {
        return database.query(sql -> sql.update(RUNNER_SESSIONS)
                        .set(RUNNER_SESSIONS.NODE, session.node())
                        .set(RUNNER_SESSIONS.SLOTS, session.slots())
                        .set(RUNNER_SESSIONS.EXECUTORS, session.executors().toArray(String[]::new))
                        .set(RUNNER_SESSIONS.LABELS, labels(session))
                        .set(RUNNER_SESSIONS.SEEN_AT, NOW)
                        .set(RUNNER_SESSIONS.DRAINING, false)
                        .set(RUNNER_SESSIONS.LEASE_UNTIL, in(lease))
                        .where(RUNNER_SESSIONS.ID.eq(session.id()))
                        .and(RUNNER_SESSIONS.RUNNER.eq(session.runner()))
                        .execute()
                == 1);
    }

    private static JSONB labels(Session session) {
        Map<String, String> labels = session.labels();
        return JSONB.jsonb(Objects.requireNonNull(FlatJson.write(labels)));
    }

    @Override
    public Pulse beat(String sessionId, String node, Duration lease) {
        return beats.done(new BeatBatch.Beat(sessionId, node, lease));
    }

    @Override
    public CompletableFuture<Pulse> beatSoon(String sessionId, String node, Duration lease) {
        return beats.add(new BeatBatch.Beat(sessionId, node, lease));
    }

    /// Finishes the beats that it has been given; further ones are refused. The database stays open.
    @Override
    public void close() {
        beats.close();
    }

    @Override
    public void closeSession(String sessionId, String node) {
        database.query(sql -> sql.execute(CLOSE, DSL.val(sessionId), DSL.val(node)));
    }

    @Override
    public List<String> heldBy(String name) {
        return database.query(sql -> sql.select(JOBS.ID)
                .from(RUNNER_SESSIONS)
                .join(JOB_HELD)
                .on(JOB_HELD.SESSION_ID.eq(RUNNER_SESSIONS.ID))
                .join(JOBS)
                .on(JOBS.NUMBER.eq(JOB_HELD.JOB_NUMBER))
                .where(RUNNER_SESSIONS.RUNNER.eq(name))
                .orderBy(JOBS.NUMBER)
                .fetch(JOBS.ID));
    }

    @Override
    public void drain(List<String> sessionIds) {
        database.query(sql -> sql.update(RUNNER_SESSIONS)
                .set(RUNNER_SESSIONS.DRAINING, true)
                .where(RUNNER_SESSIONS.ID.eq(DSL.any(sessionIds.toArray(String[]::new))))
                .execute());
    }

    @Override
    public List<Flow> flows() {
        return database.query(sql -> sql.fetch(FLOWS)
                .map(row -> new Flow(
                        row.get("name", String.class),
                        row.get("queue", String.class),
                        row.get("open", Boolean.class))));
    }

    @Override
    public void audit(String actor, String action, String subject, String detail) {
        database.query(sql -> sql.insertInto(AUDIT, AUDIT.ACTOR, AUDIT.ACTION, AUDIT.SUBJECT, AUDIT.DETAIL)
                .values(actor, action, subject, detail)
                .execute());
    }
}
