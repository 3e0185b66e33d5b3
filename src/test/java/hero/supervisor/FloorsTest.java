package hero.supervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import hero.supervisor.domain.Job;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Imports go down only, and each kind of foreign code has one home. The table in `docs/STYLE.md` says why.
final class FloorsTest {
    private static final String ROOT = "hero.supervisor";

    /// Who may import whom of ours.
    private static final Map<String, Set<String>> FLOORS = Map.ofEntries(
            Map.entry("cli", Set.of("app", "bench", "check", "client", "runner", "domain")),
            Map.entry("bench", Set.of("app", "store", "client", "domain")),
            Map.entry("app", Set.of("transport", "api", "engine", "store", "wire", "domain", "client", "runner")),
            Map.entry("transport", Set.of("api", "engine", "wire", "domain")),
            Map.entry("api", Set.of("engine", "wire", "domain")),
            Map.entry("engine", Set.of("store", "domain")),
            Map.entry("store", Set.of("domain")),
            Map.entry("wire", Set.of("domain")),
            Map.entry("domain", Set.of()),
            Map.entry("client", Set.of("wire", "domain")),
            Map.entry("runner", Set.of("client", "domain")),
            Map.entry("check", Set.of("transport", "wire", "domain")));

    /// Foreign packages that have a home: the only floors that may use them. What is not here and not in
    /// [#EVERYWHERE] may be used nowhere.
    private static final Map<String, Set<String>> HOMES = homes();

    private static final List<String> EVERYWHERE =
            List.of("java.", "javax.net.", "javax.crypto.", "org.jspecify.", "org.slf4j.");

    private static final JavaClasses MAIN = mainClasses();

    private static Map<String, Set<String>> homes() {
        Map<String, Set<String>> homes = new LinkedHashMap<>();
        homes.put("picocli.", Set.of("cli"));
        homes.put("io.zonky.", Set.of("app"));
        homes.put("org.yaml.snakeyaml.", Set.of("app"));
        homes.put("org.apache.commons.compress.", Set.of("app")); // unpacks the embedded PostgreSQL
        homes.put("org.tukaani.xz.", Set.of("app"));
        homes.put("ch.qos.logback.", Set.of("app", "cli"));
        homes.put("io.helidon.", Set.of("transport"));
        homes.put("io.micrometer.", Set.of("transport"));
        homes.put("io.opentelemetry.", Set.of("app"));
        homes.put("com.fasterxml.jackson.", Set.of("wire"));
        homes.put("org.jooq.", Set.of("store"));
        homes.put("com.zaxxer.hikari.", Set.of("store"));
        homes.put("org.flywaydb.", Set.of("store"));
        homes.put("org.postgresql.", Set.of("store"));
        homes.put("java.sql.", Set.of("store", "bench")); // the benchmark is also the user who writes SQL himself
        homes.put("javax.sql.", Set.of("store", "app"));
        homes.put("java.net.http.", Set.of("client"));
        return homes;
    }

    @Test
    void imports_go_down_only() {
        assertEquals(Set.of(), upward(MAIN));
    }

    @Test
    void foreign_code_stays_in_its_home() {
        assertEquals(Set.of(), strangers(MAIN));
    }

    @Test
    void every_class_is_on_a_floor_and_every_floor_exists() {
        Set<String> seen = new TreeSet<>();
        MAIN.forEach(type -> seen.add(floorOf(type.getPackageName())));
        seen.remove(""); // the root holds a package-info only
        assertEquals(new TreeSet<>(FLOORS.keySet()), seen);
        assertTrue(MAIN.stream().noneMatch(c -> c.getPackageName().equals(ROOT) && !isPackageInfo(c)));
    }

    @Test
    void no_floor_rests_on_itself() {
        FLOORS.forEach((floor, below) -> below.forEach(one -> {
            assertTrue(FLOORS.containsKey(one), one + " is no floor");
            assertTrue(!reaches(one, floor), floor + " and " + one + " import each other");
        }));
    }

    private static boolean reaches(String from, String to) {
        return from.equals(to) || FLOORS.getOrDefault(from, Set.of()).stream().anyMatch(next -> reaches(next, to));
    }

    @Test
    void a_class_that_breaks_a_rule_is_caught(@TempDir Path folder) throws IOException {
        Map<String, String> sources = Map.of(
                "com.fasterxml.jackson.databind.JsonNode", "public class JsonNode {}",
                "org.example.Stranger", "public class Stranger {}",
                "hero.supervisor.store.Rows", "public class Rows {}",
                "hero.supervisor.domain.Upward", "class Upward { hero.supervisor.store.Rows rows; }",
                "hero.supervisor.wire.Sideways", "class Sideways { Object o = new hero.supervisor.store.Rows(); }",
                "hero.supervisor.engine.Down", "class Down extends hero.supervisor.store.Rows {}",
                "hero.supervisor.engine.Tree", "class Tree { com.fasterxml.jackson.databind.JsonNode[] nodes; }",
                "hero.supervisor.api.Fetch", "class Fetch { java.net.http.HttpClient http; }",
                "hero.supervisor.cli.Odd", "class Odd { org.example.Stranger stranger; }");
        JavaClasses broken = compiled(folder, sources);
        assertEquals(
                List.of(
                        "domain may not import hero.supervisor.store.Rows: hero.supervisor.domain.Upward",
                        "wire may not import hero.supervisor.store.Rows: hero.supervisor.wire.Sideways"),
                List.copyOf(upward(broken)));
        assertEquals(
                List.of(
                        "api may not use java.net.http.HttpClient: hero.supervisor.api.Fetch",
                        "cli may not use org.example.Stranger: hero.supervisor.cli.Odd",
                        "engine may not use com.fasterxml.jackson.databind.JsonNode: hero.supervisor.engine.Tree"),
                List.copyOf(strangers(broken)));
    }

    private static JavaClasses compiled(Path folder, Map<String, String> sources) throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of("-proc:none", "-d", folder.resolve("out").toString()));
        for (Map.Entry<String, String> source : sources.entrySet()) {
            Path file = folder.resolve(source.getKey().replace('.', '/') + ".java");
            Files.createDirectories(file.getParent());
            String home = source.getKey().substring(0, source.getKey().lastIndexOf('.'));
            Files.writeString(file, "package " + home + ";\n" + source.getValue());
            arguments.add(file.toString());
        }
        int code = ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new));
        assertEquals(0, code);
        return new ClassFileImporter().importPath(folder.resolve("out"));
    }

    private static JavaClasses mainClasses() {
        try {
            Path folder = Path.of(Job.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return new ClassFileImporter().importPath(folder);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Set<String> upward(JavaClasses classes) {
        Set<String> found = new TreeSet<>();
        each(classes, (type, target) -> {
            String from = floorOf(type.getPackageName());
            String to = floorOf(target.getPackageName());
            if (isOurs(target)
                    && !from.equals(to)
                    && !FLOORS.getOrDefault(from, Set.of()).contains(to)) {
                found.add(from + " may not import " + target.getName() + ": " + type.getName());
            }
        });
        return found;
    }

    private static Set<String> strangers(JavaClasses classes) {
        Set<String> found = new TreeSet<>();
        each(classes, (type, target) -> {
            String floor = floorOf(type.getPackageName());
            if (!isOurs(target) && !target.isPrimitive() && !mayUse(floor, target.getName())) {
                found.add(floor + " may not use " + target.getName() + ": " + type.getName());
            }
        });
        return found;
    }

    private interface Pair {
        void see(JavaClass type, JavaClass target);
    }

    private static void each(JavaClasses classes, Pair pair) {
        for (JavaClass type : classes) {
            if (isOurs(type)) {
                for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                    pair.see(type, dependency.getTargetClass().getBaseComponentType());
                }
            }
        }
    }

    private static boolean mayUse(String floor, String target) {
        for (Map.Entry<String, Set<String>> home : HOMES.entrySet()) {
            if (target.startsWith(home.getKey())) {
                return home.getValue().contains(floor);
            }
        }
        return EVERYWHERE.stream().anyMatch(target::startsWith);
    }

    private static boolean isOurs(JavaClass type) {
        return type.getPackageName().equals(ROOT) || type.getPackageName().startsWith(ROOT + ".");
    }

    private static boolean isPackageInfo(JavaClass type) {
        return type.getSimpleName().equals("package-info");
    }

    /// `store` for `hero.supervisor.store.schema`; empty for the root itself and for foreign packages.
    private static String floorOf(String packageName) {
        if (!packageName.startsWith(ROOT + ".")) {
            return "";
        }
        return packageName.substring(ROOT.length() + 1).replaceAll("\\..*", "");
    }
}
