package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.FreePort;
import hero.supervisor.store.Database;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A durable PostgreSQL in a folder of its own that a test may kill, stop like a hung machine, copy and promote.
/// It is a child of this process, so nothing of it outlives the test. One thread.
public final class PostgresProcess implements AutoCloseable {
    private static final String USER = "postgres";
    private static final String PASSWORD = "postgres";

    /// A restart after `kill -9` finds the old backends still leaving, and tries again.
    private static final Duration START_WITHIN = Duration.ofSeconds(60);

    private final Path binaries;
    private final Path data;
    private final List<String> settings;
    private final int port;
    private @Nullable Process process;

    private PostgresProcess(Path binaries, Path data, List<String> settings) throws IOException {
        this.binaries = binaries;
        this.data = data;
        this.settings = List.copyOf(settings);
        this.port = FreePort.find();
    }

    /// A new one in `folder`, started, with these settings (`name=value`) on top of the usual ones.
    public static PostgresProcess start(Path folder, String... settings) {
        try {
            Path binaries = PostgresBinaries.unpacked(folder.resolve("binaries"), line -> {});
            var made = new PostgresProcess(binaries, folder.resolve("data"), List.of(settings));
            Path password = Files.writeString(folder.resolve("password"), PASSWORD + "\n");
            new PostgresServer(binaries, made.data, folder.resolve("log")).create(USER, password);
            made.start();
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A standby beside it, by a copy of the running server's files and its log from there on. Started; follows
    /// this one under the name `standby`.
    public PostgresProcess standby(Path folder) {
        try {
            var copy = new PostgresProcess(binaries, folder.resolve("data"), settings);
            try (Connection backup = connect();
                    Statement statement = backup.createStatement()) {
                statement.execute("select pg_backup_start('standby', true)");
                // A file that vanishes meanwhile is one that the copy does not need.
                run(List.of("cp", "-a", data.toString(), copy.data.toString()), true);
                try (ResultSet stop = statement.executeQuery("select labelfile from pg_backup_stop(false)")) {
                    stop.next();
                    Files.writeString(copy.data.resolve("backup_label"), stop.getString(1));
                }
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
            Files.deleteIfExists(copy.data.resolve("postmaster.pid"));
            run(List.of("rm", "-rf", copy.data.resolve("pg_replslot").toString()), false);
            Files.createDirectory(copy.data.resolve("pg_replslot"));
            Files.createFile(copy.data.resolve("standby.signal"));
            Files.writeString(
                    copy.data.resolve("postgresql.auto.conf"),
                    "primary_conninfo = 'host=127.0.0.1 port=" + port + " user=" + USER + " password=" + PASSWORD
                            + " application_name=standby'\nsynchronous_standby_names = ''\n",
                    StandardOpenOption.APPEND);
            copy.start();
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void run(List<String> words, boolean mayComplain) throws IOException {
        try {
            int exit = new ProcessBuilder(words)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
            if (exit != 0 && !mayComplain) {
                throw new IOException(words + " ends with " + exit);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// Starts it again on its port, and waits until it takes connections.
    public void start() {
        await("PostgreSQL at " + port)
                .atMost(START_WITHIN)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    Process running = process;
                    if (running == null || !running.isAlive()) {
                        process = launch();
                    }
                    return answers();
                });
    }

    private Process launch() throws IOException {
        List<String> words = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) {
            words.addAll(List.of("unshare", "-U"));
        }
        words.addAll(List.of(binaries.resolve("bin/postgres").toString(), "-D", data.toString(), "-p", "" + port));
        List<String> all = new ArrayList<>(List.of(
                "listen_addresses=127.0.0.1",
                "unix_socket_directories=",
                "fsync=on",
                "synchronous_commit=on",
                "full_page_writes=on",
                "max_connections=100",
                "shared_buffers=64MB",
                "timezone=UTC"));
        all.addAll(settings);
        all.forEach(setting -> words.addAll(List.of("-c", setting)));
        var builder = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        data.resolveSibling("log").toFile()));
        builder.environment().put("LC_ALL", "C");
        return builder.start();
    }

    private boolean answers() {
        try (Connection connection = connect()) {
            return connection.isValid(1);
        } catch (SQLException e) {
            return false;
        }
    }

    /// A connection of the test's own; not through any pool.
    public Connection connect() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", USER);
        properties.setProperty("password", PASSWORD);
        properties.setProperty("ApplicationName", "test");
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("loginTimeout", "2");
        properties.setProperty("socketTimeout", "60");
        return DriverManager.getConnection(settings().url(), properties);
    }

    public int port() {
        return port;
    }

    /// Where gateways connect.
    public Database.Settings settings() {
        return new Database.Settings("jdbc:postgresql://127.0.0.1:" + port + "/postgres", USER, PASSWORD);
    }

    private Process running() {
        Process running = process;
        if (running == null) {
            throw new IllegalStateException("PostgreSQL does not run");
        }
        return running;
    }

    /// `kill -9` of the server process alone. Its backends notice and leave; until then they go on answering, so
    /// this waits for it.
    public void kill() {
        List<ProcessHandle> below = running().descendants().toList();
        running().destroyForcibly();
        awaitExit();
        await("backends").atMost(START_WITHIN).until(() -> below.stream().noneMatch(PostgresProcess::runs));
    }

    /// False also for a zombie that nobody collects: it has no program any more.
    private static boolean runs(ProcessHandle process) {
        return process.isAlive() && process.info().command().isPresent();
    }

    /// The orderly stop that breaks off connections.
    public void stop() {
        signal("INT", List.of(running().pid()));
        awaitExit();
    }

    private void awaitExit() {
        try {
            if (!running().waitFor(60, TimeUnit.SECONDS)) {
                throw new AssertionError("PostgreSQL does not end");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// `SIGSTOP` of every process of it: connections stay, nobody answers.
    public void hang() {
        long server = running().pid();
        // The server first, so that it makes no further ones.
        signal("STOP", List.of(server));
        signal("STOP", children());
    }

    public void goOn() {
        List<Long> all = new ArrayList<>(children());
        all.add(running().pid());
        signal("CONT", all);
    }

    private List<Long> children() {
        return running().descendants().map(ProcessHandle::pid).toList();
    }

    private static void signal(String name, List<Long> pids) {
        try {
            for (long pid : pids) {
                run(List.of("kill", "-" + name, "" + pid), true);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// `kill -9` of the backend of one of the gateways' connections; the server then ends all the others and
    /// recovers by itself. False when there was none.
    public boolean killBackend() {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pid from pg_stat_activity"
                        + " where application_name = 'hero-supervisor' order by random() limit 1")) {
            if (!row.next()) {
                return false;
            }
            signal("KILL", List.of(row.getLong(1)));
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    /// Makes a standby the primary.
    public void promote() throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_promote(true, 60)")) {
            row.next();
            assertEquals("t", row.getString(1), "promoted");
        }
    }

    @Override
    public void close() {
        Process running = process;
        if (running != null && running.isAlive()) {
            List<ProcessHandle> below = running.descendants().toList();
            goOn();
            signal("QUIT", List.of(running.pid()));
            awaitExit();
            await("backends").atMost(START_WITHIN).until(() -> below.stream().noneMatch(ProcessHandle::isAlive));
        }
    }
}
