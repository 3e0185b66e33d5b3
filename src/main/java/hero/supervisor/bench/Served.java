package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// `supervisor serve` as a process of its own, with the settings that users get. Ends with [#close].
final class Served implements AutoCloseable {
    private static final Duration START_WITHIN = Duration.ofSeconds(60);
    private static final long LOOK_NS = 2_000_000;
    /// Also for writing notes.
    private static final int STOP_WITHIN_S = 60;

    /// What a gateway is run from.
    ///
    /// @param classPath of its build
    /// @param options of its JVM
    /// @param flags of `serve`
    record Program(String classPath, List<String> options, List<String> flags) {
        /// This build, as the script `supervisor` starts it here: the notes of earlier starts, which this JVM has
        /// too, and the choice of compilers and collector.
        static Program ours(List<String> further) {
            return of(System.getProperty("java.class.path"), List.of("-XX:AOTCache=", "-Xlog:"), further);
        }

        /// One of two builds that are compared: no notes for either, as the other one has none here.
        static Program plain(String classPath, List<String> further) {
            return of(classPath.isEmpty() ? System.getProperty("java.class.path") : classPath, List.of(), further);
        }

        /// This build without the notes of earlier starts, for it writes new ones when it ends (JEP 514). What is
        /// not compiled by then is not noted, so it is not compiled later than usual. With a flag, as most
        /// servers are started: else what reads flags is not noted.
        static Program taught(Path notes, List<String> further) {
            List<String> options = new ArrayList<>(further);
            options.addAll(List.of("-XX:CompileThresholdScaling=1", "-XX:AOTCacheOutput=" + notes.toAbsolutePath()));
            Program program = of(System.getProperty("java.class.path"), List.of(), options);
            return new Program(program.classPath, program.options, List.of("--bind", "127.0.0.1"));
        }

        private static Program of(String classPath, List<String> inherited, List<String> further) {
            List<String> options = new ArrayList<>(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                    .filter(word -> inherited.stream().anyMatch(word::startsWith))
                    .toList());
            String chosen = System.getProperty("supervisor.server.options", "");
            options.addAll(Arrays.stream(chosen.split(" "))
                    .filter(word -> !word.isEmpty())
                    .toList());
            options.addAll(further);
            return new Program(classPath, options, List.of());
        }
    }

    private final Process process;
    private final int port;
    private final long startNs;

    private Served(Process process, int port, long startNs) {
        this.process = process;
        this.port = port;
        this.startNs = startNs;
    }

    /// Starts one and waits until it is ready. [Invalid] with the last line of its log when it does not come.
    static Served start(Sql sql, Path folder, String name, Program program, Time time) {
        try {
            int port = freePort();
            Path log = folder.resolve(name + ".log");
            long begun = time.nanoTime();
            Process process = process(sql, log, name, port, program);
            while (!ready(port)) {
                boolean late = time.nanoTime() - begun > START_WITHIN.toNanos();
                if (late || !process.isAlive()) {
                    process.destroy();
                    throw new Invalid("the gateway did not start: " + lastLine(log));
                }
                LockSupport.parkNanos(LOOK_NS);
            }
            return new Served(process, port, time.nanoTime() - begun);
        } catch (IOException e) {
            throw new Invalid("the gateway did not start", e);
        }
    }

    private static Process process(Sql sql, Path log, String name, int port, Program program) throws IOException {
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseCompactObjectHeaders"));
        words.addAll(program.options());
        words.addAll(List.of("-cp", program.classPath(), "hero.supervisor.cli.Main", "serve"));
        words.addAll(program.flags());
        ProcessBuilder builder =
                new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(log.toFile());
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(key -> key.startsWith("SUPERVISOR_") && !key.equals("SUPERVISOR_LOG_LEVEL"));
        environment.put("SUPERVISOR_DB_URL", sql.url());
        environment.put("SUPERVISOR_DB_USER", sql.user());
        environment.put("SUPERVISOR_DB_PASSWORD", sql.password());
        environment.put("SUPERVISOR_PORT", Integer.toString(port));
        environment.put("SUPERVISOR_NODE_NAME", name);
        Process process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, Line.loopback())) {
            return socket.getLocalPort();
        }
    }

    private static boolean ready(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(Line.loopback(), port), 1000);
            socket.setSoTimeout(5000);
            String request = "GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            return new String(in.readNBytes(12), StandardCharsets.US_ASCII).endsWith(" 200");
        } catch (IOException e) {
            return false;
        }
    }

    private static String lastLine(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log);
        return lines.isEmpty() ? "it says nothing" : lines.getLast();
    }

    int port() {
        return port;
    }

    ProcessHandle process() {
        return process.toHandle();
    }

    /// From the start of the process to its first answer that it is ready.
    long startNs() {
        return startNs;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_WITHIN_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
