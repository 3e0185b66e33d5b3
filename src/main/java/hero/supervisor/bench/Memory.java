package hero.supervisor.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What a gateway's process takes of memory, and of what else a system has not without end. All but the heap is 0
/// where the system has no `/proc`.
///
/// @param heapBytes that live after a collection
/// @param rssBytes in physical memory
/// @param threads of the system
/// @param files that are open, sockets among them
record Memory(long heapBytes, long rssBytes, long threads, long files) {
    private static final Pattern USED = Pattern.compile("used (\\d+)K");
    private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final Pattern THREADS = Pattern.compile("Threads:\\s+(\\d+)");

    /// Collects garbage there first, through the JDK's own `jcmd`.
    static Memory of(ProcessHandle process) {
        try {
            command(process, "GC.run");
            command(process, "GC.run");
            long heap = heap(command(process, "GC.heap_info"));
            Path own = Path.of("/proc/" + process.pid());
            if (!Files.exists(own)) {
                return new Memory(heap, 0, 0, 0);
            }
            String status = Files.readString(own.resolve("status"));
            try (Stream<Path> files = Files.list(own.resolve("fd"))) {
                return new Memory(heap, number(RSS, status) * 1024, number(THREADS, status), files.count());
            }
        } catch (IOException e) {
            throw new Invalid("the memory of the gateway cannot be told; a whole JDK is needed for jcmd", e);
        }
    }

    /// All generations together, whatever the collector; the metaspace is told below them and is no heap.
    private static long heap(String told) {
        Matcher used = USED.matcher(told.split("Metaspace", 2)[0]);
        if (!used.find()) {
            throw new Invalid("jcmd GC.heap_info does not tell the used heap");
        }
        long sum = 0;
        do {
            sum += Long.parseLong(used.group(1)) * 1024;
        } while (used.find());
        return sum;
    }

    private static long number(Pattern pattern, String text) {
        Matcher found = pattern.matcher(text);
        return found.find() ? Long.parseLong(found.group(1)) : 0;
    }

    private static String command(ProcessHandle process, String what) throws IOException {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        Process run = new ProcessBuilder(jcmd.toString(), Long.toString(process.pid()), what)
                .redirectErrorStream(true)
                .start();
        run.getOutputStream().close();
        return new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
