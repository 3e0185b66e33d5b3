package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// The schema `report` is the one that docs/REPORTING.md tells of, and its scripts and examples run.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init")
class ReportDocsTest {
    private static final Pattern VIEW = Pattern.compile(
            "### (report\\.\\w+)\\n\\n([^|]*?)\\n\\n\\| Column \\| Type \\| Meaning \\|\\n\\|---\\|---\\|---\\|\\n((?:\\|[^\\n]*\\n)+)");
    private static final Pattern SQL = Pattern.compile("```sql( \\w+)?\\n(.*?)```", Pattern.DOTALL);

    private Database database;
    private String docs;

    @BeforeAll
    void setup() throws IOException {
        docs = Files.readString(Path.of("docs/REPORTING.md"));
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
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

    // ---- the contract ----

    @Test
    void the_documented_columns_are_those_of_the_database() {
        Map<String, List<String>> documented = new TreeMap<>();
        VIEW.matcher(docs).results().forEach(view -> documented.put(view.group(1), rows(view.group(3))));
        Map<String, List<String>> actual = new TreeMap<>();
        for (Record column : database.query(
                sql -> sql.fetch(
                        "select table_schema || '.' || table_name as name, column_name, data_type, col_description("
                                + "(table_schema || '.' || table_name)::regclass, ordinal_position::int) as meaning"
                                + " from information_schema.columns where table_schema = 'report' order by ordinal_position"))) {
            actual.computeIfAbsent(column.get("name", String.class), view -> new ArrayList<>())
                    .add("| " + column.get("column_name") + " | " + column.get("data_type") + " | "
                            + column.get("meaning") + " |");
        }
        assertEquals(documented, actual);
        assertEquals(
                List.of(),
                texts("select relname from pg_class where relnamespace = 'report'::regnamespace and relkind <> 'v'"),
                "views only");
    }

    private static List<String> rows(String table) {
        return table.strip().lines().toList();
    }

    @Test
    void the_first_version_s_columns_are_still_there() {
        // What others have built on: it may grow at the end, nothing else.
        Map<String, String> pinned = Map.of(
                "jobs",
                "number,job_id,status,caller_id,context_id,runner,queue,executor,priority,timeout_s,labels,accepted_at,"
                        + "queued_at,start_at,started_at,stop_requested_at,completed_at,deleted_at,attempts,failures,losses,"
                        + "exit_code,error_head,wait_s,run_s,total_s",
                "throughput",
                "period,at,accepted,started,completed,failed,timeout,retried,lost,deleted,wait_p50_s,wait_p95_s,"
                        + "wait_p99_s,run_p50_s,run_p95_s,run_p99_s,wait_s,run_s,busy_s",
                "queues",
                "queue,depth,delayed,running,oldest_wait_s,runners,sessions,slots",
                "failures",
                "day,status,queue,executor,error_head,jobs,first_at,last_at,last_job_id",
                "callers",
                "caller_id,context_id,jobs,completed,failed,timeout,unfinished,attempts,run_s,wait_s,first_at,last_at");
        pinned.forEach((view, columns) -> {
            String all = one("select string_agg(column_name, ',' order by ordinal_position) from"
                            + " information_schema.columns where table_schema = 'report' and table_name = '" + view
                            + "'")
                    .get(0, String.class);
            assertTrue(all.startsWith(columns), all);
        });
    }

    @Test
    void a_user_without_rights_on_roles_migrates_all_but_the_role() throws IOException {
        Database.Settings settings = PostgresFixture.emptyDatabase();
        String owner = "report_owner_" + ProcessHandle.current().pid();
        String name = settings.address().substring(settings.address().lastIndexOf('/') + 1);
        database.query(sql -> sql.execute("create role " + owner + " login password 'p' nocreaterole"));
        database.query(sql -> sql.execute("alter database " + name + " owner to " + owner));
        try (Database plain =
                Database.connect(new Database.Settings(settings.url(), owner, "p"), Duration.ofSeconds(10))) {
            new Migrations(plain).up();
            assertEquals(
                    0,
                    plain.query(sql -> sql.fetch("select * from report.jobs")).size());
            boolean granted = plain.query(
                    sql -> sql.fetchSingle("select has_table_privilege('supervisor_report', 'report.jobs', 'select')")
                            .get(0, Boolean.class));
            assertTrue(granted);
            // The documented script, as a superuser would run it where the role is missing; here it is there.
            String script = block(" setup").replace("create role supervisor_report nologin;", "");
            try (Database superuser = Database.connect(settings, Duration.ofSeconds(10))) {
                superuser.query(sql -> sql.execute(script));
            }
        }
    }

    // ---- the documents ----

    private String block(String name) {
        return SQL.matcher(docs)
                .results()
                .filter(block -> name.equals(block.group(1)))
                .map(block -> block.group(2))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void a_login_of_one_s_own_gets_the_role_and_its_limits() {
        database.transactionQuery(sql -> {
            sql.execute(block(" login"));
            assertEquals(
                    List.of(
                            "default_transaction_read_only=on",
                            "idle_in_transaction_session_timeout=60s",
                            "max_parallel_workers_per_gather=0",
                            "statement_timeout=30s"),
                    sql.fetch("select unnest(setconfig) as one from pg_db_role_setting"
                                    + " where setrole = 'grafana'::regrole order by one")
                            .into(String.class));
            sql.execute("set local role grafana");
            sql.fetch("select * from report.jobs");
            sql.execute("reset role");
            // Roles belong to the whole server.
            sql.execute("drop role grafana");
            return 0;
        });
    }

    @Test
    void every_example_runs_as_the_role() {
        List<MatchResult> examples = SQL.matcher(docs)
                .results()
                .filter(block -> block.group(1) == null)
                .toList();
        assertTrue(examples.size() >= 5);
        as(
                "supervisor_report",
                sql -> examples.forEach(
                        example -> sql.fetch(example.group(2).strip().replaceAll(";$", ""))));
    }

    @Test
    void a_tenant_sees_its_own_context_only_also_through_functions_that_leak() throws IOException {
        Database.Settings settings = PostgresFixture.freshDatabase();
        String reader = "tenant_a_reader_" + ProcessHandle.current().pid();
        try (Database fresh = Database.connect(settings, Duration.ofSeconds(10))) {
            fresh.query(sql -> sql.execute("insert into runners (name, queue) values ('runner', 'queue')"));
            try (var store = new PostgresJobStore(fresh, "one", 10, 10)) {
                get(store.create(job("mine"), false));
                get(store.create(job("theirs"), false));
            }
            fresh.query(sql -> sql.execute("update jobs set context_id = 'context-a' where id = 'mine'"));
            fresh.query(sql -> sql.execute("update jobs set context_id = 'context-b' where id = 'theirs'"));
            fresh.query(sql -> sql.execute(block(" tenant").replace("tenant_a_reader", reader)));
            fresh.query(sql -> sql.execute("create schema leaky; create table leaky.heard (id text);"
                    + " create function leaky.tell(id text) returns boolean cost 0.0001 language plpgsql as"
                    + " $$ begin insert into leaky.heard values (id); return true; end $$;"
                    + " grant usage on schema leaky to " + reader + "; grant all on leaky.heard to " + reader));
            fresh.transactionQuery(sql -> {
                sql.execute("set local role {0}", DSL.name(reader));
                assertEquals(
                        List.of("mine"),
                        sql.fetch("select job_id from tenant_a.jobs where leaky.tell(job_id)")
                                .into(String.class));
                assertEquals(0, sql.fetch("select * from tenant_a.attempts").size());
                assertEquals(
                        List.of("mine"), sql.fetch("select id from leaky.heard").into(String.class));
                return 0;
            });
            assertThrows(
                    DataAccessException.class,
                    () -> fresh.transactionQuery(sql -> {
                        sql.execute("set local role {0}", DSL.name(reader));
                        return sql.fetch("select * from report.jobs");
                    }));
        } finally {
            // A role is of all databases; what it owns and may do is of that one.
            try (Database fresh = Database.connect(settings, Duration.ofSeconds(10))) {
                fresh.query(sql -> sql.execute("drop owned by " + reader + "; drop role " + reader));
            }
        }
    }
}
