package hero.supervisor.app;

import hero.supervisor.store.Database;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A real PostgreSQL of our own in a folder: durable (`fsync`, `synchronous_commit` and `full_page_writes` on),
/// only on 127.0.0.1, with a generated password, so that other users of the machine cannot read the jobs.
///
/// ```
/// DIR/lock            held as long as a supervisor lives; says which one
/// DIR/postgres        PostgreSQL's data
/// DIR/postgres.pass   the password, mode 600
/// DIR/postgres.log    PostgreSQL's log of this run and the one before
/// ```
///
/// PostgreSQL is started in a session of its own (`pg_ctl` does that): Ctrl-C reaches the supervisor only, which
/// stops it last. When a supervisor was killed, its PostgreSQL still runs: the next one stops and starts it.
public final class EmbeddedDatabase implements AutoCloseable {
    private static final String USER = "postgres";
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rw-------");

    private final FileChannel lockFile;
    private final PostgresServer server;
    private final int port;
    private final Database.Settings settings;
    private boolean closed;

    private EmbeddedDatabase(FileChannel lockFile, PostgresServer server, int port, Database.Settings settings) {
        this.lockFile = lockFile;
        this.server = server;
        this.port = port;
        this.settings = settings;
    }

    /// Starts the PostgreSQL of a folder, which is made when it is not there. `progress` is told of each thing
    /// that takes a while. Throws [Database.Unusable] with one clear sentence: the folder is in use, is another
    /// version's, cannot be written, or PostgreSQL does not start.
    public static EmbeddedDatabase start(Path folder, Consumer<String> progress) {
        Path home = folder.toAbsolutePath().normalize();
        try {
            Files.createDirectories(home);
            FileChannel lock = lock(home);
            try {
                return start(home, lock, progress);
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw new Database.Unusable(
                    "the folder " + home + " cannot be used: " + e + "; choose another one with --data");
        }
    }

    private static EmbeddedDatabase start(Path home, FileChannel lock, Consumer<String> progress) throws IOException {
        Path data = home.resolve("postgres");
        requireVersion(data);
        Path binaries = PostgresBinaries.unpacked(home.resolve("binaries"), progress);
        PostgresServer server = new PostgresServer(binaries, data, home.resolve("postgres.log"));
        Path password = home.resolve("postgres.pass");
        if (!Files.exists(data.resolve("PG_VERSION"))) {
            progress.accept("creating the database in " + data);
            write(password, secret(), PRIVATE);
            server.create(USER, password);
        }
        server.stopOrphan(progress);
        int port = freePort();
        progress.accept("starting PostgreSQL " + PostgresBinaries.MAJOR);
        server.start(port);
        Database.Settings settings = new Database.Settings(
                "jdbc:postgresql://127.0.0.1:" + port + "/postgres",
                USER,
                Files.readString(password).strip());
        return new EmbeddedDatabase(lock, server, port, settings);
    }

    /// Where to connect.
    public Database.Settings settings() {
        return settings;
    }

    /// Stops PostgreSQL cleanly and gives the folder free. May be called again.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try (lockFile) {
            server.stop();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The folder belongs to the process that holds this lock; the system lets go of it however that process ends.
    private static FileChannel lock(Path home) throws IOException {
        Path file = home.resolve("lock");
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = tryLock(channel);
        if (lock == null) {
            channel.close();
            String owner = Files.readString(file).strip();
            throw new Database.Unusable("the folder " + home + " is in use by another supervisor (process " + owner
                    + "); stop it, or choose another folder with --data");
        }
        channel.truncate(0);
        channel.write(StandardCharsets.US_ASCII.encode(
                Long.toString(ProcessHandle.current().pid())));
        return channel;
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // By this process itself.
            return null;
        }
    }

    private static void requireVersion(Path data) throws IOException {
        Path file = data.resolve("PG_VERSION");
        String found = Files.exists(file) ? Files.readString(file).strip() : String.valueOf(PostgresBinaries.MAJOR);
        if (!found.equals(String.valueOf(PostgresBinaries.MAJOR))) {
            throw new Database.Unusable("the folder " + data + " was made by PostgreSQL " + found
                    + ", this is PostgreSQL " + PostgresBinaries.MAJOR
                    + "; choose another folder with --data, or bring it over with pg_upgrade");
        }
        if (!Files.exists(file) && Files.exists(data)) {
            requireEmpty(data);
        }
    }

    private static void requireEmpty(Path data) throws IOException {
        try (var files = Files.list(data)) {
            Optional<Path> first = files.findFirst();
            if (first.isPresent()) {
                throw new Database.Unusable("the folder " + data
                        + " is not empty and holds no PostgreSQL database; remove it, or choose another with --data");
            }
        }
    }

    private static void write(Path file, String text, Set<PosixFilePermission> permissions) throws IOException {
        Files.deleteIfExists(file);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(permissions));
        Files.writeString(file, text + "\n");
    }

    private static String secret() {
        byte[] bytes = new byte[24];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            return socket.getLocalPort();
        }
    }

    /// Stops PostgreSQL and keeps the folder, for tests of what happens without it.
    void pause() throws IOException {
        server.stop();
    }

    /// Starts it again, on the same port.
    void resume() throws IOException {
        server.start(port);
    }

    /// PostgreSQL's process.
    public OptionalLong pid() {
        return server.pid();
    }
}
