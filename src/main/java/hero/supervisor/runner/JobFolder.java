package hero.supervisor.runner;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A job's private folder (mode 700): its payload, its working directory, its temporary files. Gone after the job.
record JobFolder(Path path) {
    private static final Logger log = LoggerFactory.getLogger(JobFolder.class);
    private static final int TRIES = 3; // a killed process may still finish one write

    static JobFolder create(Path workFolder) throws IOException {
        Files.createDirectories(workFolder);
        return new JobFolder(Files.createTempDirectory(
                workFolder,
                "supervisor-job-",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))));
    }

    /// Removes it with all that is in it. Links are removed, never followed.
    void remove() {
        for (int i = 1; Files.exists(path); i++) {
            try {
                Files.walkFileTree(path, new Remover());
            } catch (IOException e) {
                if (i == TRIES) {
                    log.atWarn().addKeyValue("folder", path).setCause(e).log("a job's folder could not be removed");
                    return;
                }
            }
        }
    }

    private static final class Remover extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
            if (!Files.isWritable(folder) || !Files.isExecutable(folder)) {
                unlock(folder);
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
        }

        /// A folder that the job has locked: opened, so that the next try gets in.
        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
            if (Files.isDirectory(file)) {
                unlock(file);
            }
            throw failure;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path folder, @org.jspecify.annotations.Nullable IOException failure)
                throws IOException {
            Files.deleteIfExists(folder);
            return FileVisitResult.CONTINUE;
        }

        private static void unlock(Path folder) throws IOException {
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        }
    }
}
