package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs a copy of the script `supervisor` with JDKs and a Maven that are scripts too and tell how they were
/// called.
final class ScriptTest {
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

    private Path home;
    private Path bin;
    private Path none;
    private final Map<String, String> env = new HashMap<>();

    /// @param err its lines on stderr
    private record Ended(int exit, String out, String err) {}

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

    private static void script(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + text);
        assertTrue(file.toFile().setExecutable(true));
    }

    /// A JDK whose java tells its name and arguments.
    private Path jdk(Path folder, String version) throws IOException {
        script(folder.resolve("bin/java"), "echo \"java of " + version + "\"\nfor word; do echo \"$word\"; done\n");
        script(folder.resolve("bin/javac"), "");
        Files.writeString(folder.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        return folder;
    }

    private void installed() throws IOException {
        Files.writeString(home.resolve("supervisor.jar"), "");
        Files.createDirectory(home.resolve("lib"));
    }

    private void sources() throws IOException {
        Files.createDirectories(home.resolve("src/main/java"));
        Files.createDirectories(home.resolve("db"));
        Files.writeString(home.resolve("pom.xml"), "<project/>");
    }

    /// A Maven that notes each call, does `more` and leaves a jar.
    private void maven(String more) throws IOException {
        script(
                bin.resolve("mvn"),
                "echo \"$JAVA_HOME $*\" >>'" + temp.resolve("mvn.calls") + "'\n" + more
                        + "\nmkdir -p target/lib && : >target/supervisor.jar\n");
    }

    private List<String> mavenCalls() throws IOException {
        Path calls = temp.resolve("mvn.calls");
        return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    }

    private Process start(Path out, Path err, String... command) throws IOException {
        var builder = new ProcessBuilder(command).directory(none.toFile());
        builder.environment().clear();
        builder.environment().putAll(env);
        return builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    }

    private Ended run(Path script, String... args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(args));
        Path out = Files.createTempFile(temp, "out", "");
        Path err = Files.createTempFile(temp, "err", "");
        return ended(start(out, err, command.toArray(String[]::new)), out, err);
    }

    private static Ended ended(Process process, Path out, Path err) throws IOException, InterruptedException {
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the script ends");
        return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private Ended run(String... args) throws IOException, InterruptedException {
        return run(home.resolve("supervisor"), args);
    }

    // ---- the JDK ----

    @Test
    void java_home_wins_when_it_is_new_enough() throws Exception {
        installed();
        env.put("JAVA_HOME", jdk(temp.resolve("jdk 26"), "26").toString());
        jdk(none.resolve("usr/lib/jvm/jdk-25"), "25.0.3");
        Ended ended = run("job", "list", "two words");
        assertEquals(0, ended.exit(), ended.err());
        List<String> lines = ended.out().lines().toList();
        assertEquals("java of 26", lines.getFirst());
        int jar = lines.indexOf("-jar");
        assertEquals(
                List.of("-jar", home.resolve("supervisor.jar").toString(), "job", "list", "two words"),
                lines.subList(jar, lines.size()));
        assertEquals("", ended.err());
    }

    @Test
    void an_older_java_home_and_path_are_passed_over() throws Exception {
        installed();
        env.put("JAVA_HOME", jdk(temp.resolve("jdk-17"), "17.0.15").toString());
        Path old = jdk(temp.resolve("jdk-8"), "1.8.0_402");
        Files.createSymbolicLink(bin.resolve("java"), old.resolve("bin/java"));
        jdk(none.resolve("usr/lib/jvm/jdk-21"), "21");
        jdk(none.resolve("usr/lib/jvm/jdk-25"), "25.0.3");
        Ended ended = run();
        assertEquals("java of 25.0.3", ended.out().lines().findFirst().orElse(""), ended.err());
    }

    @Test
    void each_usual_folder_is_looked_into() throws Exception {
        installed();
        for (String folder : List.of(
                "opt/jdk-25",
                "Library/Java/JavaVirtualMachines/t.jdk/Contents/Home",
                ".sdkman/candidates/java/25-tem",
                ".jdks/temurin-25",
                "opt/homebrew/opt/openjdk@25/libexec/openjdk.jdk/Contents/Home")) {
            Path jdk = jdk(none.resolve(folder), "25");
            assertEquals("java of 25", run().out().lines().findFirst().orElse(""), folder);
            Files.delete(jdk.resolve("bin/java"));
        }
    }

    @Test
    void a_java_on_the_path_is_found_behind_its_links() throws Exception {
        installed();
        Path jdk = jdk(temp.resolve("somewhere"), "25");
        Path alternative = temp.resolve("alternative");
        Files.createSymbolicLink(alternative, jdk.resolve("bin/java"));
        Files.createSymbolicLink(bin.resolve("java"), alternative);
        assertEquals("java of 25", run().out().lines().findFirst().orElse(""));
    }

    @Test
    void without_any_jdk_one_sentence_tells_what_to_install() throws Exception {
        installed();
        env.put("JAVA_HOME", jdk(temp.resolve("jdk-17"), "17.0.15").toString());
        Ended ended = run("dev");
        assertEquals(1, ended.exit());
        assertEquals(1, ended.err().lines().count(), ended.err());
        assertTrue(ended.err().startsWith("supervisor: a JDK 25 or newer is needed (found only 17 in "), ended.err());
        assertTrue(ended.err().contains("https://adoptium.net"), ended.err());
    }

    @Test
    void further_options_reach_java() throws Exception {
        installed();
        jdk(none.resolve("opt/jdk-25"), "25");
        env.put("SUPERVISOR_JAVA_OPTS", "-Xmx1g -Dx=y");
        List<String> lines = run("serve").out().lines().toList();
        assertTrue(lines.containsAll(List.of("-Xmx1g", "-Dx=y")), lines.toString());
    }

    @Test
    void it_works_through_links_and_from_any_folder() throws Exception {
        installed();
        jdk(none.resolve("opt/jdk-25"), "25");
        Path first = temp.resolve("link");
        Files.createSymbolicLink(first, Path.of("home folder", "supervisor"));
        Path second = bin.resolve("supervisor");
        Files.createSymbolicLink(second, first);
        Ended ended = run(second);
        assertTrue(ended.out().contains(home.resolve("supervisor.jar").toString()), ended.out() + ended.err());
    }

    @Test
    void java_takes_the_place_of_the_script() throws Exception {
        installed();
        Path jdk = jdk(none.resolve("opt/jdk-25"), "25");
        script(jdk.resolve("bin/java"), "echo $$\n");
        Path out = Files.createTempFile(temp, "out", "");
        Path err = Files.createTempFile(temp, "err", "");
        Process process = start(out, err, home.resolve("supervisor").toString());
        assertEquals(
                String.valueOf(process.pid()), ended(process, out, err).out().strip());
    }

    // ---- the build ----

    @Test
    void it_builds_once_and_again_when_a_source_is_newer() throws Exception {
        sources();
        Path jdk = jdk(none.resolve("opt/jdk-25"), "25");
        maven("");
        Ended first = run("job");
        assertEquals(0, first.exit(), first.err());
        assertTrue(first.err().contains("building, the first time takes one to two minutes"), first.err());
        assertTrue(first.out().contains(home.resolve("target/supervisor.jar").toString()), first.out());
        assertEquals(List.of(jdk + " -B -q -DskipTests package"), mavenCalls());

        assertEquals("", run("job").err());
        assertEquals(1, mavenCalls().size());

        Path source = Files.writeString(home.resolve("src/main/java/A.java"), "class A {}");
        FileTime jar = Files.getLastModifiedTime(home.resolve("target/supervisor.jar"));
        Files.setLastModifiedTime(source, FileTime.from(jar.toInstant().plus(Duration.ofSeconds(1))));
        assertTrue(run("job").err().contains("the sources have changed"));
        assertEquals(2, mavenCalls().size());
        assertFalse(Files.exists(home.resolve("target/build.lock")));
    }

    @Test
    void what_a_training_run_wrote_down_serves_the_starts_to_come_and_a_new_build_makes_it_anew() throws Exception {
        sources();
        Path jdk = jdk(none.resolve("opt/jdk-25"), "25");
        script(
                jdk.resolve("bin/java"),
                "for word; do\n  case $word in -XX:AOTCacheOutput=*) echo x >>'" + temp.resolve("trained")
                        + "'; echo notes >\"${word#*=}\" ;; esac\n  echo \"$word\"\ndone\n");
        maven("");
        String cache = "-XX:AOTCache=" + home.resolve("target/supervisor.aot");
        assertTrue(run("job").out().contains(cache));
        assertTrue(run("serve").out().contains(cache));
        assertEquals(1, Files.readAllLines(temp.resolve("trained")).size());
        assertFalse(Files.exists(home.resolve("target/training")));
        Files.delete(home.resolve("target/supervisor.jar"));
        assertTrue(run("job").out().contains(cache));
        assertEquals(2, Files.readAllLines(temp.resolve("trained")).size());
        // A training that fails is no failure, and is not tried again.
        script(
                jdk.resolve("bin/java"),
                "echo x >>'" + temp.resolve("failed") + "'; for word; do echo \"$word\"; done; exit 3\n");
        Files.delete(home.resolve("target/supervisor.jar"));
        assertFalse(run("job").out().contains("-XX:AOTCache="));
        assertFalse(run("serve").out().contains("-XX:AOTCache="));
        assertEquals(3, Files.readAllLines(temp.resolve("failed")).size());
    }

    @Test
    void a_server_whose_jar_somebody_else_has_built_is_trained_before_its_first_start() throws Exception {
        sources();
        Path jdk = jdk(none.resolve("opt/jdk-25"), "25");
        script(jdk.resolve("bin/java"), """
                for word; do
                  case $word in -XX:AOTCacheOutput=*) echo notes >"${word#*=}" ;; esac
                  echo "$word"
                done
                """);
        maven("");
        assertEquals(0, run("job").exit());
        Path jar = home.resolve("target/supervisor.jar");
        Path notes = home.resolve("target/supervisor.aot");
        String cache = "-XX:AOTCache=" + notes;
        FileTime older =
                FileTime.from(Files.getLastModifiedTime(jar).toInstant().minus(Duration.ofSeconds(1)));
        Files.setLastModifiedTime(notes, older);
        Ended command = run("job");
        assertEquals("", command.err());
        Ended server = run("serve");
        assertTrue(server.err().contains("preparing quick starts"), server.err());
        assertTrue(server.out().contains(cache), server.out());
        assertEquals("", run("serve").err());
        Files.delete(notes);
        // A preparation that lives keeps nobody from starting; one that was killed is done again.
        Path lock = Files.createDirectories(home.resolve("target/build.lock"));
        Files.writeString(
                lock.resolve("pid"), Long.toString(ProcessHandle.current().pid()));
        assertFalse(run("runner").out().contains(cache));
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        Files.writeString(lock.resolve("pid"), Long.toString(gone.pid()));
        assertTrue(run("runner").out().contains(cache));
        assertTrue(Files.exists(jar));
        assertFalse(Files.exists(home.resolve("target/build.lock")));
    }

    @Test
    void a_failed_build_shows_the_end_of_its_output_and_leaves_no_jar() throws Exception {
        sources();
        jdk(none.resolve("opt/jdk-25"), "25");
        maven("echo 'ERROR: no such class'\nexit 1");
        Ended ended = run("job");
        assertEquals(1, ended.exit());
        assertTrue(ended.err().contains("ERROR: no such class"), ended.err());
        assertTrue(ended.err().contains(home.resolve("target/build.log").toString()), ended.err());
        assertEquals("", ended.out());
        assertFalse(Files.exists(home.resolve("target/build.lock")));
    }

    @Test
    void without_maven_one_sentence_says_so() throws Exception {
        sources();
        jdk(none.resolve("opt/jdk-25"), "25");
        Ended ended = run("dev");
        assertEquals(1, ended.exit());
        assertEquals(1, ended.err().lines().count(), ended.err());
        assertTrue(ended.err().startsWith("supervisor: Maven is needed"), ended.err());
    }

    @Test
    void two_at_once_build_once() throws Exception {
        sources();
        jdk(none.resolve("opt/jdk-25"), "25");
        Path go = temp.resolve("go");
        maven("n=0; while [ ! -e '" + go + "' ] && [ $n -lt 60 ]; do sleep 1; n=$((n + 1)); done");
        String script = home.resolve("supervisor").toString();
        Path out1 = Files.createTempFile(temp, "out", "");
        Path err1 = Files.createTempFile(temp, "err", "");
        Path out2 = Files.createTempFile(temp, "out", "");
        Path err2 = Files.createTempFile(temp, "err", "");
        Process first = start(out1, err1, script);
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> !mavenCalls().isEmpty());
        Process second = start(out2, err2, script);
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> Files.readString(err2).contains("waiting for"));
        Files.createFile(go);
        assertEquals(0, ended(first, out1, err1).exit());
        assertEquals(0, ended(second, out2, err2).exit());
        assertEquals(1, mavenCalls().size());
    }

    @Test
    void a_lock_that_a_dead_build_left_is_removed() throws Exception {
        sources();
        jdk(none.resolve("opt/jdk-25"), "25");
        maven("");
        Process gone = new ProcessBuilder("true").start();
        assertEquals(0, gone.waitFor());
        Path lock = Files.createDirectories(home.resolve("target/build.lock"));
        Files.writeString(lock.resolve("pid"), gone.pid() + "\n");
        Ended ended = run("job");
        assertEquals(0, ended.exit(), ended.err());
        assertEquals(1, mavenCalls().size());
        assertFalse(Files.exists(lock));
    }
}
