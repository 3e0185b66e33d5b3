package hero.supervisor.store;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Upgrades: from the schema of an earlier version, beside those who still write to it.
@Timeout(60)
final class MigrationsTest {
    /// The newest step of the version before this one.
    private static final String EARLIER = "003";

    /// What a gateway of that version does to a job, in its columns: it takes it and logs that.
    private static final String LIFE = """
            with job as (
              insert into jobs (id, caller_id, context_id, payload, runner, queue, executor, timeout_s, env_vars,
                created_text, updated_text, fingerprint, status)
              values ('job-' || ?, 'c', 'x', 'true', 'r', 'q', 'sh', 60, '{}', '', '', '\\x00', 'created')
              returning id
            )
            insert into job_events (job_id, status, attempt, runner, queue, node)
            select id, 'created', 0, 'r', 'q', 'earlier' from job
            """;

    private static Database.Settings earlier() {
        Database.Settings settings = PostgresFixture.emptyDatabase();
        Flyway.configure(Migrations.class.getClassLoader())
                .dataSource(settings.url(), settings.user(), settings.password())
                .locations("classpath:db/migration")
                .target(EARLIER)
                .load()
                .migrate();
        return settings;
    }

    private static long count(Database database, String sql) {
        Long number = database.query(query -> query.fetchSingle(sql).get(0, Long.class));
        return number == null ? -1 : number;
    }

    private static long validIndexes(Database database) {
        return count(
                database,
                "select count(*) from pg_index where indexrelid = to_regclass('jobs_accepted') and indisvalid");
    }

    private static List<String> optionsOfAccepted(Database database) {
        return database.query(
                sql -> sql.fetch("select unnest(reloptions) from pg_class where relname = 'jobs_accepted'")
                        .into(String.class));
    }

    /// Whether all are taken is asked without Flyway, by their number.
    @Test
    void the_number_of_steps_is_known_and_each_that_is_missing_or_broken_is_taken() {
        try (Database database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10))) {
            Migrations migrations = new Migrations(database);
            List<Migrations.Step> steps = migrations.info();
            assertEquals(Migrations.STEPS, steps.size());
            assertEquals(Migrations.NEWEST, Integer.parseInt(steps.getLast().version()));
            assertEquals(0, migrations.up());
            String newest = " where version = (select max(version) from flyway_schema_history)";
            database.query(sql -> sql.execute("update flyway_schema_history set success = false" + newest));
            assertEquals(1, migrations.up());
            database.query(sql -> sql.execute("delete from flyway_schema_history" + newest));
            assertEquals(1, migrations.up());
            assertEquals(0, migrations.up());
            assertTrue(migrations.complete());
        }
    }

    @Test
    void who_reads_jobs_keeps_a_step_waiting_and_no_writer() throws Exception {
        Database.Settings settings = PostgresFixture.freshDatabase();
        try (Database database = Database.connect(settings, Duration.ofSeconds(10));
                Connection reader = DriverManager.getConnection(settings.url(), Database.properties(settings));
                Connection writer = DriverManager.getConnection(settings.url(), Database.properties(settings))) {
            database.query(sql -> sql.execute("delete from flyway_schema_history where version >= '011'"));
            reader.setAutoCommit(false);
            execute(reader, "select count(*) from jobs");
            var up = CompletableFuture.supplyAsync(() -> new Migrations(database).up());
            execute(writer, "set lock_timeout = '1s'");
            String waits = "select count(*) from pg_locks where relation = 'jobs_accepted'::regclass and not granted";
            await().until(() -> count(database, waits) > 0);
            execute(writer, "update jobs set failures = 0");
            assertFalse(up.isDone());
            reader.rollback();
            assertEquals(9, up.join());
        }
    }

    @Test
    void an_earlier_schema_is_brought_up_while_an_earlier_version_goes_on_writing() throws Exception {
        Database.Settings settings = earlier();
        var over = new AtomicBoolean();
        var writing = new CountDownLatch(1);
        CompletableFuture<Integer> writer = CompletableFuture.supplyAsync(() -> write(settings, over, writing));
        try (Database database = Database.connect(settings, Duration.ofSeconds(10))) {
            writing.await();
            Migrations migrations = new Migrations(database);
            assertFalse(migrations.complete());
            assertTrue(migrations.up() > 0);
            assertTrue(migrations.complete());
            assertEquals(0, migrations.up());
            over.set(true);
            // Every write passed: none was refused by a new rule, and none waited for a second.
            int written = writer.get();
            assertTrue(written > 0);
            assertEquals(written, count(database, "select count(*) from jobs"));
            assertEquals(written, count(database, "select count(*) from job_events"));
            assertEquals(1, validIndexes(database));
            assertEquals(List.of("pages_per_range=32", "autosummarize=off"), optionsOfAccepted(database));
        } finally {
            over.set(true);
        }
    }

    private static int write(Database.Settings settings, AtomicBoolean over, CountDownLatch writing) {
        try (Connection connection = DriverManager.getConnection(settings.url(), Database.properties(settings));
                Statement timeout = connection.createStatement();
                var life = connection.prepareStatement(LIFE)) {
            timeout.execute("set lock_timeout = '1s'");
            int written = 0;
            // One more after the last step, which meets the new schema whole.
            for (boolean last = false; !last; written++) {
                last = over.get();
                life.setInt(1, written);
                life.executeUpdate();
                writing.countDown();
            }
            return written;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        } finally {
            writing.countDown();
        }
    }

    @Test
    void a_step_that_must_wait_for_a_long_reader_keeps_nobody_else_waiting() throws Exception {
        Database.Settings settings = PostgresFixture.freshDatabase();
        try (Database database = Database.connect(settings, Duration.ofSeconds(10));
                Connection dump = DriverManager.getConnection(settings.url(), Database.properties(settings));
                Connection writer = DriverManager.getConnection(settings.url(), Database.properties(settings))) {
            database.query(sql -> sql.execute("alter table job_traces drop column tracestate"));
            database.query(sql -> sql.execute("delete from flyway_schema_history where version >= '009'"));
            dump.setAutoCommit(false);
            execute(dump, "lock table job_traces in access share mode");
            var up = CompletableFuture.supplyAsync(() -> new Migrations(database).up());
            execute(writer, "set lock_timeout = '1s'");
            // As a gateway of the version before writes it; behind the step at least once.
            String waits = "select count(*) from pg_locks where relation = 'job_traces'::regclass and not granted";
            for (int at = 0, seen = 0; seen < 2; at++) {
                seen += count(database, waits) > 0 ? 1 : 0;
                execute(
                        writer,
                        "insert into job_traces (job_number, traceparent) values (" + at + ", repeat('0', 55))");
            }
            assertFalse(up.isDone());
            dump.rollback();
            assertEquals(11, up.join(), "that step, and those after it");
            execute(writer, "insert into job_traces (job_number, traceparent) values (-1, repeat('0', 55))");
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void a_step_that_broke_off_half_way_is_taken_again() throws Exception {
        try (Database database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10))) {
            // As a killed build of the index leaves it: an index that is not valid, and a step that failed.
            database.query(sql -> sql.execute("drop index jobs_accepted"));
            database.query(sql -> sql.execute("create index jobs_accepted on jobs (number)"));
            database.query(sql -> sql.execute("alter table job_traces drop column tracestate"));
            database.query(sql -> sql.execute("delete from flyway_schema_history where version > '008'"));
            database.query(
                    sql -> sql.execute("update flyway_schema_history set success = false where version = '008'"));
            Migrations migrations = new Migrations(database);
            assertFalse(migrations.complete());
            assertEquals(12, migrations.up());
            assertTrue(migrations.complete());
            assertEquals(1, validIndexes(database));
            assertEquals(
                    1,
                    count(
                            database,
                            "select count(*) from pg_indexes where indexname = 'jobs_accepted' and indexdef like '%brin%'"));
        }
    }
}
