package hero.supervisor.runner;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Which processes really run. A process that has ended stays listed until its parent collects it (a zombie),
/// which init of a container may do seconds late: kill(2) and `ProcessHandle` call it alive, here it is gone.
/// Where there is no `/proc` (macOS) the word of the others is taken. Any thread. Source: Linux proc_pid_stat(5).
public final class ProcessTable {
    private static final Path PROC = Path.of("/proc");

    private ProcessTable() {}

    /// @param state `R`, `S`, `D`, … ; `Z` and `X` have ended
    private record Entry(char state, long group) {
        boolean runs() {
            return state != 'Z' && state != 'X';
        }
    }

    /// False for what has ended, collected or not.
    public static boolean isAlive(ProcessHandle process) {
        return process.isAlive()
                && (!Files.exists(PROC.resolve("self"))
                        || entry(PROC.resolve(Long.toString(process.pid())))
                                .filter(Entry::runs)
                                .isPresent());
    }

    /// True while a process of the group runs, for a group that kill(2) says is there.
    static boolean isGroupAlive(long group) {
        if (!Files.exists(PROC.resolve("self"))) {
            return true;
        }
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                if (entry(process)
                        .filter(one -> one.group() == group && one.runs())
                        .isPresent()) {
                    return true;
                }
            }
            return false;
        } catch (IOException | DirectoryIteratorException e) {
            return true;
        }
    }

    /// Empty when the process is not there (any more).
    private static Optional<Entry> entry(Path process) {
        try {
            // pid (name) state parent group …; the name may hold anything, also spaces and parentheses, in any bytes.
            String text = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
            String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", 4);
            return Optional.of(new Entry(fields[0].charAt(0), Long.parseLong(fields[2])));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
