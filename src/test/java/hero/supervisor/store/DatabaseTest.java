package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.FreePort;
import hero.supervisor.domain.Refusal;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class DatabaseTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static String refusal(Database.Settings settings) {
        return String.valueOf(assertThrows(
                        Database.Unusable.class,
                        () -> Database.connect(settings, Duration.ofMillis(1)).close())
                .getMessage());
    }

    @Test
    void a_server_that_is_not_there_is_named_without_its_password() throws IOException {
        int port = FreePort.find();
        String url = "jdbc:postgresql://127.0.0.1:" + port + "/db?password=hidden";
        String refusal = refusal(new Database.Settings(url, "u", "hidden"));
        assertTrue(refusal.contains("127.0.0.1:" + port + "/db cannot be reached"), refusal);
        assertTrue(refusal.contains("SUPERVISOR_DB_URL"), refusal);
        assertFalse(refusal.contains("hidden"), refusal);
        assertFalse(new Database.Settings(url, "u", "hidden").toString().contains("hidden"));
    }

    @Test
    void a_database_that_does_not_exist_is_refused_at_once() {
        Database.Settings settings = PostgresFixture.emptyDatabase();
        String url = settings.url().replaceFirst("/[^/?]*(\\?|$)", "/nowhere$1");
        String refusal = refusal(new Database.Settings(url, settings.user(), settings.password()));
        assertTrue(refusal.contains("nowhere"), refusal);
    }

    @Test
    void an_empty_database_is_migrated_once_and_then_fits() {
        try (Database database = Database.connect(PostgresFixture.emptyDatabase(), PATIENCE)) {
            Migrations migrations = new Migrations(database);
            assertEquals(
                    Migrations.STEPS + " steps of the schema are missing; run 'supervisor migrate up'",
                    assertThrows(Database.Unusable.class, migrations::validate).getMessage());
            assertTrue(migrations.info().stream().allMatch(step -> step.takenAt() == null));
            assertEquals(
                    List.of("Pending"),
                    migrations.info().stream()
                            .map(Migrations.Step::state)
                            .distinct()
                            .toList());
            assertTrue(migrations.up() > 0);
            assertEquals(0, migrations.up());
            migrations.validate();
            assertTrue(migrations.info().stream().allMatch(step -> step.takenAt() != null));
            assertEquals(
                    List.of("Success"),
                    migrations.info().stream()
                            .map(Migrations.Step::state)
                            .distinct()
                            .toList());
        }
    }

    /// The pool's connections take the user of the URL, those of migrations the setting.
    @Test
    void a_migration_that_is_not_let_in_says_so_and_not_that_the_schema_is_wrong() {
        Database.Settings settings = PostgresFixture.emptyDatabase();
        String url = settings.url() + (settings.url().contains("?") ? "&" : "?") + "user=" + settings.user();
        try (Database database =
                Database.connect(new Database.Settings(url, "nobody_there", settings.password()), PATIENCE)) {
            String refusal = String.valueOf(assertThrows(Database.Unusable.class, new Migrations(database)::validate)
                    .getMessage());
            assertTrue(refusal.startsWith("PostgreSQL at ") && refusal.contains(" refuses us: "), refusal);
            assertTrue(refusal.contains("nobody_there"), refusal);
        }
    }

    @Test
    void a_broken_connection_is_busy_and_the_next_call_works() {
        try (Database database = Database.connect(PostgresFixture.emptyDatabase(), PATIENCE)) {
            Refusal refusal = assertThrows(
                    Refusal.class,
                    () -> database.query(sql -> sql.fetch("select pg_terminate_backend(pg_backend_pid())")));
            assertEquals(Refusal.Kind.BUSY, refusal.kind());
            assertTrue(refusal.data().containsKey("retry_after_ms"));
            Integer one = database.query(sql -> sql.fetchSingle("select 1").get(0, Integer.class));
            assertEquals(1, one.intValue());
            assertTrue(database.reachable());
        }
    }

    @Test
    void a_failing_statement_is_no_outage_and_rolls_back() {
        try (Database database = Database.connect(PostgresFixture.emptyDatabase(), PATIENCE)) {
            RuntimeException failure = assertThrows(
                    RuntimeException.class,
                    () -> database.transactionQuery(sql -> {
                        sql.execute("create table half (n int)");
                        return sql.fetch("select 1 / 0");
                    }));
            assertFalse(failure instanceof Refusal);
            Boolean gone = database.query(
                    sql -> sql.fetchSingle("select to_regclass('half') is null").get(0, Boolean.class));
            assertTrue(gone);
        }
    }

    @Test
    void an_exhausted_pool_is_busy() {
        Database.Settings one = PostgresFixture.emptyDatabase();
        try (Database database =
                Database.connect(new Database.Settings(one.url(), one.user(), one.password(), 1), PATIENCE)) {
            Refusal refusal = database.query(
                    outer -> assertThrows(Refusal.class, () -> database.query(inner -> inner.fetch("select 1"))));
            assertEquals(Refusal.Kind.BUSY, refusal.kind());
            assertTrue(String.valueOf(refusal.getMessage()).startsWith("every connection to the database is in use"));
        }
    }
}
