package hero.supervisor.app;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/// PostgreSQL's programs, unpacked once per version from the zonky jar into the user's cache (it is found again
/// after a restart, and nobody clears it like a temporary folder), or into the data folder when there is no cache.
final class PostgresBinaries {
    /// That of the binaries in the jar.
    static final int MAJOR = 18;

    private static final String DONE = ".complete";

    private PostgresBinaries() {}

    /// The folder with `bin`, `lib` and `share`.
    static synchronized Path unpacked(Path fallback, Consumer<String> progress) throws IOException {
        Path cache = cache();
        Path parent = cache != null && writable(cache) ? cache : fallback;
        Path folder = parent.resolve("postgresql-" + MAJOR + "-" + version());
        if (Files.exists(folder.resolve(DONE))) {
            return folder;
        }
        Files.createDirectories(parent);
        // Another process may be unpacking: it is waited for. A thread of this one may not lock the file again.
        try (FileChannel channel = FileChannel.open(
                        parent.resolve("unpack.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (lock.isValid() && !Files.exists(folder.resolve(DONE))) {
                progress.accept("unpacking PostgreSQL " + MAJOR + " to " + folder);
                unpack(folder);
                Files.createFile(folder.resolve(DONE));
            }
        }
        return folder;
    }

    private static @Nullable Path cache() {
        String home = System.getProperty("user.home");
        if (System.getProperty("os.name").startsWith("Mac")) {
            return home == null ? null : Path.of(home, "Library", "Caches", "hero-supervisor");
        }
        String xdg = System.getenv("XDG_CACHE_HOME");
        if (xdg != null && xdg.startsWith("/")) {
            return Path.of(xdg, "hero-supervisor");
        }
        return home == null || !home.startsWith("/") ? null : Path.of(home, ".cache", "hero-supervisor");
    }

    private static boolean writable(Path folder) {
        try {
            Files.createDirectories(folder);
            return Files.isWritable(folder);
        } catch (IOException e) {
            return false;
        }
    }

    private static InputStream archive() throws IOException {
        String system = System.getProperty("os.name").startsWith("Mac") ? "Darwin" : "Linux";
        String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        return DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, machine.equals("amd64") ? "x86_64" : machine);
    }

    /// Names the archive: a newer jar unpacks beside an older one.
    private static String version() throws IOException {
        try (InputStream in = archive()) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(in.readAllBytes());
            return HexFormat.of().formatHex(digest.digest()).substring(0, 12);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static void unpack(Path folder) throws IOException {
        Files.createDirectories(folder);
        try (TarArchiveInputStream tar = new TarArchiveInputStream(new XZInputStream(archive()))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path file = folder.resolve(entry.getName()).normalize();
                if (!file.startsWith(folder)) {
                    throw new IOException("an archive entry leads out of its folder");
                }
                unpack(tar, entry, file);
            }
        }
    }

    private static void unpack(TarArchiveInputStream tar, TarArchiveEntry entry, Path file) throws IOException {
        if (entry.isDirectory()) {
            Files.createDirectories(file);
            return;
        }
        Path parent = file.getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Files.deleteIfExists(file);
        if (entry.isSymbolicLink() || entry.isLink()) {
            Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
        } else {
            Files.copy(tar, file);
            if (parent != null && parent.endsWith("bin") && !file.toFile().setExecutable(true, false)) {
                throw new IOException("cannot make " + file + " executable");
            }
        }
    }
}
