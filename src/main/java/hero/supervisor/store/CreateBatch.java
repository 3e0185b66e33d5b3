package hero.supervisor.store;

import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.store.JobStore.Created;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Accepts many jobs in one statement: their rows, their places in the queue, their events.
final class CreateBatch implements GroupCommit.Batch<CreateBatch.Create, Created> {
    private static final int LOOKS = 3;

    /// Runs of `insert … on conflict do nothing`: what another gateway inserts at the same time is waited for, but
    /// not shown to this statement; such a row answers with no status, and the next look finds it.
    private static final String SQL = """
            with input as (
              select * from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::float8[],
                  ?::text[], ?::text[], ?::text[], ?::int[], ?::float8[], ?::int[], ?::text[], ?::timestamptz[],
                  ?::text[], ?::bool[], ?::text[], ?::bool[])
                with ordinality as i(id, caller_id, context_id, payload, runner, executor, timeout_s,
                  env_vars, created_text, updated_text, retries, retry_delay_s, priority, start_text, start_at,
                  labels, at_most_once, fingerprint, start, ord)
            ),
            known as (
              select i.*, r.queue from input i join runners r on r.name = i.runner
            ),
            placed as (
              select n.*, case when n.start then nextval('job_queue_seq') end as place
              from (
                select k.* from known k where not exists (select from jobs j where j.id = k.id) order by k.ord
              ) n
            ),
            accepted as (
              insert into jobs (id, caller_id, context_id, payload, runner, queue, executor, timeout_s, env_vars,
                created_text, updated_text, retries, retry_delay_s, priority, start_text, start_at, labels,
                at_most_once, fingerprint, status, queued_at, queue_seq)
              select id, caller_id, context_id, payload, runner, queue, executor, timeout_s, env_vars::jsonb,
                created_text, updated_text, retries, retry_delay_s, priority, start_text, start_at, labels::jsonb,
                at_most_once, decode(fingerprint, 'hex'),
                case when start then 'queued' else 'created' end,
                case when start then clock_timestamp() end, place
              from placed order by ord
              on conflict (id) do nothing
              returning number, id, runner, queue, coalesce(priority, 0) as priority, queue_seq, status, start_at
            ),
            queued as (
              insert into job_queue (queue, priority, seq, job_number)
              select queue, priority, queue_seq, number from accepted
              where status = 'queued' and (start_at is null or start_at <= now())
              order by number
            ),
            timed as (
              insert into job_timers (due_at, job_number)
              select start_at, number from accepted where status = 'queued' and start_at > now()
            ),
            logged as (
              insert into job_events (job_id, status, attempt, runner, queue, node)
              select a.id, s.status, 0, a.runner, a.queue, ?
              from accepted a join (values (1, 'created'), (2, 'queued')) s(step, status)
                on s.step = 1 or a.status = 'queued'
              order by a.number, s.step
            )
            select i.ord, a.id is not null as is_new, e.id is not null as is_old, k.id is not null as is_known,
              coalesce(a.queue, e.queue) as queue, e.status, encode(e.fingerprint, 'hex') = i.fingerprint as is_same
            from input i
              left join known k on k.ord = i.ord
              left join accepted a on a.id = i.id
              left join jobs e on e.id = i.id
            order by i.ord
            """;

    record Create(Job job, boolean start, String fingerprint) {
        static Create of(Job job, boolean start) {
            return new Create(job, start, Fingerprint.of(job));
        }
    }

    private final String node;

    CreateBatch(String node) {
        this.node = node;
    }

    @Override
    public List<Created> write(Connection connection, List<Create> commands) throws SQLException {
        return Rounds.of(connection, commands, create -> create.job().id(), round -> writeRound(connection, round));
    }

    private List<Created> writeRound(Connection connection, List<Create> commands) throws SQLException {
        List<@Nullable Created> answers = look(connection, commands);
        for (int looks = 1; answers.contains(null); looks++) {
            if (looks == LOOKS) {
                throw new IllegalStateException("a job is neither accepted nor found");
            }
            List<Create> unclear = new ArrayList<>();
            for (int i = 0; i < commands.size(); i++) {
                if (answers.get(i) == null) {
                    unclear.add(commands.get(i));
                }
            }
            // See Rounds: a statement that sees more than the last one is a transaction of its own.
            connection.commit();
            List<@Nullable Created> found = look(connection, unclear);
            answers.replaceAll(answer -> answer == null ? found.removeFirst() : answer);
        }
        List<Created> all = new ArrayList<>();
        answers.forEach(answer -> all.add(Objects.requireNonNull(answer)));
        return all;
    }

    /// Null for a job that another gateway has just inserted.
    private List<@Nullable Created> look(Connection connection, List<Create> commands) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            bind(new Columns<>(statement, commands));
            List<@Nullable Created> answers = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    answers.add(answer(rows));
                }
            }
            return answers;
        }
    }

    private static @Nullable Created answer(ResultSet row) throws SQLException {
        if (row.getBoolean("is_new")) {
            return new Created.New(JobRow.text(row, "queue"));
        } else if (row.getBoolean("is_old")) {
            return row.getBoolean("is_same")
                    ? new Created.Same(JobStatus.of(JobRow.text(row, "status")), JobRow.text(row, "queue"))
                    : new Created.Different();
        }
        return row.getBoolean("is_known") ? null : new Created.NoRunner();
    }

    private void bind(Columns<Create> columns) throws SQLException {
        columns.text(c -> c.job().id())
                .text(c -> c.job().callerId())
                .text(c -> c.job().contextId())
                .text(c -> c.job().payload())
                .text(c -> c.job().runner())
                .text(c -> c.job().executor())
                .array("float8", c -> c.job().timeoutS())
                .text(c -> FlatJson.write(c.job().envVars()))
                .text(c -> c.job().createdAt())
                .text(c -> c.job().updatedAt())
                .array("int4", c -> boxed(c.job().extras().retries()))
                .array("float8", c -> c.job().extras().retryDelayS())
                .array("int4", c -> boxed(c.job().extras().priority()))
                .text(c -> c.job().extras().startAt())
                .text(c -> startAt(c.job().extras().startAt()))
                .text(c -> FlatJson.write(c.job().extras().labels()))
                .array("bool", c -> c.job().extras().atMostOnce())
                .text(Create::fingerprint)
                .array("bool", Create::start)
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
