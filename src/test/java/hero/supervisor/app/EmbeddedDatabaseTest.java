package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.runner.ProcessTable;
import hero.supervisor.store.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedDatabaseTest {
    @TempDir
    Path folder;

    private static String query(Database.Settings settings, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(settings.url(), settings.user(), settings.password());
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private static void execute(Database.Settings settings, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(settings.url(), settings.user(), settings.password());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void kill(long pid) {
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        process.destroyForcibly();
        process.onExit().join();
    }

    private EmbeddedDatabase start() {
        return EmbeddedDatabase.start(folder, line -> {});
    }

    private String refusal() {
        return String.valueOf(assertThrows(Database.Unusable.class, this::start).getMessage());
    }

    @Test
    void is_durable_private_and_keeps_its_data_over_a_stop() throws Exception {
        try (EmbeddedDatabase database = start()) {
            for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes", "data_checksums")) {
                assertEquals("on", query(database.settings(), "show " + setting), setting);
            }
            assertEquals("127.0.0.1", query(database.settings(), "show listen_addresses"));
            assertEquals("", query(database.settings(), "show unix_socket_directories"));
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("postgres.pass"))));
            Database.Settings wrong = new Database.Settings(database.settings().url(), "postgres", "guessed");
            assertThrows(SQLException.class, () -> query(wrong, "select 1"));
            execute(database.settings(), "create table kept as select 42 as n");
        }
        try (EmbeddedDatabase database = start()) {
            assertEquals("42", query(database.settings(), "select n from kept"));
        }
    }

    @Test
    void recovers_after_kill_of_postgres() throws Exception {
        EmbeddedDatabase killed = start();
        execute(killed.settings(), "create table kept as select 42 as n");
        kill(killed.pid().orElseThrow());
        killed.close();
        try (EmbeddedDatabase database = start()) {
            assertEquals("42", query(database.settings(), "select n from kept"));
        }
    }

    @Test
    void a_killed_supervisor_leaves_a_postgres_that_the_next_one_takes_over() throws Exception {
        Process supervisor = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        EmbeddedDatabaseTest.Child.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertEquals("ready", supervisor.inputReader().readLine());
        assertEquals(
                "the folder " + folder + " is in use by another supervisor (process " + supervisor.pid()
                        + "); stop it, or choose another folder with --data",
                refusal());
        kill(supervisor.pid());

        List<String> told = new ArrayList<>();
        try (EmbeddedDatabase database = EmbeddedDatabase.start(folder, told::add)) {
            assertEquals("42", query(database.settings(), "select n from kept"));
        }
        assertTrue(told.getFirst().contains("an earlier run left behind"), told.toString());
    }

    /// A supervisor in a process of its own.
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws Exception {
            EmbeddedDatabase database = EmbeddedDatabase.start(Path.of(arguments[0]), line -> {});
            execute(database.settings(), "create table kept as select 42 as n");
            System.out.println("ready");
            System.in.read();
        }
    }

    @Test
    void a_folder_in_use_is_refused_with_a_sentence() {
        try (EmbeddedDatabase first = start()) {
            String refusal = refusal();
            assertTrue(
                    refusal.contains("in use by another supervisor (process "
                            + ProcessHandle.current().pid() + ")"),
                    refusal);
            assertTrue(first.pid().isPresent());
        }
    }

    @Test
    void a_folder_of_another_version_is_refused_with_a_sentence() throws IOException {
        Files.createDirectories(folder.resolve("postgres"));
        Files.writeString(folder.resolve("postgres/PG_VERSION"), "14\n");
        String refusal = refusal();
        assertTrue(refusal.contains("was made by PostgreSQL 14"), refusal);
        assertFalse(Files.exists(folder.resolve("postgres.pass")));
    }

    @Test
    void nothing_runs_after_close() {
        EmbeddedDatabase database = start();
        long pid = database.pid().orElseThrow();
        database.close();
        database.close();
        assertFalse(ProcessHandle.of(pid).map(ProcessTable::isAlive).orElse(false));
    }
}
