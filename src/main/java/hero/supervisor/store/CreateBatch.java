package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Time;
import hero.supervisor.domain.Trace;
import hero.supervisor.store.Committed.News;
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Place;
import hero.supervisor.store.JobStore.Placing;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Accepts many jobs in one statement: their rows, their places in the queue, their events.
final class CreateBatch implements GroupCommit.Batch<CreateBatch.Create, Created> {
    private static final int LOOKS = 3;
    /// SQLSTATE `unique_violation`.
    private static final String IS_THERE = "23505";

    /// No join between parts of the statement: their sizes are not known to a plan that is kept, and pairs of a
    /// thousand rows are a million. Nothing is sorted either: rows go from the arrays to the table in their order.
    /// `offset 0` keeps the planner from putting the look at `runners` wherever `queue` is named. What was not
    /// inserted is asked for by [#FIND]. The transaction has its id before it draws a number ([QueueHeads]).
    /// `UNLESS_THERE` costs a look at the index, a second write of the row and a record in the WAL for each job: a
    /// tenth of the whole. Ids that have just been made do without.
    private static final String ACCEPTED = """
            with accepted as (
              insert into jobs (id, caller_id, context_id, payload, runner, queue, executor, timeout_s, env_vars,
                created_text, updated_text, retries, retry_delay_s, priority, start_text, start_at, labels,
                at_most_once, fingerprint, status, queued_at, queue_seq, attempt, lease, session_id, started_at)
              select id, caller_id, context_id, payload, runner, queue, executor, timeout_s, env_vars::jsonb,
                created_text, updated_text, retries, retry_delay_s, priority, start_text, start_at, labels::jsonb,
                at_most_once, decode(fingerprint, 'hex'),
                case when handed then 'running' when start then 'queued' else 'created' end,
                case when start then clock_timestamp() end,
                case when start and pg_current_xact_id() is not null then nextval('job_queue_seq') end,
                case when handed then 1 else 0 end, case when handed then place_lease end,
                case when handed then place_session end, case when handed then clock_timestamp() end
              from (
                select k.*, start and start_at is null and place_queue is not distinct from queue as handed
                from (
                  select i.*, (select r.queue from runners r where r.name = i.runner) as queue
                  from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::float8[],
                    ?::text[], ?::text[], ?::text[], ?::int[], ?::float8[], ?::int[], ?::text[], ?::timestamptz[],
                    ?::text[], ?::bool[], ?::text[], ?::bool[], ?::text[], ?::text[], ?::int8[])
                    as i(id, caller_id, context_id, payload, runner, executor, timeout_s,
                    env_vars, created_text, updated_text, retries, retry_delay_s, priority, start_text, start_at,
                    labels, at_most_once, fingerprint, start, place_queue, place_session, place_lease)
                  offset 0
                ) k
                where queue is not null
              ) n
              where handed or not start or ?
              UNLESS_THERE
              returning number, id, runner, queue, coalesce(priority, 0) as priority, queue_seq, status, start_at,
                lease, session_id, started_at, timeout_s
            ),
            """;

    private static final String UNLESS_THERE = "on conflict (id) do nothing";

    private static final String HELD = Holding.insert("accepted where status = 'running'");

    private static final String WAITING = """
            queued as (
              insert into job_queue (queue, priority, seq, job_number)
              select queue, priority, queue_seq, number from accepted
              where status = 'queued' and (start_at is null or start_at <= now())
            ),
            timed as (
              insert into job_timers (due_at, job_number)
              select start_at, number from accepted where status = 'queued' and start_at > now()
            ),
            """;

    /// One row for all that happens in this statement: see [EventLog#STANDS].
    private static final String LOGGED = """
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node, detail, seconds)
              select id, status, case status when 'running' then 1 else 0 end, runner, queue, ?,
                case status when 'running' then 'handed' when 'queued' then 'created' end,
                case status when 'running' then 0 end
              from accepted
            )
            """;

    /// A row for each, which gateways of the version before read too.
    private static final String LOGGED_APART = """
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node, detail, seconds)
              select id, status, case status when 'running' then 1 else 0 end, runner, queue, ?,
                case when status = 'queued' and last = 'running' then 'handed' end,
                case status when 'running' then 0 end
              from (
                select id, runner, queue, status as last, unnest(case status
                  when 'created' then array['created'] when 'queued' then array['created', 'queued']
                  else array['created', 'queued', 'running'] end) as status
                from accepted
              ) a
            )
            """;

    /// Objects keyed by id, each read once, instead of a join (see above).
    private static final String TRACED = """
            , traced as (
              insert into job_traces (job_number, traceparent, tracestate)
              select number, traceparent, tracestate
              from (
                select number, (select ?::jsonb) ->> id as traceparent, (select ?::jsonb) ->> id as tracestate from accepted
              ) t
              where traceparent is not null
            )
            """;

    private static final String FOUND = "select id, queue, started_at from accepted";

    /// What is there under the ids that were not inserted. A statement of its own: it sees what another gateway
    /// inserted meanwhile.
    private static final String FIND = """
            select i.id, e.queue, e.status, encode(e.fingerprint, 'hex') = i.fingerprint as is_same,
              exists (select from runners r where r.name = i.runner) as is_known
            from unnest(?::text[], ?::text[], ?::text[]) as i(id, runner, fingerprint) left join jobs e on e.id = i.id
            """;

    /// Only the parts that the batch needs: each costs as much as ten rows, also when it has none. Made once.
    ///
    /// @param fresh no job has one of the ids; else the statement fails with [#IS_THERE] and changes nothing
    /// @param waiting without it a job that turns out to have to wait is left out
    private record Parts(boolean fresh, boolean handed, boolean waiting, boolean apart, boolean traced) {
        private static final Map<Parts, Sized> STATEMENTS = new ConcurrentHashMap<>();

        Sized statement() {
            return STATEMENTS.computeIfAbsent(
                    this,
                    _ -> Sized.of(ACCEPTED.replace("UNLESS_THERE", fresh ? "" : UNLESS_THERE)
                            + (handed ? HELD : "")
                            + (waiting ? WAITING : "")
                            + (apart ? LOGGED_APART : LOGGED)
                            + (traced ? TRACED : "")
                            + FOUND));
        }
    }

    record Create(Job job, boolean start, @Nullable Trace trace, String fingerprint, Placing placing)
            implements Placeable, Bulky {
        static Create of(Job job, boolean start, @Nullable Trace trace, Placing placing) {
            return new Create(job, start, trace, Fingerprint.of(job), start ? placing : Placing.NONE);
        }

        @Override
        public String runner() {
            return job.runner();
        }

        @Override
        public long bytes() {
            return job.weight();
        }
    }

    static News news(List<Create> creates, List<Created> answers) {
        Set<String> queues = new HashSet<>();
        for (int i = 0; i < creates.size(); i++) {
            if (creates.get(i).start() && answers.get(i) instanceof Created.New(String queue)) {
                queues.add(queue);
            }
        }
        return new News(queues, List.of(), true);
    }

    private final String node;
    private final Elders elders;
    private final Time time;

    CreateBatch(String node, Elders elders, Time time) {
        this.node = node;
        this.time = time;
        this.elders = elders;
    }

    @Override
    public boolean commitsItself() {
        return true;
    }

    @Override
    public List<Created> write(Connection connection, List<Create> commands) throws SQLException {
        return Rounds.of(
                commands, create -> create.job().id(), round -> writeRound(connection, round), CreateBatch::alike);
    }

    /// What is there already stays as it is.
    private static boolean alike(Create written, Created answer, Create other) {
        return (answer instanceof Created.Same || answer instanceof Created.Different)
                && written.fingerprint().equals(other.fingerprint());
    }

    private List<Created> writeRound(Connection connection, List<Create> commands) throws SQLException {
        List<Placed<Create>> all = Placed.of(commands);
        Map<String, Created> answers = HashMap.newHashMap(all.size());
        List<Placed<Create>> open = all;
        for (int look = 0; !open.isEmpty(); look++) {
            if (look == LOOKS) {
                throw new IllegalStateException("a job is neither accepted nor found");
            }
            if (look > 0 || !insertFresh(connection, open, answers)) {
                insert(connection, false, look == 0 ? open : unplaced(open), answers);
            }
            open = unanswered(open, answers);
            if (!open.isEmpty()) {
                find(connection, open, answers);
                open = unanswered(open, answers);
            }
        }
        return all.stream()
                .map(job -> Objects.requireNonNull(answers.get(job.write().job().id())))
                .toList();
    }

    /// A place that did not fit is not tried again.
    private static List<Placed<Create>> unplaced(List<Placed<Create>> jobs) {
        return jobs.stream().map(Placed::without).toList();
    }

    private static List<Placed<Create>> unanswered(List<Placed<Create>> jobs, Map<String, Created> answers) {
        return answers.size() >= jobs.size()
                        && jobs.stream()
                                .allMatch(job ->
                                        answers.containsKey(job.write().job().id()))
                ? List.of()
                : jobs.stream()
                        .filter(job -> !answers.containsKey(job.write().job().id()))
                        .toList();
    }

    /// False when nothing was written, as an id is not new, or may not be.
    private boolean insertFresh(Connection connection, List<Placed<Create>> jobs, Map<String, Created> answers)
            throws SQLException {
        long now = time.millis();
        if (!jobs.stream().allMatch(job -> FreshId.is(job.write().job().id(), now))) {
            return false;
        }
        try {
            insert(connection, true, jobs, answers);
            return true;
        } catch (SQLException e) {
            if (IS_THERE.equals(e.getSQLState())) {
                return false;
            }
            throw e;
        }
    }

    private void insert(Connection connection, boolean fresh, List<Placed<Create>> jobs, Map<String, Created> answers)
            throws SQLException {
        Map<String, Placed<Create>> byId = HashMap.newHashMap(jobs.size());
        jobs.forEach(job -> byId.put(job.write().job().id(), job));
        boolean handed = jobs.stream().anyMatch(job -> job.place() != null);
        boolean waiting = jobs.stream().anyMatch(job -> job.write().start() && job.place() == null);
        List<Placed<Create>> traced =
                jobs.stream().filter(job -> job.write().trace() != null).toList();
        Parts parts = new Parts(fresh, handed, waiting, elders.areThere(connection), !traced.isEmpty());
        String sql = parts.statement().of(jobs.size());
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            Columns<Placed<Create>> columns = bind(Columns.sized(statement, jobs), waiting);
            if (!traced.isEmpty()) {
                columns.all(byId(traced, Trace::parent)).all(byId(traced, Trace::state));
            }
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String id = JobRow.text(rows, "id");
                    answers.put(id, accepted(rows, Objects.requireNonNull(byId.get(id))));
                }
            }
        }
    }

    private static String byId(List<Placed<Create>> jobs, Function<Trace, String> part) {
        Map<String, String> parts = HashMap.newHashMap(jobs.size());
        for (Placed<Create> job : jobs) {
            String text = part.apply(Objects.requireNonNull(job.write().trace()));
            if (!text.isEmpty()) {
                parts.put(job.write().job().id(), text);
            }
        }
        return Objects.requireNonNull(FlatJson.write(parts));
    }

    private static Created accepted(ResultSet row, Placed<Create> job) throws SQLException {
        Instant handed = JobRow.instantOrNull(row, "started_at");
        Place place = job.place();
        return handed == null || place == null
                ? new Created.New(JobRow.text(row, "queue"))
                : new Created.Handed(new Assignment(
                        job.write().job(),
                        1,
                        place.slot().lease(),
                        place.slot().sessionId(),
                        handed,
                        0,
                        job.write().trace()));
    }

    /// Gives no answer to a job that is not there: it was deleted between the two statements.
    private static void find(Connection connection, List<Placed<Create>> jobs, Map<String, Created> answers)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(FIND)) {
            new Columns<>(statement, jobs)
                    .text(c -> c.write().job().id())
                    .text(c -> c.write().job().runner())
                    .text(c -> c.write().fingerprint());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String id = JobRow.text(rows, "id");
                    String status = rows.getString("status");
                    if (status != null) {
                        answers.put(
                                id,
                                rows.getBoolean("is_same")
                                        ? new Created.Same(JobStatus.of(status), JobRow.text(rows, "queue"))
                                        : new Created.Different());
                    } else if (!rows.getBoolean("is_known")) {
                        answers.put(id, new Created.NoRunner());
                    }
                }
            }
        }
    }

    private Columns<Placed<Create>> bind(Columns<Placed<Create>> columns, boolean waiting) throws SQLException {
        return columns.text(c -> c.write().job().id())
                .text(c -> c.write().job().callerId())
                .text(c -> c.write().job().contextId())
                .text(c -> c.write().job().payload())
                .text(c -> c.write().job().runner())
                .text(c -> c.write().job().executor())
                .doubles(c -> c.write().job().timeoutS())
                .text(c -> FlatJson.write(c.write().job().envVars()))
                .text(c -> c.write().job().createdAt())
                .text(c -> c.write().job().updatedAt())
                .ints(c -> boxed(c.write().job().extras().retries()))
                .doubles(c -> c.write().job().extras().retryDelayS())
                .ints(c -> boxed(c.write().job().extras().priority()))
                .text(c -> c.write().job().extras().startAt())
                .text(c -> startAt(c.write().job().extras().startAt()))
                .text(c -> FlatJson.write(c.write().job().extras().labels()))
                .booleans(c -> c.write().job().extras().atMostOnce())
                .text(c -> c.write().fingerprint())
                .booleans(c -> c.write().start())
                .text(Placed::queue)
                .text(Placed::session)
                .longs(Placed::lease)
                .all(waiting)
                .all(node);
    }

    private static @Nullable Integer boxed(OptionalInt value) {
        return value.isPresent() ? value.getAsInt() : null;
    }

    /// RFC 3339 in any letter case to a form that PostgreSQL reads.
    private static @Nullable String startAt(@Nullable String text) {
        return text == null ? null : OffsetDateTime.parse(text).toString();
    }
}
