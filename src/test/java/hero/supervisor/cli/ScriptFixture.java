package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// A copy of the script `supervisor`, with JDKs and a Maven that are scripts too and tell how they were called.
abstract class ScriptFixture {
    /// What the script uses; no java and no mvn among them.
    private static final List<String> TOOLS = List.of(
            "sh",
            "dirname",
            "readlink",
            "sed",
            "find",
            "head",
            "tail",
            "mkdir",
            "rmdir",
            "rm",
            "mv",
            "cat",
            "touch",
            "sleep",
            "env",
            "getconf",
            "ps");

    @TempDir
    Path temp;

    Path home;
    Path bin;
    Path none;
    final Map<String, String> env = new HashMap<>();

    /// @param err its lines on stderr
    record Ended(int exit, String out, String err) {}

    @BeforeEach
    void setup() throws IOException {
        temp = temp.toRealPath();
        home = Files.createDirectory(temp.resolve("home folder"));
        bin = Files.createDirectory(temp.resolve("bin"));
        none = Files.createDirectory(temp.resolve("none"));
        for (String tool : TOOLS) {
            for (String folder : List.of("/usr/bin", "/bin")) {
                Path file = Path.of(folder, tool);
                if (Files.isExecutable(file) && !Files.exists(bin.resolve(tool), LinkOption.NOFOLLOW_LINKS)) {
                    Files.createSymbolicLink(bin.resolve(tool), file);
                }
            }
        }
        Files.copy(Path.of("supervisor"), home.resolve("supervisor"));
        assertTrue(home.resolve("supervisor").toFile().setExecutable(true));
        env.put("PATH", bin.toString());
        env.put("HOME", none.toString());
        env.put("SUPERVISOR_JDK_ROOT", none.toString());
    }

    static void script(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + text);
        assertTrue(file.toFile().setExecutable(true));
    }

    /// A JDK whose java tells its name and arguments.
    Path jdk(Path folder, String version) throws IOException {
        script(folder.resolve("bin/java"), "echo \"java of " + version + "\"\nfor word; do echo \"$word\"; done\n");
        script(folder.resolve("bin/javac"), "");
        Files.writeString(folder.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        return folder;
    }

    void installed() throws IOException {
        Files.writeString(home.resolve("supervisor.jar"), "");
        Files.createDirectory(home.resolve("lib"));
    }

    void sources() throws IOException {
        Files.createDirectories(home.resolve("src/main/java"));
        Files.createDirectories(home.resolve("db"));
        Files.writeString(home.resolve("pom.xml"), "<project/>");
    }

    /// A Maven that notes each call, does `more` and leaves a jar.
    void maven(String more) throws IOException {
        script(
                bin.resolve("mvn"),
                "echo \"$JAVA_HOME $*\" >>'" + temp.resolve("mvn.calls") + "'\n" + more
                        + "\nmkdir -p target/lib && : >target/supervisor.jar\n");
    }

    List<String> mavenCalls() throws IOException {
        Path calls = temp.resolve("mvn.calls");
        return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    }

    Process start(Path out, Path err, String... command) throws IOException {
        var builder = new ProcessBuilder(command).directory(none.toFile());
        builder.environment().clear();
        builder.environment().putAll(env);
        return builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    }

    Ended run(Path script, String... args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(args));
        Path out = Files.createTempFile(temp, "out", "");
        Path err = Files.createTempFile(temp, "err", "");
        return ended(start(out, err, command.toArray(String[]::new)), out, err);
    }

    static Ended ended(Process process, Path out, Path err) throws IOException, InterruptedException {
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the script ends");
        return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    Ended run(String... args) throws IOException, InterruptedException {
        return run(home.resolve("supervisor"), args);
    }
}
