package hero.supervisor.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A network namespace of Linux, joined to this machine by a pair of veth devices, whose packets can be dropped:
/// both ends keep their sockets and hear nothing, not even that nobody is there. Needs root, `ip` and `nft`. One
/// thread.
final class Namespace implements AutoCloseable {
    private static final String BLOCK = "198.18."; // For tests of networks: RFC 2544.

    private final String name;
    private final String here;
    private final String net;

    private Namespace(String name, String here, String net) {
        this.name = name;
        this.here = here;
        this.net = net;
    }

    /// Whether this machine lets us: tried, for root in a container often may not.
    static boolean possible() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return false;
        }
        try (Namespace tried = make()) {
            tried.cut();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /// A new one, named after this process so that several builds do not meet.
    static Namespace make() throws IOException {
        long pid = ProcessHandle.current().pid();
        var made = new Namespace(
                "supervisor-" + pid,
                "hsv" + Long.toString(pid, 36) + "h",
                BLOCK + pid % 251 + "." + (pid / 251) % 60 * 4);
        String there = "hsv" + Long.toString(pid, 36) + "n";
        try {
            run("ip", "netns", "add", made.name);
            run("ip", "link", "add", made.here, "type", "veth", "peer", "name", there);
            run("ip", "link", "set", there, "netns", made.name);
            run("ip", "addr", "add", made.address(1) + "/30", "dev", made.here);
            run("ip", "link", "set", made.here, "up");
            made.inside("ip", "addr", "add", made.address(2) + "/30", "dev", there);
            made.inside("ip", "link", "set", there, "up");
            made.inside("ip", "link", "set", "lo", "up");
            return made;
        } catch (IOException e) {
            made.close();
            throw e;
        }
    }

    /// Where this machine is reached from inside.
    String gateway() {
        return address(1);
    }

    private String address(int host) {
        int last = net.lastIndexOf('.');
        return net.substring(0, last + 1) + (Integer.parseInt(net.substring(last + 1)) + host);
    }

    /// What to put before a command that shall run inside.
    List<String> launcher() {
        return List.of("ip", "netns", "exec", name);
    }

    /// From now on every packet in and out is dropped.
    void cut() throws IOException {
        inside("nft", "add table inet cut");
        inside("nft", "add chain inet cut in { type filter hook input priority 0; policy drop; }");
        inside("nft", "add chain inet cut out { type filter hook output priority 0; policy drop; }");
    }

    /// Packets pass again.
    void heal() throws IOException {
        inside("nft", "delete table inet cut");
    }

    private void inside(String... words) throws IOException {
        List<String> all = new ArrayList<>(launcher());
        all.addAll(List.of(words));
        run(all.toArray(String[]::new));
    }

    private static void run(String... words) throws IOException {
        try {
            Process process =
                    new ProcessBuilder(words).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", words) + ": " + said.strip());
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// Removes it. Processes inside must have ended.
    @Override
    public void close() {
        try {
            // The device first: the kernel takes its time to remove it with the namespace.
            if (Files.exists(Path.of("/sys/class/net", here))) {
                run("ip", "link", "del", here);
            }
            if (Files.exists(Path.of("/var/run/netns", name))) {
                run("ip", "netns", "del", name);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
