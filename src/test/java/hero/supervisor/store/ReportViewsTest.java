package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.fail;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.prioritised;
import static hero.supervisor.store.JobFixture.retried;
import static hero.supervisor.store.JobFixture.startingAt;
import static hero.supervisor.store.JobFixture.succeed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import hero.supervisor.store.RunnerStore.Session;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// The schema `report` is the one that docs/REPORTING.md tells of, and shows what happened to those who may see
/// it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init")
class ReportViewsTest {
    private static final String LONG_LINE = "e".repeat(130);

    private Database database;

    @BeforeAll
    void setup() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
        var runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        runners.register("away", "far");
        for (String session : List.of("s1", "s2")) {
            runners.openSession(
                    new Session(session, "runner", "one", 4, List.of("python"), Map.of()), false, Duration.ofHours(1));
        }
        runners.closeSession("s2", "one");
        try (var store = new PostgresJobStore(database, "one", 1000, 100)) {
            get(store.create(job("ok"), true));
            succeed(store, claimOne(store).key());
            get(store.create(job("bad"), true));
            fail(store, claimOne(store).key(), "\n" + LONG_LINE + "\r\nsecond line", 3);
            get(store.create(retried("again", 1, 0), true));
            fail(store, claimOne(store).key());
            fail(store, claimOne(store).key(), "broken\r\nagain", 4);
            get(store.create(job("gone"), true));
            succeed(store, claimOne(store).key());
            store.delete("gone", 0);
            get(store.create(retried("late", 1, 3000), true));
            fail(store, claimOne(store).key());
            store.stop("late");
            get(store.create(job("new"), false));
            get(store.create(job("held"), true));
            claimOne(store);
            get(store.create(prioritised("first", 5), true));
            get(store.create(job("second"), true));
            get(store.create(startingAt("then", "2999-01-01T00:00:00Z"), true));
        }
        try (Figures figures = new Figures(database)) {
            figures.count();
        }
    }

    @AfterAll
    void disconnect() {
        database.close();
    }

    private Record one(String query) {
        return database.query(sql -> sql.fetchSingle(query));
    }

    private List<String> texts(String query) {
        return database.query(sql -> sql.fetch(query).into(String.class));
    }

    private interface Reading {
        void with(DSLContext sql);
    }

    /// As a role, and without a trace.
    private void as(String role, Reading reading) {
        database.transactionQuery(sql -> {
            sql.execute("set local role {0}", DSL.name(role));
            reading.with(sql);
            sql.execute("reset role");
            return 0;
        });
    }

    // ---- what they show ----

    @Test
    void every_job_ever_accepted_has_its_row_and_a_deleted_one_its_times_only() {
        assertEquals(
                List.of("ok", "bad", "again", "gone", "late", "new", "held", "first", "second", "then"),
                texts("select job_id from report.jobs order by number"));
        Record gone = one("select * from report.jobs where job_id = 'gone'");
        for (String column :
                List.of("caller_id", "context_id", "runner", "queue", "executor", "error_head", "labels")) {
            assertNull(gone.get(column), column);
        }
        assertEquals("deleted", gone.get("status"));
        for (String column :
                List.of("accepted_at", "queued_at", "started_at", "completed_at", "deleted_at", "total_s")) {
            assertTrue(gone.get(column) != null, column);
        }
        assertEquals(
                List.of("created", "queued", "running", "completed", "deleted"),
                texts("select status from report.transitions where job_id = 'gone' order by xid, seq"));
        assertEquals(
                0,
                one("select count(coalesce(runner, queue, detail)) from report.transitions where job_id = 'gone'")
                        .get(0, Integer.class)
                        .intValue());
        assertEquals(
                1,
                one("select count(distinct queue) from report.transitions where job_id = 'ok'")
                        .get(0, Integer.class)
                        .intValue());
    }

    @Test
    void waits_and_runs_are_null_where_there_is_none() {
        assertEquals(
                List.of("again", "bad", "held", "ok"),
                texts("select job_id from report.jobs where wait_s >= 0 order by 1"),
                "not that of a job that ended while it waited for another attempt");
        assertEquals(
                List.of("again", "bad", "ok"), texts("select job_id from report.jobs where run_s >= 0 order by 1"));
    }

    @Test
    void attempts_are_those_that_job_get_tells() {
        assertEquals(
                List.of(
                        "again 1 failed",
                        "again 2 failed",
                        "bad 1 failed",
                        "held 1 running",
                        "late 1 failed",
                        "ok 1 completed"),
                texts("select concat_ws(' ', job_id, attempt, status) from report.attempts order by job_id, attempt"));
        try (var store = new PostgresJobStore(database, "two", 10, 10)) {
            for (String id : texts("select id from jobs")) {
                assertEquals(
                        store.details(id).orElseThrow().attempts().size(),
                        one("select count(*) from report.attempts where job_id = '" + id + "'")
                                .get(0, Integer.class)
                                .intValue(),
                        id);
            }
        }
    }

    @Test
    void errors_are_shown_by_their_first_line_cut_short() {
        assertEquals(
                List.of(LONG_LINE.substring(0, 120)),
                texts("select distinct error_head from report.failures where error_head like 'eee%'"));
        assertEquals(
                List.of("broken 1 again", "stopped 1 late"),
                texts(
                        "select concat_ws(' ', error_head, jobs, last_job_id) from report.failures where error_head not like"
                                + " 'eee%' order by error_head"));
    }

    @Test
    void a_queue_tells_its_depth_its_delays_and_the_wait_of_the_first_in_line() {
        assertEquals(
                List.of("far 0 0 0 1 0 0", "queue 2 1 1 1 1 4"),
                texts(
                        "select concat_ws(' ', queue, depth, delayed, running, runners, sessions, slots) from report.queues"
                                + " order by queue"));
        assertNull(one("select oldest_wait_s from report.queues where queue = 'far'")
                .get(0));
        database.transactionQuery(sql -> {
            sql.execute("update jobs set queued_at = now() - interval '1 hour' where id = 'second'");
            double wait = sql.fetchSingle("select oldest_wait_s from report.queues where queue = 'queue'")
                    .get(0, Double.class);
            assertEquals(3600, wait, 1e-3, "both are of the transaction's one now()");
            sql.execute("update jobs set queued_at = now() where id = 'second'");
            return 0;
        });
    }

    @Test
    void a_runner_has_a_row_per_session_and_one_without() {
        assertEquals(
                List.of("away absent 0", "runner connected 1", "runner ended 0"),
                texts("select concat_ws(' ', runner, state, coalesce(running, 0)) from report.runners order by 1"));
        assertEquals(
                0.25,
                one("select utilisation from report.runners where state = 'connected'")
                        .get(0, Double.class));
        Record used = one("select * from report.utilisation where period = 'day'");
        assertEquals(
                used.get("utilisation", Double.class),
                used.get("busy_s", Double.class) / used.get("slot_s", Double.class),
                1e-9);
    }

    @Test
    void callers_are_charged_for_every_attempt() {
        Record caller = one("select * from report.callers");
        assertEquals(9, caller.get("jobs", Integer.class).intValue());
        assertEquals(1, caller.get("completed", Integer.class).intValue());
        assertEquals(3, caller.get("failed", Integer.class).intValue());
        assertEquals(5, caller.get("unfinished", Integer.class).intValue());
        assertEquals(6, caller.get("attempts", Integer.class).intValue());
        assertEquals(
                one("select sum(run_s) from report.attempts").get(0, Double.class),
                caller.get("run_s", Double.class),
                1e-6);
    }

    @Test
    void a_last_attempt_that_is_kept_apart_is_charged_once() {
        database.transactionQuery(sql -> {
            sql.execute(
                    "insert into job_attempts (job_id, attempt, runner, session_id, started_at, ended_at, status, error)"
                            + " select id, attempt, runner, session_id, started_at, started_at + interval '1000 s', 'lost', 'x'"
                            + " from jobs where id = 'bad'");
            Record attempts = sql.fetchSingle("select count(*), sum(run_s) from report.attempts");
            Record caller = sql.fetchSingle("select attempts, run_s from report.callers");
            sql.execute("delete from job_attempts where job_id = 'bad'");
            assertEquals(attempts.get(0, Long.class), caller.get(0, Long.class));
            assertEquals(attempts.get(1, Double.class), caller.get(1, Double.class), 1e-6);
            assertTrue(attempts.get(1, Double.class) >= 1000);
            return 0;
        });
    }

    // ---- who may see them ----

    @Test
    void the_role_reads_every_report_and_nothing_else() {
        as("supervisor_report", sql -> {
            for (String view : texts("select relname from pg_class where relnamespace = 'report'::regnamespace")) {
                assertFalse(
                        sql.fetch("select * from {0}", DSL.table(DSL.name("report", view)))
                                .isEmpty(),
                        view);
            }
        });
        List<String> others = texts("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname ="
                + " 'public' union all select 'report_payload.jobs' order by 1");
        assertTrue(others.contains("public.secrets") && others.contains("public.jobs"), others.toString());
        for (String table : others) {
            assertDenied("select count(*) from " + table);
        }
        assertDenied("delete from report.jobs");
        assertDenied("update report.queues set queue = 'x'");
        assertDenied("insert into report.freshness values (now(), 1, 1)");
        assertDenied("create table report.mine (a int)");
        assertDenied("create table public.mine (a int)");
    }

    private void assertDenied(String statement) {
        DataAccessException e = assertThrows(
                DataAccessException.class, () -> as("supervisor_report", sql -> sql.execute(statement)), statement);
        String reason = String.valueOf(e.getMessage());
        assertTrue(reason.contains("permission denied") || reason.contains("view \""), reason);
    }

    @Test
    void the_role_has_its_own_limits() {
        List<String> limits = texts("select unnest(setconfig) from pg_db_role_setting s join pg_roles r on r.oid ="
                + " s.setrole where r.rolname = 'supervisor_report' order by 1");
        assertEquals(
                List.of(
                        "default_transaction_read_only=on",
                        "idle_in_transaction_session_timeout=60s",
                        "lock_timeout=2s",
                        "max_parallel_workers_per_gather=0",
                        "statement_timeout=30s"),
                limits);
    }

    @Test
    void no_payload_variable_or_output_is_in_any_report() {
        for (String view : texts("select relname from pg_class where relnamespace = 'report'::regnamespace")) {
            String all = one("select coalesce(string_agg(v::text, ' '), '') from report." + view + " v")
                    .get(0, String.class);
            for (String secret : List.of("print(1)", "quoted", "done", "second line")) {
                assertFalse(all.contains(secret), () -> view + " shows " + secret);
            }
        }
        assertEquals(
                "done",
                one("select output from report_payload.jobs where job_id = 'ok'")
                        .get(0));
    }

    @Test
    void every_query_of_the_dashboard_runs_as_the_role() throws IOException {
        JsonNode dashboard = new ObjectMapper()
                .readTree(Path.of("docs/grafana/dashboards/jobs.json").toFile());
        List<String> queries = new ArrayList<>();
        dashboard
                .path("panels")
                .forEach(panel -> panel.path("targets")
                        .forEach(target -> queries.add(target.path("rawSql").asText())));
        assertTrue(queries.size() >= 10, queries.toString());
        as("supervisor_report", sql -> {
            for (String query : queries) {
                String plain = query.replace("$period", "minute")
                        .replaceAll(
                                "\\$__timeFilter\\((\\w+)\\)",
                                "$1 between now() - interval '1 day' and now() + interval '1 day'");
                assertFalse(plain.contains("$"), plain);
                assertFalse(Objects.requireNonNull(sql.fetch(plain)).isEmpty(), plain);
            }
        });
    }
}
