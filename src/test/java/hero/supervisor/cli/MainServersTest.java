package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.app.Config;
import hero.supervisor.bench.Plan;
import hero.supervisor.domain.Time;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands that run servers and runners and manage secrets.
final class MainServersTest {
    private final FakeFloors floors = new FakeFloors();
    private final Map<String, String> env = new HashMap<>();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private String stdin = "";

    @TempDir
    Path folder;

    private int run(String... args) {
        var in = new ByteArrayInputStream(stdin.getBytes(StandardCharsets.UTF_8));
        var shell =
                new Shell(new PrintWriter(out), new PrintWriter(err), in, env, folder, false, Time.system(), floors);
        return Main.run(args, shell);
    }

    private FakeFloors.Call call() {
        return floors.calls.getLast();
    }

    // ---- secret ----

    @Test
    void a_new_secret_is_alone_on_stdout() {
        floors.answering("secrets.create", Map.of("id", "s1", "name", "me", "scope", "admin", "secret", "hsv_adm_new"));
        assertEquals(Exit.OK, run("secret", "create", "--scope", "admin", "--name", "me"));
        assertEquals("hsv_adm_new\n", out.toString());
        assertEquals(Map.of("scope", "admin", "name", "me"), call().params());
        assertEquals(ClientOptions.URL_DEFAULT, call().url());
    }

    @Test
    void secrets_are_made_on_the_database_when_one_is_named() {
        env.put("SUPERVISOR_DB_URL", "jdbc:postgresql://db/x");
        run("secret", "list");
        assertNull(call().url());
        assertEquals("jdbc:postgresql://db/x", ((Config) floors.started.getFirst()).dbUrl());
    }

    // ---- servers and runners ----

    @Test
    void serve_takes_flags_over_environment_over_file() throws IOException {
        Files.writeString(folder.resolve("c.yaml"), "port: 1\nredeliveries: 9\nbind: 10.0.0.1\n");
        env.put("SUPERVISOR_DB_URL", "jdbc:postgresql://db/x");
        env.put("SUPERVISOR_PORT", "2");
        env.put("SUPERVISOR_BIND", "10.0.0.2");
        assertEquals(Exit.OK, run("serve", "--config", "c.yaml", "--port", "3", "--no-migrate"));
        Config config = (Config) floors.started.getFirst();
        assertEquals(3, config.port());
        assertEquals("10.0.0.2", config.bind());
        assertEquals(9, config.redeliveries());
        assertFalse(config.migrate());
    }

    @Test
    void print_config_starts_nothing_and_masks_the_password() {
        env.put("SUPERVISOR_DB_PASSWORD", "hunter2");
        assertEquals(Exit.OK, run("serve", "--print-config", "--port", "5"));
        assertTrue(out.toString().contains("port: 5  # --port\n"), out.toString());
        assertTrue(out.toString().contains("db_password: '***'  # SUPERVISOR_DB_PASSWORD\n"), out.toString());
        assertEquals(List.of(), floors.started);
    }

    @Test
    void bench_heats_the_gateways_for_as_long_as_is_said() {
        assertEquals(Exit.OK, run("bench"));
        assertEquals(Exit.OK, run("bench", "--heat", "0"));
        assertEquals(Exit.USAGE, run("bench", "--heat", "601"));
        assertTrue(err.toString().contains("--heat must be 0 to 600; it is 601"), err.toString());
        assertEquals(
                List.of(15.0, 0.0),
                floors.started.stream().map(plan -> ((Plan) plan).heatSeconds()).toList());
    }

    @Test
    void bench_writes_notes_instead_of_measuring() {
        assertEquals(Exit.OK, run("bench", "--notes", "n"));
        Plan plan = (Plan) floors.started.getFirst();
        assertEquals(1, plan.seconds() + plan.warmUpSeconds(), "of each kind of load");
        assertEquals(0.5, plan.heatSeconds());
        assertEquals(folder.resolve("n"), floors.started.get(1));
        assertEquals(2, floors.started.size());
        for (String other : List.of("--json", "--only=run-64", "--against=.")) {
            assertEquals(Exit.USAGE, run("bench", "--notes", "n", other));
            assertTrue(err.toString().contains("--notes measures nothing; leave out"), err.toString());
        }
        for (String other : List.of("none/n", ".")) {
            assertEquals(Exit.USAGE, run("bench", "--notes", other));
            assertTrue(err.toString().contains("into; it is '" + other + "'"), err.toString());
        }
        assertEquals(2, floors.started.size());
    }

    @Test
    void dev_brings_its_own_database() {
        env.put("SUPERVISOR_DB_URL", "jdbc:postgresql://production/x");
        assertEquals(Exit.OK, run("dev", "--once", "--data", "d", "--port", "0"));
        Config config = (Config) floors.started.getFirst();
        assertEquals("", config.dbUrl());
        assertEquals(0, config.port());
        assertEquals(folder.resolve("d"), floors.started.get(1));
        assertEquals(true, floors.started.get(2));
    }

    @Test
    void a_runner_is_told_all_it_needs() {
        env.put("SUPERVISOR_SECRET", "hsv_reg_x");
        int exit = run(
                "runner",
                "--name",
                "gpu-1",
                "--queue",
                "gpu",
                "--slots",
                "4",
                "--url",
                "ws://a",
                "--url",
                "ws://b",
                "--executor",
                "ruby=ruby -W0",
                "--executor",
                "x=y");
        assertEquals(Exit.OK, exit);
        assertEquals(
                new RunnerOptions(
                        List.of("ws://a", "ws://b"),
                        "hsv_reg_x",
                        "gpu-1",
                        "gpu",
                        4,
                        Map.of("ruby", "ruby -W0", "x", "y")),
                floors.started.getFirst());
        assertFalse(floors.started.getFirst().toString().contains("hsv_reg_x"));
    }

    @Test
    void migrate_passes_its_word_on() {
        env.put("SUPERVISOR_DB_URL", "jdbc:postgresql://db/x");
        assertEquals(Exit.OK, run("migrate", "validate"));
        assertEquals(Floors.Migration.VALIDATE, floors.started.get(1));
    }

    @Test
    void a_command_that_only_looks_does_not_wait_long_for_a_database_that_is_away() {
        env.put("SUPERVISOR_DB_URL", "jdbc:postgresql://db/x");
        assertEquals(5000, waitsFor("migrate", "info"));
        assertEquals(5000, waitsFor("report"));
        assertEquals(5000, waitsFor("secret", "list"));
        assertEquals(30_000, waitsFor("migrate", "up"));
        assertEquals(30_000, waitsFor("secret", "create", "--scope", "admin", "--name", "first"));
        assertEquals(30_000, waitsFor("serve"));
        env.put("SUPERVISOR_DB_WAIT_MS", "7000");
        assertEquals(7000, waitsFor("report"));
    }

    private long waitsFor(String... command) {
        floors.started.clear();
        run(command);
        return ((Config) floors.started.getFirst()).dbWaitMs();
    }

    @Test
    void to_migrate_and_not_to_is_refused() {
        env.put("SUPERVISOR_DB_URL", "jdbc:postgresql://db/x");
        assertEquals(Exit.USAGE, run("serve", "--no-migrate", "--migrate", "true"));
        assertTrue(err.toString().contains("--no-migrate and --migrate"), err.toString());
        assertEquals(List.of(), floors.started);
    }
}
