package hero.supervisor.store;

import static hero.supervisor.store.schema.Tables.JOBS;
import static hero.supervisor.store.schema.Tables.JOB_HOLDS;
import static hero.supervisor.store.schema.Tables.JOB_QUEUE;
import static hero.supervisor.store.schema.Tables.JOB_TIMERS;

import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.store.JobStore.Page;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.function.Function;
import org.jooq.Condition;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Record1;
import org.jooq.Result;
import org.jooq.Select;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/// Pages of jobs, newest first, none of which takes longer the longer the history is. Only number and id have an
/// index, as each further one costs every job; so a filter that few jobs fit is answered by
///
/// - what else is kept of jobs that wait or run, when these are not many;
/// - the numbers between two times, as numbers grow with time;
/// - for the rest a walk in stretches, each a statement and a page of its own that may be empty.
///
/// Thread-safe.
final class JobPages {
    /// 20 to 100 ms.
    static final int STRETCH = 20_000;
    static final int FEW = 10_000;
    /// The clock of the database may have been set back by that much: jobs lie in another order than their times.
    private static final Duration CLOCK_SLACK = Duration.ofHours(1);

    /// The lowest number such that it and all later ones were accepted at that time or later.
    private static final String FIRST_SINCE = """
            with recursive search as (
              select coalesce(min(number), 0) as low, coalesce(max(number), 0) + 1 as high from jobs
              union all
              select case when m.accepted_at < {0} then m.number + 1 else s.low end,
                case when m.accepted_at < {0} then s.high else (s.low + s.high) / 2 end
              from search s left join lateral (
                select j.number, j.accepted_at from jobs j
                where j.number >= (s.low + s.high) / 2 and j.number < s.high order by j.number limit 1) m on true
              where s.low < s.high
            )
            select low from search where low >= high
            """;

    /// What a page holds; its jobs are in memory at the same time, in several forms.
    private static final long BYTES = 4 << 20;
    /// What [JobReads#job] reads. Not what jobs printed, which may be as large as all the rest.
    private static final List<Field<?>> SHOWN = List.of(
            JOBS.NUMBER,
            JOBS.ID,
            JOBS.CALLER_ID,
            JOBS.CONTEXT_ID,
            JOBS.PAYLOAD,
            JOBS.RUNNER,
            JOBS.EXECUTOR,
            JOBS.TIMEOUT_S,
            JOBS.ENV_VARS,
            JOBS.CREATED_TEXT,
            JOBS.UPDATED_TEXT,
            JOBS.RETRIES,
            JOBS.RETRY_DELAY_S,
            JOBS.PRIORITY,
            JOBS.START_TEXT,
            JOBS.LABELS,
            JOBS.AT_MOST_ONCE);
    /// Of the jobs before this one on the page.
    private static final Field<Long> BEFORE = DSL.field(
                    "coalesce(sum(octet_length(payload) + octet_length(env_vars::text))"
                            + " over (order by number desc rows between unbounded preceding and 1 preceding), 0)",
                    Long.class)
            .as("bytes_before");
    private static final Field<Integer> FITTING =
            DSL.field("count(*) over ()", Integer.class).as("fitting");

    private static final Field<Long> NAMED = DSL.field(
                    "unnest(coalesce({0}, array[{1}]))", Long.class, JOB_HOLDS.NUMBERS, JOB_HOLDS.JOB_NUMBER)
            .as("number");

    private final Database database;
    private final int stretch;
    private final int few;

    /// @param stretch jobs that are looked at in one statement
    /// @param few waiting or running jobs that are told from all others by their numbers
    JobPages(Database database, int stretch, int few) {
        this.database = database;
        this.stretch = stretch;
        this.few = few;
    }

    Page page(JobFilter filter, long before, int max) {
        long from =
                filter.createdAfter() == null ? 0 : since(filter.createdAfter().minus(CLOCK_SLACK));
        long end = filter.createdBefore() == null
                ? before
                : Math.min(before, since(filter.createdBefore().plus(CLOCK_SLACK)));
        Condition fits = fits(filter);
        if (filter.equals(JobFilter.ALL)) {
            return rows(fits, from, end, max, 0);
        }
        Long[] known = known(filter.status());
        if (known != null) {
            return rows(fits.and(JOBS.NUMBER.eq(DSL.any(known))), from, end, max, 0);
        }
        return walk(fits, from, end, max);
    }

    private long since(Instant time) {
        return database.query(
                sql -> sql.fetchSingle(FIRST_SINCE, DSL.val(utc(time))).get(0, Long.class));
    }

    private Page walk(Condition fits, long from, long end, int max) {
        Long newest = database.query(sql -> sql.select(DSL.max(JOBS.NUMBER))
                .from(JOBS)
                .where(JOBS.NUMBER.ge(from))
                .and(JOBS.NUMBER.lt(end))
                .fetchSingle()
                .value1());
        if (newest == null) {
            return new Page(List.of(), 0);
        }
        long start = Math.max(from, newest - stretch + 1);
        return rows(fits, start, newest + 1, max, start > from ? start : 0);
    }

    /// @param rest where to go on when no more jobs fit between these numbers; 0 for nowhere
    private Page rows(Condition fits, long from, long end, int max, long rest) {
        var newest = DSL.select(SHOWN)
                .from(JOBS)
                .where(JOBS.NUMBER.ge(from))
                .and(JOBS.NUMBER.lt(end))
                .and(fits)
                .orderBy(JOBS.NUMBER.desc())
                .limit(max)
                .asTable("newest");
        var sized = DSL.select(newest.asterisk(), BEFORE, FITTING).from(newest).asTable("sized");
        Result<Record> rows = database.query(sql -> sql.select()
                .from(sized)
                .where(DSL.field(DSL.name("bytes_before"), Long.class).lt(BYTES))
                .orderBy(DSL.field(DSL.name("number")).desc())
                .fetch());
        int fitting = rows.isEmpty() ? 0 : rows.getFirst().get(FITTING);
        boolean isWhole = fitting < max && rows.size() == fitting;
        return new Page(
                rows.stream().map(JobReads::job).toList(),
                isWhole ? rest : rows.getLast().get(JOBS.NUMBER));
    }

    /// The numbers of the jobs that may have this status; null when they are many, or known from their rows only.
    private Long @Nullable [] known(@Nullable JobStatus status) {
        Select<Record1<Long>> all = switch (status) {
            // Not the view job_held, whose join may read all jobs. What has ended since is told by its row.
            case RUNNING -> DSL.select(NAMED).from(JOB_HOLDS);
            case QUEUED ->
                DSL.select(JOB_QUEUE.JOB_NUMBER)
                        .from(JOB_QUEUE)
                        .unionAll(DSL.select(JOB_TIMERS.JOB_NUMBER).from(JOB_TIMERS));
            case null, default -> null;
        };
        if (all == null) {
            return null;
        }
        Long[] numbers = database.query(
                sql -> sql.selectFrom(all.asTable("known")).limit(few + 1).fetchArray(0, Long.class));
        return numbers.length > few ? null : numbers;
    }

    private static Condition fits(JobFilter filter) {
        return DSL.and(
                when(filter.status(), status -> JOBS.STATUS.eq(status.word())),
                when(filter.runner(), JOBS.RUNNER::eq),
                when(filter.executor(), JOBS.EXECUTOR::eq),
                when(filter.callerId(), JOBS.CALLER_ID::eq),
                when(filter.contextId(), JOBS.CONTEXT_ID::eq),
                when(filter.createdAfter(), time -> JOBS.ACCEPTED_AT.gt(utc(time))),
                when(filter.createdBefore(), time -> JOBS.ACCEPTED_AT.lt(utc(time))));
    }

    private static <T> Condition when(@Nullable T value, Function<T, Condition> condition) {
        return value == null ? DSL.noCondition() : condition.apply(value);
    }

    private static OffsetDateTime utc(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }
}
