package hero.supervisor.store;

import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jooq.Field;
import org.jooq.JSONB;
import org.jooq.Record;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/// Ready questions to the schema `report`, as `supervisor report` puts them: with the rights of whoever is
/// connected, read-only and at most 30 s. Safe for any thread.
public final class Reports {
    /// Rows of one answer; the newest or the largest.
    public static final int ROWS_MAX = 1000;

    private static final String THROUGHPUT = """
            select * from (
              select at, accepted, started, completed, failed, timeout, retried, lost, deleted,
                wait_p50_s, wait_p95_s, wait_p99_s, run_p50_s, run_p95_s, run_p99_s, busy_s
              from report.throughput
              where period = {1} and at >= date_trunc({1}, now() - make_interval(secs => {0}), 'UTC')
              order by at desc limit {2}) newest
            order by at
            """;

    /// From the job rows accepted in that time, which the index on that time finds.
    private static final String FAILURES = """
            select error_head, status, queue, count(*) as jobs, max(completed_at) as last_at,
              (array_agg(job_id order by completed_at desc))[1] as last_job_id
            from report.jobs
            where accepted_at >= now() - make_interval(secs => {0}) and status in ('failed', 'timeout')
            group by error_head, status, queue order by jobs desc, last_at desc limit {1}
            """;

    private static final String RUNNERS = """
            select runner, queue, state, slots, running, utilisation, node, connected_at, seen_at, ended_at, connected_s,
              session_id
            from report.runners
            where ended_at is null or ended_at >= now() - make_interval(secs => {0})
            order by ended_at desc nulls first, runner, connected_at limit {1}
            """;

    private static final String QUEUES = "select * from report.queues order by depth desc, queue limit {0}";

    private static final String SLOW = """
            select job_id, status, run_s, wait_s, runner, executor, caller_id, context_id, started_at
            from report.jobs
            where accepted_at >= now() - make_interval(secs => {0}) and run_s is not null
            order by run_s desc limit {1}
            """;

    private static final String ROLE = "supervisor_report";

    private final Database database;

    public Reports(Database database) {
        this.database = database;
    }

    /// What can be asked.
    public enum Question {
        THROUGHPUT,
        FAILURES,
        RUNNERS,
        QUEUES,
        SLOW
    }

    /// The step that gives some tens of rows.
    private static String period(Duration since) {
        if (since.compareTo(Duration.ofHours(3)) <= 0) {
            return "minute";
        }
        return since.compareTo(Duration.ofDays(7)) <= 0 ? "hour" : "day";
    }

    /// Rows in the order in which they are to be shown, each with the columns in order; times as RFC 3339, numbers
    /// as numbers. [Database.Unusable] in words for people when the user may not read, the schema is older than
    /// this version, or the answer takes longer than 30 s.
    public List<Map<String, @Nullable Object>> rows(Question question, Duration since) {
        Field<Double> seconds = DSL.val((double) since.toSeconds());
        Field<Integer> max = DSL.val(ROWS_MAX);
        try {
            return database.upkeep(sql -> {
                sql.execute("set transaction read only");
                sql.execute("set local statement_timeout = '30s'");
                List<Record> rows = new ArrayList<>(
                        switch (question) {
                            case THROUGHPUT -> sql.fetch(THROUGHPUT, seconds, DSL.inline(period(since)), max);
                            case FAILURES -> sql.fetch(FAILURES, seconds, max);
                            case RUNNERS -> sql.fetch(RUNNERS, seconds, max);
                            case QUEUES -> sql.fetch(QUEUES, max);
                            case SLOW -> sql.fetch(SLOW, seconds, DSL.val(20));
                        });
                return rows.stream().map(Reports::tree).toList();
            });
        } catch (DataAccessException e) {
            throw told(e);
        }
    }

    /// Counts the figures again, see [Figures#rebuild]; for the schema's owner. Returns how many events that took.
    public long rebuild() {
        try {
            try (Figures figures = new Figures(database)) {
                return figures.rebuild();
            }
        } catch (DataAccessException e) {
            throw told(e);
        }
    }

    /// Lets the role `supervisor_report` log in with this password; for a user who may change roles. The password
    /// is hashed here, and is in no statement that the server could log.
    public void login(String password) {
        try {
            database.transaction(connection -> {
                try (Statement statement = connection.createStatement()) {
                    // Who reads reports is read-only by default, and shall hear what is missing and not that.
                    statement.execute("set transaction read write");
                    connection.unwrap(PGConnection.class).alterUserPassword(ROLE, password.toCharArray(), null);
                    return statement.execute("alter role " + ROLE + " login");
                }
            });
        } catch (IllegalStateException e) {
            throw e.getCause() instanceof SQLException cause ? told(cause.getSQLState(), e) : e;
        }
    }

    private static Map<String, @Nullable Object> tree(Record row) {
        Map<String, @Nullable Object> tree = new LinkedHashMap<>();
        for (Field<?> field : row.fields()) {
            tree.put(
                    field.getName(),
                    switch (row.get(field)) {
                        case null -> null;
                        case OffsetDateTime time -> time.toInstant().toString();
                        case JSONB json -> json.data();
                        case Float number -> number.doubleValue();
                        case Object value -> value;
                    });
        }
        return tree;
    }

    /// Source: PostgreSQL, appendix A.
    private static RuntimeException told(DataAccessException e) {
        return told(e.getCause() instanceof SQLException cause ? cause.getSQLState() : null, e);
    }

    private static RuntimeException told(@Nullable String state, RuntimeException e) {
        return switch (String.valueOf(state)) {
            case "42501" ->
                new Database.Unusable(
                        "this user of the database may not do that: reports need the schema's owner or the"
                                + " role supervisor_report, 'rebuild' the owner, 'login' a user with CREATEROLE");
            case "3F000", "42P01", "42703" ->
                new Database.Unusable(
                        "the database has no schema 'report' of this version; run 'supervisor migrate up'");
            case "42704" ->
                new Database.Unusable("there is no role supervisor_report, because the user who migrated may not make"
                        + " roles; docs/REPORTING.md has the statements for one who may");
            case "57014" ->
                new Database.Unusable("the report took longer than 30 s and was given up; ask for less, with a shorter"
                        + " --since, or ask a replica");
            case "55P03" -> new Database.Unusable("a gateway was counting for longer than 10 s; run it again");
            default -> e;
        };
    }
}
