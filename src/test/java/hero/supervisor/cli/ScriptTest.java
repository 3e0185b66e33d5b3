package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// Runs a copy of the script `supervisor` with JDKs and a Maven that are scripts too and tell how they were
/// called.
final class ScriptTest extends ScriptFixture {
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
