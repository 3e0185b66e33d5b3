package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// How the script makes starts quicker: notes of training runs, and options for small machines.
final class ScriptStartsTest extends ScriptFixture {
    @Test
    void what_a_training_run_wrote_down_serves_the_starts_to_come_and_a_new_build_makes_it_anew() throws Exception {
        sources();
        Path jdk = trainable();
        maven("");
        String cache = "-XX:AOTCache=" + home.resolve("target/supervisor.aot");
        Path server = home.resolve("target/server.aot");
        assertTrue(run("job").out().contains(cache));
        assertTrue(run("dev").out().contains(cache));
        assertEquals(List.of("of all"), trainings());
        assertTrue(run("serve").out().contains("-XX:AOTCache=" + server));
        assertTrue(run("bench").out().contains("-XX:AOTCache=" + server));
        assertEquals(List.of("of all", "of a server"), trainings());
        assertFalse(Files.exists(home.resolve("target/training")));
        Files.delete(home.resolve("target/supervisor.jar"));
        assertTrue(run("job").out().contains(cache));
        assertEquals(3, trainings().size());
        assertFalse(Files.exists(server), "it is of the jar before");
        // A training that fails is no failure, and is not tried again.
        script(
                jdk.resolve("bin/java"),
                "echo x >>'" + temp.resolve("failed") + "'; for word; do echo \"$word\"; done; exit 3\n");
        Files.delete(home.resolve("target/supervisor.jar"));
        assertFalse(run("job").out().contains("-XX:AOTCache="));
        assertFalse(run("serve").out().contains("-XX:AOTCache="));
        assertFalse(run("serve").out().contains("-XX:AOTCache="));
        assertEquals(5, Files.readAllLines(temp.resolve("failed")).size());
    }

    @Test
    void a_process_without_memory_ends_whatever_options_it_is_given() throws Exception {
        sources();
        trainable();
        maven("");
        assertTrue(run("serve").out().contains("-XX:+ExitOnOutOfMemoryError"));
        env.put("SUPERVISOR_JAVA_OPTS", "-Xmx1g");
        assertTrue(run("serve").out().contains("-XX:+ExitOnOutOfMemoryError"));
        assertTrue(run("dev").out().contains("-XX:+ExitOnOutOfMemoryError"));
    }

    /// A JDK whose java tells its arguments, and writes notes where it is asked to.
    private Path trainable() throws IOException {
        Path jdk = jdk(none.resolve("opt/jdk-25"), "25");
        script(jdk.resolve("bin/java"), """
                for word; do
                  case $word in -XX:AOTCacheOutput=*) echo of all >>'TRAINED'; echo notes >"${word#*=}" ;; esac
                  [ "${last:-}" != --notes ] || { echo of a server >>'TRAINED'; echo notes >"$word"; }
                  last=$word
                  echo "$word"
                done
                """.replace(
                        "TRAINED", temp.resolve("trained").toString()));
        return jdk;
    }

    private List<String> trainings() throws IOException {
        return Files.readAllLines(temp.resolve("trained"));
    }

    @Test
    void on_two_processors_a_server_compiles_less_and_later_unless_options_are_given() throws Exception {
        installed();
        jdk(none.resolve("opt/jdk-25"), "25");
        Files.delete(bin.resolve("getconf"));
        script(bin.resolve("getconf"), "echo 2\n");
        List<String> options = List.of("-XX:+UseSerialGC", "-XX:MaxInlineLevel=4", "-XX:CompileThresholdScaling=4");
        List<String> server = run("serve").out().lines().toList();
        assertTrue(server.containsAll(options), server.toString());
        String measured = run("bench").out();
        assertTrue(
                measured.lines()
                        .anyMatch(line -> line.startsWith("-Dsupervisor.server.options=")
                                && options.stream().allMatch(line::contains)),
                measured);
        script(bin.resolve("getconf"), "echo 3\n");
        assertFalse(run("serve").out().contains("-XX:CompileThresholdScaling"));
        script(bin.resolve("getconf"), "echo 2\n");
        env.put("SUPERVISOR_JAVA_OPTS", "-XX:+UseZGC");
        assertFalse(run("serve").out().contains("-XX:CompileThresholdScaling"));
    }

    @Test
    void a_server_without_notes_of_its_own_starts_with_those_of_everything() throws Exception {
        installed();
        jdk(none.resolve("opt/jdk-25"), "25");
        Files.writeString(home.resolve("supervisor.aot"), "notes");
        assertTrue(run("serve").out().contains("-XX:AOTCache=" + home.resolve("supervisor.aot")));
        Files.writeString(home.resolve("server.aot"), "notes");
        assertTrue(run("serve").out().contains("-XX:AOTCache=" + home.resolve("server.aot")));
        assertTrue(run("job").out().contains("-XX:AOTCache=" + home.resolve("supervisor.aot")));
    }

    @Test
    void a_server_whose_jar_somebody_else_has_built_is_trained_before_its_first_start() throws Exception {
        sources();
        trainable();
        maven("");
        assertEquals(0, run("serve").exit());
        Path jar = home.resolve("target/supervisor.jar");
        Path notes = home.resolve("target/server.aot");
        String cache = "-XX:AOTCache=" + notes;
        FileTime older =
                FileTime.from(Files.getLastModifiedTime(jar).toInstant().minus(Duration.ofSeconds(1)));
        Files.setLastModifiedTime(notes, older);
        Ended command = run("job");
        assertEquals("", command.err(), "it is over before notes would help");
        for (String look : List.of("--help", "-h", "--print-config")) {
            assertEquals("", run("serve", look).err(), "who reads something waits for nothing");
        }
        Ended server = run("serve");
        assertTrue(server.err().contains("preparing quick starts"), server.err());
        assertTrue(server.out().contains(cache), server.out());
        assertEquals("", run("serve").err());
        notes = home.resolve("target/supervisor.aot");
        cache = "-XX:AOTCache=" + notes;
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
}
