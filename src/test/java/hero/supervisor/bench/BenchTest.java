package hero.supervisor.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import hero.supervisor.store.Database;
import hero.supervisor.store.PostgresFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The measuring itself: that it runs, checks its answers, and tells all it should. No figure is asserted.
final class BenchTest {
    /// What takes longer is for `-Pcampaign`.
    private static final boolean ALL = Boolean.getBoolean("bench.all");

    private static final Set<Scenario> SHORT = EnumSet.of(
            Scenario.RUN_64,
            Scenario.FEW_SLOTS,
            Scenario.STEPS_64,
            Scenario.CREATE,
            Scenario.DRAIN,
            Scenario.LONE,
            Scenario.HTTP_64,
            Scenario.FRESH_64,
            Scenario.FAN_OUT,
            Scenario.SOAK);

    private static final Set<String> WITHOUT_GOAL = Set.of("run-4", "few-slots", "steps-64", "fresh-64");

    private static Plan plan(Set<Scenario> scenarios, Database.Settings database) {
        return plan(scenarios, database, "");
    }

    private static Plan plan(Set<Scenario> scenarios, Database.Settings database, String against) {
        return new Plan(
                scenarios,
                1,
                0.1,
                0.1,
                0.1,
                50,
                500,
                50,
                0.2,
                true,
                0.1,
                50,
                200,
                50,
                3,
                100,
                database.url(),
                database.user(),
                database.password(),
                List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
                against);
    }

    private static final Database.Settings OWN = new Database.Settings("", "", "");

    @Test
    void every_scenario_is_measured_and_told() {
        Set<Scenario> scenarios = ALL ? EnumSet.allOf(Scenario.class) : SHORT;
        List<String> said = new ArrayList<>();
        Report report = new Bench(plan(scenarios, OWN), Time.system(), said::add).run();

        Map<String, Object> tree = Tree.object(Tree.parse(report.json()));
        Map<String, Object> machine = Tree.object(tree.get("machine"));
        assertEquals("on", machine.get("fsync"), machine.toString());
        assertTrue(machine.keySet().containsAll(Set.of("cores", "java", "postgresql", "load_before", "load_after")));
        Set<String> told = new TreeSet<>();
        for (Object item : Tree.array(tree.get("scenarios"))) {
            Map<String, Object> figure = Tree.object(item);
            String name = Tree.string(figure, "name", "");
            told.add(name);
            assertEquals(!WITHOUT_GOAL.contains(name), figure.get("goal") instanceof String, name);
            assertEquals(figure.containsKey("goal"), figure.get("reached") instanceof Boolean, name);
            assertEquals(figure.containsKey("against"), figure.containsKey("ratio"), name);
            assertFalse(Tree.array(figure.get("rounds")).isEmpty(), name);
            assertTrue(report.table().stream().anyMatch(line -> line.startsWith(name + " ")), name);
        }
        for (Scenario scenario : scenarios) {
            assertTrue(told.stream().anyMatch(name -> name.startsWith(scenario.word())), scenario + " not in " + told);
            assertTrue(said.stream().anyMatch(line -> line.endsWith(scenario.word())), scenario + " not in " + said);
        }
    }

    @Test
    void two_builds_are_measured_in_turn() {
        List<String> said = new ArrayList<>();
        Plan plan = plan(EnumSet.of(Scenario.RUN_64, Scenario.LONE), OWN, System.getProperty("java.class.path"));
        Report report = new Bench(plan, Time.system(), said::add).run();
        List<?> figures = Tree.array(Tree.object(Tree.parse(report.json())).get("scenarios"));
        assertEquals(2, figures.size(), report.json());
        for (Object item : figures) {
            Map<String, Object> figure = Tree.object(item);
            assertEquals("the other build", figure.get("against"), figure.toString());
            assertTrue(figure.get("ratio") instanceof Number, figure.toString());
            assertFalse(figure.containsKey("reached"), figure.toString());
        }
    }

    /// A JVM writes no notes for classes that lie in folders, as those of tests do.
    @Test
    void a_training_puts_load_on_a_server_and_tells_when_its_notes_are_missing(@TempDir Path folder)
            throws IOException {
        List<String> said = new ArrayList<>();
        Path notes = Files.writeString(folder.resolve("notes"), "of an earlier training");
        Bench bench = new Bench(plan(Set.of(), OWN), Time.system(), said::add);
        Invalid missing = assertThrows(Invalid.class, () -> bench.train(notes));
        assertEquals("the server's JVM has not written " + notes, missing.getMessage());
        assertEquals(List.of("load of lone", "writing notes"), said.subList(said.size() - 2, said.size()));
    }

    @Test
    void a_database_that_forgets_is_refused() {
        // The fixture's own server runs without fsync.
        Plan plan = plan(SHORT, PostgresFixture.emptyDatabase());
        Invalid refused = assertThrows(Invalid.class, () -> new Bench(plan, Time.system(), line -> {}).run());
        assertTrue(String.valueOf(refused.getMessage()).contains("is off"), refused.getMessage());
    }
}
