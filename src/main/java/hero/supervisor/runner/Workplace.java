package hero.supervisor.runner;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A runner's own folder, which holds those of its jobs, locked as long as the runner lives. A runner that was
/// killed leaves its folder, unlocked, and on Linux its jobs' processes, which carry the folder in their
/// environment: the next runner that starts on this machine with the same work folder ends them and removes it.
/// Any thread.
final class Workplace implements AutoCloseable {
    /// The variable by which a job's processes are known; its value is the job's folder.
    static final String FOLDER_VARIABLE = "SUPERVISOR_JOB_FOLDER";

    private static final Logger log = LoggerFactory.getLogger(Workplace.class);
    private static final String PREFIX = "supervisor-runner-";
    private static final String LOCK = "lock";
    private static final Path PROC = Path.of("/proc");
    private static final int ROUNDS_MAX = 10; // a process may start another one while it is looked for

    private final Path parent;
    private final String mine;
    private final Path path;
    private @Nullable FileChannel locked;

    /// Nothing is touched before [#open()].
    Workplace(Path parent, RandomGenerator random) {
        this.parent = parent;
        ProcessHandle self = ProcessHandle.current();
        // The process id alone comes again, in containers even always.
        long born =
                self.info().startInstant().map(java.time.Instant::toEpochMilli).orElse(0L);
        this.mine = PREFIX + self.pid() + "-" + Long.toString(born, 36) + "-";
        this.path = parent.resolve(mine + Integer.toHexString(random.nextInt()));
    }

    /// Where the jobs' folders are made.
    Path path() {
        return path;
    }

    /// Ends what killed runners have left, and takes the folder. A machine that does not allow that is only
    /// logged: jobs say more.
    synchronized void open() {
        try {
            Files.createDirectories(parent);
            endLeftovers();
            // Under its name only when it is locked, so that nobody takes it for left behind.
            Path unnamed = Files.createTempDirectory(
                    parent,
                    "supervisor-new-",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            locked = FileChannel.open(unnamed.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = locked.lock();
            Files.move(unnamed, path);
            log.atDebug()
                    .addKeyValue("folder", path)
                    .addKeyValue("valid", lock.isValid())
                    .log("work folder taken");
        } catch (IOException | DirectoryIteratorException e) {
            log.atWarn().addKeyValue("folder", parent).setCause(e).log("the runner's work folder cannot be used");
        }
    }

    private void endLeftovers() throws IOException {
        List<Path> others = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path folder : folders) {
                if (!folder.getFileName().toString().startsWith(mine) && Files.isWritable(folder.resolve(LOCK))) {
                    others.add(folder);
                }
            }
        }
        for (Path folder : others) {
            try (FileChannel channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.WRITE);
                    FileLock lock = channel.tryLock()) {
                if (lock != null) {
                    end(folder);
                }
            } catch (OverlappingFileLockException e) {
                log.atDebug().addKeyValue("folder", folder).log("the runner of this folder lives");
            }
        }
    }

    private static void end(Path folder) throws IOException {
        int ended = endProcesses(folder);
        new JobFolder(folder).remove();
        log.atWarn()
                .addKeyValue("folder", folder)
                .addKeyValue("signals", ended)
                .log("what a killed runner had left was ended");
    }

    /// Ends those of the job whose folder this is, or of all jobs whose folders are in it. Returns how many
    /// signals that took; none where there is no `/proc`.
    static int endProcesses(Path folder) throws IOException {
        int ended = 0;
        List<ProcessHandle> left = processesOf(folder);
        for (int round = 0; round < ROUNDS_MAX && !left.isEmpty(); round++) {
            ended += left.size();
            left.forEach(ProcessHandle::destroyForcibly);
            left = processesOf(folder);
        }
        return ended;
    }

    /// Those whose environment says so; what has ended and waits to be collected has none.
    private static List<ProcessHandle> processesOf(Path folder) throws IOException {
        List<ProcessHandle> found = new ArrayList<>();
        if (!Files.isDirectory(PROC.resolve("self"))) {
            return found;
        }
        String wanted = "\0" + FOLDER_VARIABLE + "=" + folder.toAbsolutePath();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                String environment = "\0" + environment(process);
                if (environment.contains(wanted + "/") || environment.contains(wanted + "\0")) {
                    ProcessHandle.of(Long.parseLong(process.getFileName().toString()))
                            .ifPresent(found::add);
                }
            }
        }
        return found;
    }

    /// Empty when it is another user's, or has ended.
    private static String environment(Path process) {
        try {
            return new String(Files.readAllBytes(process.resolve("environ")), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }

    /// Removes the folder with all that is in it. Can be repeated.
    @Override
    public synchronized void close() {
        new JobFolder(path).remove();
        if (locked != null) {
            try {
                locked.close();
            } catch (IOException e) {
                log.atDebug().setCause(e).log("the lock of the work folder was gone");
            }
            locked = null;
        }
    }
}
