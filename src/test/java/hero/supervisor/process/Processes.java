package hero.supervisor.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;

/// Starts `supervisor …` as processes of their own, from the built classes: nothing must be packaged before. Each
/// gets a chosen environment and a working folder; what it prints lands in files. `close` ends whatever still
/// runs, by pid. Safe for any thread.
final class Processes implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String MAIN = "hero.supervisor.cli.Main";
    private static final List<String> JVM = List.of(
            "-Xlog:disable",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx512m",
            "--enable-native-access=ALL-UNNAMED");

    /// The class path as jars and an archive of the classes that commands load: a command then starts in half the
    /// time. Made once per test JVM, gone with it.
    private static final class Fast {
        static final List<String> CLASS_PATH = new ArrayList<>();
        static final Path ARCHIVE = make();

        private static Path make() {
            try {
                Path home = Files.createTempDirectory("supervisor-classes");
                for (String entry : classPath()) {
                    CLASS_PATH.add(Files.isDirectory(Path.of(entry)) ? jar(home, entry) : entry);
                }
                Path archive = home.resolve("classes.jsa");
                List<String> words = new ArrayList<>(List.of(java(), "-XX:ArchiveClassesAtExit=" + archive));
                words.addAll(JVM);
                words.addAll(List.of("-cp", String.join(File.pathSeparator, CLASS_PATH), MAIN));
                words.addAll(List.of("job", "status", "none", "--url", "http://127.0.0.1:1"));
                // It finds no server there, and has loaded most of what a client needs.
                var process = new ProcessBuilder(words)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
                process.waitFor();
                Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(home)));
                return archive;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        private static String jar(Path home, String folder) {
            String file =
                    home.resolve("supervisor-" + CLASS_PATH.size() + ".jar").toString();
            var jar = ToolProvider.findFirst("jar").orElseThrow();
            assertEquals(0, jar.run(System.out, System.err, "--create", "--file", file, "-C", folder, "."));
            return file;
        }

        private static void remove(Path home) {
            try {
                done("rm", "-rf", home.toString());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private final Path folder;
    private final List<String> classPath;
    private final List<String> options;
    private final List<String> launcher;
    private final List<Command> commands = new CopyOnWriteArrayList<>();
    private final List<Path> dataFolders = new CopyOnWriteArrayList<>();

    private Processes(Path folder, List<String> classPath, List<String> options, List<String> launcher) {
        this.folder = folder;
        this.classPath = classPath;
        this.options = options;
        this.launcher = launcher;
    }

    /// Commands run in `folder` and by default as this user.
    static Processes in(Path folder) {
        Path archive = Fast.ARCHIVE;
        return new Processes(folder, Fast.CLASS_PATH, List.of("-XX:SharedArchiveFile=" + archive), List.of());
    }

    /// Commands run in `folder` as an ordinary user: this one, or `nobody` when this one is root and the machine
    /// can change users. That user gets the folder and a copy of the classes, as root's own are closed to it.
    static Processes asOrdinaryUser(Path folder) throws IOException {
        boolean root = "root".equals(System.getProperty("user.name"));
        if (!root || !Files.isExecutable(Path.of("/usr/bin/setpriv"))) {
            return in(folder);
        }
        Path home = Files.createTempDirectory(Path.of("/tmp"), "supervisor-nobody");
        Path classes = home.resolve("classes");
        Files.createDirectory(classes);
        List<String> copies = new ArrayList<>();
        for (String entry : classPath()) {
            Path copy = classes.resolve(copies.size() + "-" + Path.of(entry).getFileName());
            done("cp", "-r", entry, copy.toString());
            copies.add(copy.toString());
        }
        Path work = Files.createDirectory(home.resolve("work"));
        done("chmod", "-R", "a+rX", home.toString());
        done("chown", "-R", "nobody", work.toString());
        return new Processes(
                work,
                copies,
                List.of(),
                List.of("/usr/bin/setpriv", "--reuid=nobody", "--regid=65534", "--clear-groups", "--"));
    }

    Path folder() {
        return folder;
    }

    /// Starts a command with this environment on top of `PATH` and `HOME`.
    Command start(Map<String, String> environment, String... arguments) {
        return startIn(folder, environment, arguments);
    }

    Command startIn(Path workFolder, Map<String, String> environment, String... arguments) {
        return startBy(launcher, workFolder, environment, arguments);
    }

    /// Starts a command by another one, such as `ip netns exec`, that becomes it.
    Command startVia(List<String> by, Map<String, String> environment, String... arguments) {
        return startBy(by, folder, environment, arguments);
    }

    private Command startBy(List<String> by, Path workFolder, Map<String, String> environment, String... arguments) {
        List<String> words = new ArrayList<>(by);
        words.add(java());
        words.addAll(options);
        words.addAll(JVM);
        words.addAll(List.of("-cp", String.join(File.pathSeparator, classPath), MAIN));
        return launch(workFolder, environment, words, arguments);
    }

    /// Starts the `main` of a class of the tests in a process of its own.
    Command startMain(Class<?> main, Map<String, String> environment, String... arguments) {
        List<String> words = new ArrayList<>(List.of(java()));
        words.addAll(JVM);
        words.addAll(List.of("-cp", wholeClassPath(), main.getName()));
        return launch(folder, environment, words, arguments);
    }

    private Command launch(Path workFolder, Map<String, String> environment, List<String> words, String... arguments) {
        words.addAll(List.of(arguments));
        try {
            Path out = Files.createTempFile("supervisor", ".out");
            Path err = Files.createTempFile("supervisor", ".err");
            var builder = new ProcessBuilder(words)
                    .directory(workFolder.toFile())
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            Map<String, String> variables = builder.environment();
            String path = variables.getOrDefault("PATH", "/usr/bin:/bin");
            variables.clear();
            variables.put("PATH", path);
            variables.put("HOME", System.getProperty("user.home"));
            variables.putAll(environment);
            Command command = new Command(List.of(arguments), builder.start(), out, err);
            commands.add(command);
            if (List.of(arguments).contains("dev")) {
                dataFolders.add(workFolder.resolve(".supervisor"));
            }
            return command;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Starts a command and waits for its end.
    Command run(Map<String, String> environment, String... arguments) {
        return start(environment, arguments).ended();
    }

    /// One command and its process.
    record Command(List<String> arguments, Process process, Path outFile, Path errFile) {
        /// Waits for the end.
        Command ended() {
            try {
                if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                    throw new AssertionError("does not end: " + this);
                }
                return this;
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        int exit() {
            return ended().process.exitValue();
        }

        String out() {
            return text(outFile);
        }

        String err() {
            return text(errFile);
        }

        /// Without the line end.
        String line() {
            return out().stripTrailing();
        }

        List<String> lines() {
            return out().lines().toList();
        }

        /// Waits until stdout has a line that holds `pattern`, and returns its first group.
        String awaitLine(String pattern) {
            Pattern wanted = Pattern.compile(pattern);
            var found = new String[1];
            await(this.toString()).atMost(PATIENCE).until(() -> {
                Matcher matcher = wanted.matcher(out());
                if (matcher.find()) {
                    found[0] = matcher.group(matcher.groupCount() > 0 ? 1 : 0);
                } else if (!process.isAlive()) {
                    throw new AssertionError("ended without '" + pattern + "': " + this);
                }
                return found[0] != null;
            });
            return found[0];
        }

        /// What Ctrl-C does. A shell that starts something in the background makes it, and all that it starts,
        /// deaf to SIGINT; where the whole build was started so, SIGTERM stands in, which takes the same way.
        Command interrupt() {
            return signal(isDeafToInt() ? "TERM" : "INT");
        }

        private boolean isDeafToInt() {
            try (var lines = Files.lines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
                return lines.filter(line -> line.startsWith("SigIgn:"))
                        .map(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
                        .anyMatch(mask -> (mask & 0b10) != 0);
            } catch (IOException e) {
                return false; // No such file on this system.
            }
        }

        /// `TERM`, `INT`, `KILL`, `STOP`, `CONT`.
        Command signal(String name) {
            try {
                done("kill", "-" + name, Long.toString(process.pid()));
                return this;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public String toString() {
            return "supervisor " + String.join(" ", arguments)
                    + (process.isAlive() ? " (runs)" : " (exit " + process.exitValue() + ")") + "\nstdout: " + out()
                    + "\nstderr: " + err();
        }
    }

    /// True while a process runs; a zombie that nobody has collected does not.
    static boolean runs(long pid) {
        Path stat = Path.of("/proc", Long.toString(pid), "stat");
        try {
            String text = Files.exists(stat) ? Files.readString(stat, StandardCharsets.ISO_8859_1) : "";
            return text.isEmpty()
                    ? ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent()
                    : "ZX".indexOf(text.charAt(text.lastIndexOf(')') + 2)) < 0;
        } catch (IOException e) {
            return false;
        }
    }

    /// The pid of the PostgreSQL that `dev` started on a data folder; 0 when there is none.
    static long postgres(Path data) {
        try {
            Path file = data.resolve("postgres").resolve("postmaster.pid");
            return Files.exists(file)
                    ? Long.parseLong(Files.readAllLines(file).getFirst().strip())
                    : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// `NAME=value` lines of a file such as dev.env.
    static Map<String, String> variables(Path file) throws IOException {
        Map<String, String> variables = new LinkedHashMap<>();
        for (String line : Files.readAllLines(file)) {
            variables.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
        }
        return variables;
    }

    @Override
    public void close() {
        for (Command command : commands) {
            List<ProcessHandle> below = command.process.descendants().toList();
            command.process.destroyForcibly();
            below.forEach(ProcessHandle::destroyForcibly);
            command.ended();
        }
        for (Path data : dataFolders) {
            long pid = postgres(data);
            if (pid > 0 && runs(pid)) {
                ProcessHandle.of(pid).ifPresent(ProcessHandle::destroy);
                await("PostgreSQL " + pid).atMost(PATIENCE).until(() -> !runs(pid));
            }
        }
        try {
            for (Command command : commands) {
                Files.deleteIfExists(command.outFile);
                Files.deleteIfExists(command.errFile);
            }
            if (!launcher.isEmpty()) {
                done("rm", "-rf", folder.resolve("..").normalize().toString());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void done(String... words) throws IOException {
        try {
            var process = new ProcessBuilder(words)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", words) + " ends with " + process.exitValue());
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// That of the tests without what only tests need to see: their own classes.
    private static List<String> classPath() {
        return Arrays.stream(wholeClassPath().split(File.pathSeparator))
                .filter(entry -> !entry.contains("test-classes"))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .toList();
    }

    private static String wholeClassPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
