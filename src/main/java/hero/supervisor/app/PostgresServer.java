package hero.supervisor.app;

import hero.supervisor.runner.ProcessTable;
import hero.supervisor.store.Database;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/// PostgreSQL's own programs (`initdb`, `pg_ctl`) on one data folder. As root they run in a user namespace of
/// their own (`unshare -U`), where they are not root, which PostgreSQL asks for.
final class PostgresServer {
    /// Crash recovery after a power cut may replay a lot.
    private static final int START_WITHIN_S = 300;

    private static final int STOP_WITHIN_S = 60;

    /// Five seconds in all.
    private static final int EXIT_LOOKS = 250;

    private static final long LOOK_AGAIN_NS = 20_000_000;

    private final Path binaries;
    private final Path data;
    private final Path log;

    PostgresServer(Path binaries, Path data, Path log) {
        this.binaries = binaries;
        this.data = data;
        this.log = log;
    }

    /// Makes the data folder: UTF-8, checksums, passwords for everyone.
    void create(String user, Path passwordFile) throws IOException {
        // Into a folder beside it, renamed when complete: a creation that was broken off leaves nothing that looks
        // whole.
        Path fresh = data.resolveSibling(data.getFileName() + ".new");
        deleteTree(fresh);
        run(
                "create the database",
                "initdb",
                "--pgdata=" + fresh,
                "--username=" + user,
                "--pwfile=" + passwordFile,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums");
        Files.move(fresh, data, StandardCopyOption.ATOMIC_MOVE);
    }

    /// Returns when PostgreSQL takes connections.
    void start(int port) throws IOException {
        if (Files.exists(log)) {
            Files.move(log, log.resolveSibling(log.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
        }
        // Through a shell: values without spaces or quotes only.
        String options = "-p " + port
                + " -c listen_addresses=127.0.0.1 -c unix_socket_directories="
                + " -c fsync=on -c synchronous_commit=on -c full_page_writes=on"
                + " -c max_connections=100 -c timezone=UTC -c password_encryption=scram-sha-256"
                + " -c wal_level=minimal -c max_wal_senders=0 -c log_min_messages=warning";
        run(
                "start PostgreSQL",
                "pg_ctl",
                "--pgdata=" + data,
                "--log=" + log,
                "--options=" + options,
                "--wait",
                "--timeout=" + START_WITHIN_S,
                "start");
    }

    /// Stops it in an orderly way; its connections are broken off. Nothing happens when it does not run.
    void stop() throws IOException {
        OptionalLong pid = pid();
        if (pid.isEmpty()) {
            return;
        }
        Optional<ProcessHandle> process = ProcessHandle.of(pid.getAsLong());
        run(
                "stop PostgreSQL",
                "pg_ctl",
                "--pgdata=" + data,
                "--mode=fast",
                "--wait",
                "--timeout=" + STOP_WITHIN_S,
                "stop");
        // pg_ctl returns when the pid file is gone; the process ends a moment later.
        process.ifPresent(PostgresServer::awaitExit);
    }

    /// There is no event for the end of a process that nobody collects, so it is looked at.
    private static void awaitExit(ProcessHandle process) {
        for (int look = 0; look < EXIT_LOOKS && ProcessTable.isAlive(process); look++) {
            LockSupport.parkNanos(LOOK_AGAIN_NS);
        }
        if (ProcessTable.isAlive(process)) {
            // Its data is complete all the same.
            log(process.pid());
        }
    }

    private static void log(long pid) {
        LoggerFactory.getLogger(PostgresServer.class)
                .atDebug()
                .addKeyValue("pid", pid)
                .log("PostgreSQL has stopped, its process still runs");
    }

    /// A PostgreSQL that a killed supervisor left running on the folder.
    void stopOrphan(Consumer<String> progress) throws IOException {
        OptionalLong pid = pid();
        if (pid.isPresent()) {
            progress.accept(
                    "stopping the PostgreSQL (process " + pid.getAsLong() + ") that an earlier run left behind");
            stop();
        }
    }

    /// The process that serves the folder. A number left by a crash may belong to anybody today: what is known of
    /// that process must not speak against it being PostgreSQL.
    OptionalLong pid() {
        try {
            Path file = data.resolve("postmaster.pid");
            if (!Files.exists(file)) {
                return OptionalLong.empty();
            }
            long pid = Long.parseLong(Files.readAllLines(file).getFirst().strip());
            Optional<ProcessHandle> process = ProcessHandle.of(pid).filter(ProcessTable::isAlive);
            boolean ours = process.isPresent()
                    && process.get()
                            .info()
                            .command()
                            .map(PostgresServer::postgres)
                            .orElse(true);
            return ours ? OptionalLong.of(pid) : OptionalLong.empty();
        } catch (IOException | RuntimeException e) {
            return OptionalLong.empty();
        }
    }

    private static boolean postgres(String command) {
        return command.endsWith("/postgres") || command.endsWith("/postgres (deleted)");
    }

    private void run(String what, String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(isRoot() ? List.of("unshare", "-U") : List.of());
        command.add(binaries.resolve("bin").resolve(program).toString());
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile("supervisor-" + program, ".out");
        try {
            // Into a file: the server would keep a pipe open for ever.
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .directory(binaries.toFile());
            builder.environment().put("LC_ALL", "C");
            builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
            Process process = builder.start();
            process.getOutputStream().close();
            if (!process.waitFor(START_WITHIN_S + 30L, TimeUnit.SECONDS)) {
                process.destroy();
                throw new Database.Unusable("could not " + what + " within " + START_WITHIN_S + " seconds; see " + log);
            } else if (process.exitValue() != 0) {
                throw new Database.Unusable("could not " + what + ": " + reason(output) + rootHint());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            Files.deleteIfExists(output);
        }
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private static String rootHint() {
        return isRoot()
                ? " (PostgreSQL does not run as root, and this system may not allow user namespaces: use another user,"
                        + " or name a database with SUPERVISOR_DB_URL)"
                : "";
    }

    /// PostgreSQL's own last words, else the program's.
    private String reason(Path output) throws IOException {
        try (Stream<String> lines = Stream.concat(lines(output), lines(log))) {
            List<String> all =
                    lines.map(String::strip).filter(line -> !line.isEmpty()).toList();
            return all.stream()
                    .filter(line -> line.contains("FATAL") || line.contains("error:"))
                    .findFirst()
                    .orElse(all.isEmpty() ? "it says nothing" : all.getLast());
        }
    }

    private static Stream<String> lines(Path file) throws IOException {
        return Files.exists(file)
                ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines()
                : Stream.empty();
    }

    private static void deleteTree(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
