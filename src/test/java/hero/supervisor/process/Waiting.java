package hero.supervisor.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Shell jobs that leave a line when they begin, and then wait until they are let go.
///
/// @param folder where they look and write; a job may be on another host only if it sees the same folder
record Waiting(Path folder) {
    private Path lines() {
        return folder.resolve("begun");
    }

    /// Leaves `line` when it begins; when it is let go it does `last`.
    String script(String line, String last) {
        return "echo " + line + " >> " + lines() + "; while [ ! -e " + folder.resolve("go")
                + " ]; do sleep 0.05; done; " + last;
    }

    /// The lines that were left so far.
    List<String> begun() throws IOException {
        return Files.exists(lines()) ? Files.readAllLines(lines()) : List.of();
    }

    void letGo() throws IOException {
        Files.createFile(folder.resolve("go"));
    }
}
