package hero.supervisor.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.process.Processes.Command;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `supervisor dev` as a stranger runs it, in a folder of its own. Making a database takes seconds: one run makes
/// it, each test works on a copy of that folder.
@Timeout(120)
final class DevProcessTest {
    private static final Map<String, String> ALONE = Map.of("SUPERVISOR_PORT", "0");

    @TempDir
    static Path origin;

    private static String firstOut = "";

    @TempDir
    Path folder;

    private Processes processes = Processes.in(Path.of("."));

    @BeforeAll
    static void the_first_run() {
        try (Processes first = Processes.in(origin)) {
            Command once = first.run(ALONE, "dev", "--once");
            assertEquals(0, once.exit(), once::toString);
            assertFalse(Processes.runs(Processes.postgres(origin.resolve(".supervisor"))));
            firstOut = once.out();
        }
    }

    @BeforeEach
    void a_folder_that_has_seen_one_run() throws IOException {
        Processes.done("cp", "-a", origin.resolve(".supervisor").toString(), folder.toString());
        processes = Processes.in(folder);
    }

    @AfterEach
    void nothing_stays() {
        processes.close();
    }

    @Test
    void a_fresh_folder_gets_a_database_secrets_and_the_hello_job() throws IOException {
        assertTrue(firstOut.contains("Hello World"), firstOut);
        assertTrue(firstOut.lines().count() <= 15, firstOut);
        Path file = origin.resolve(".supervisor/dev.env");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(
                List.of(
                        "SUPERVISOR_ADMIN_SECRET",
                        "SUPERVISOR_DEV_DB_PASSWORD",
                        "SUPERVISOR_DEV_DB_URL",
                        "SUPERVISOR_DEV_DB_USER",
                        "SUPERVISOR_REGISTER_SECRET",
                        "SUPERVISOR_URL",
                        "SUPERVISOR_USER_SECRET",
                        "SUPERVISOR_WS_URL"),
                Processes.variables(file).keySet().stream().sorted().toList());
    }

    @Test
    void a_system_that_stays_serves_clients_by_dev_env_and_ends_by_ctrl_c() throws IOException {
        Command dev = stays();
        assertTrue(dev.lines().size() <= 15, dev::toString);
        Command list = processes.run(Map.of(), "job", "list");
        assertEquals(3, list.lines().size(), () -> "a heading, this run's and the first run's job: " + list);
        Command job = processes.run(Map.of(), "job", "run", "-r", "local", "-e", "sh", "echo I am $((40 + 2))");
        assertEquals("I am 42", job.line(), job::toString);
        assertEquals(0, job.exit());
        Command report = processes.run(Map.of(), "report", "runners");
        assertTrue(report.out().contains("local"), report::toString);
        assertEquals(0, processes.run(Map.of(), "migrate", "validate").exit());

        long postgres = Processes.postgres(folder.resolve(".supervisor"));
        assertTrue(Processes.runs(postgres));
        assertEquals(0, dev.interrupt().exit(), dev::toString);
        assertFalse(Processes.runs(postgres), "PostgreSQL " + postgres + " still runs");
        assertFalse(dev.err().contains("ERROR"), dev::toString);
    }

    @Test
    void what_is_printed_to_be_tried_works_with_data_elsewhere() throws IOException, InterruptedException {
        Path elsewhere = folder.resolve("it's here");
        Files.move(folder.resolve(".supervisor"), elsewhere);
        Command dev = processes.start(ALONE, "dev", "--data", "it's here");
        dev.awaitLine("Ctrl-C stops it");
        List<String> printed = dev.lines().stream().map(String::strip).toList();
        String secrets = printed.get(printed.indexOf("Try, in another terminal:") + 1);
        Path file = folder.resolve("environment");
        Process shell = new ProcessBuilder("sh", "-c", secrets + "; env | grep ^SUPERVISOR_ > " + file)
                .directory(origin.toFile())
                .start();
        assertEquals(0, shell.waitFor(), secrets);
        Map<String, String> environment = Processes.variables(file);
        assertTrue(printed.contains("./supervisor job run --runner local --executor sh 'echo I am $(hostname)'"));
        Command job = processes.run(
                environment, "job", "run", "--runner", "local", "--executor", "sh", "echo I am $((40 + 2))");
        assertEquals("I am 42", job.line(), job::toString);
        assertTrue(printed.contains("./supervisor job list"));
        assertEquals(0, processes.run(environment, "job", "list").exit());
        assertEquals(0, processes.run(environment, "report", "queues").exit());
        assertEquals(0, dev.interrupt().exit(), dev::toString);
        assertFalse(Processes.runs(Processes.postgres(elsewhere)));
    }

    @Test
    void secrets_outlive_a_run_and_so_do_jobs() throws IOException {
        Path file = folder.resolve(".supervisor/dev.env");
        String before = Processes.variables(file).get("SUPERVISOR_USER_SECRET");
        Command again = processes.run(ALONE, "dev", "--once");
        assertEquals(0, again.exit(), again::toString);
        assertTrue(again.out().contains("Hello World"), again::toString);
        assertEquals(before, Processes.variables(file).get("SUPERVISOR_USER_SECRET"));
    }

    @Test
    void a_folder_in_use_is_refused_and_a_killed_system_recovers() {
        Command dev = stays();
        Command second = processes.run(ALONE, "dev", "--once");
        assertEquals(3, second.exit(), second::toString);
        assertSentence(
                second,
                "is in use by another supervisor \\(process " + dev.process().pid() + "\\)");

        long orphan = Processes.postgres(folder.resolve(".supervisor"));
        dev.signal("KILL").ended();
        assertTrue(Processes.runs(orphan));
        Command next = processes.run(ALONE, "dev", "--once");
        assertEquals(0, next.exit(), next::toString);
        assertTrue(next.out().contains("Hello World"), next::toString);
        await().until(() -> !Processes.runs(orphan));
    }

    @Test
    void a_port_in_use_is_told_and_postgresql_is_stopped_again() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Command dev = processes.run(Map.of(), "dev", "--port", Integer.toString(taken.getLocalPort()));
            assertEquals(3, dev.exit(), dev::toString);
            assertSentence(dev, "port " + taken.getLocalPort());
        }
        assertEquals(0, Processes.postgres(folder.resolve(".supervisor")));
    }

    @Test
    void an_ordinary_user_needs_nothing_more() throws IOException {
        try (Processes nobody = Processes.asOrdinaryUser(folder)) {
            Command once = nobody.run(ALONE, "dev", "--once");
            assertEquals(0, once.exit(), once::toString);
            assertTrue(once.out().contains("Hello World"), once::toString);
            assertTrue(once.lines().size() <= 15, once::toString);
        }
    }

    private Command stays() {
        Command dev = processes.start(ALONE, "dev");
        dev.awaitLine("Ctrl-C stops it");
        assertTrue(dev.out().contains("Hello World"), dev::toString);
        return dev;
    }

    /// The last line of stderr is the reason, and there is no stack trace.
    static void assertSentence(Command command, String pattern) {
        List<String> lines = command.err().lines().toList();
        assertTrue(!lines.isEmpty() && lines.getLast().matches("supervisor: .*" + pattern + ".*"), command::toString);
        assertFalse(command.err().contains("\tat "), command::toString);
    }
}
