package hero.supervisor.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a gateway's process takes of memory.
///
/// @param heapBytes that live after a collection
/// @param rssBytes in physical memory; 0 where the system has no `/proc`
record Memory(long heapBytes, long rssBytes) {
    private static final Pattern USED = Pattern.compile("used (\\d+)K");
    private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");

    /// Collects garbage there first, through the JDK's own `jcmd`.
    static Memory of(ProcessHandle process) {
        try {
            command(process, "GC.run");
            command(process, "GC.run");
            Matcher used = USED.matcher(command(process, "GC.heap_info"));
            if (!used.find()) {
                throw new Invalid("jcmd GC.heap_info does not tell the used heap");
            }
            Path status = Path.of("/proc/" + process.pid() + "/status");
            Matcher rss = RSS.matcher(Files.exists(status) ? Files.readString(status) : "");
            return new Memory(
                    Long.parseLong(used.group(1)) * 1024, rss.find() ? Long.parseLong(rss.group(1)) * 1024 : 0);
        } catch (IOException e) {
            throw new Invalid("the memory of the gateway cannot be told; a whole JDK is needed for jcmd", e);
        }
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
