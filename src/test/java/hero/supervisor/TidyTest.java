package hero.supervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.JavaText.Method;
import hero.supervisor.JavaText.Place;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// The rules of `docs/STYLE.md` that a program can see. Each complaint names the place and the way out.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TidyTest {
    private static final int FILE_LINES_MAX = 400;
    private static final int METHOD_LINES_MAX = 60;
    private static final Set<String> NAMES =
            Set.of("Util", "Utils", "Helper", "Helpers", "Manager", "Service", "Impl", "Base", "Abstract", "Common");

    /// @param instead what to use
    /// @param tests whether tests are held to it too
    /// @param allowed where it is at home: a file, or a folder with `/` at the end
    private record Ban(String use, String instead, boolean tests, Set<String> allowed) {}

    private static final String MAIN = "src/main/java/hero/supervisor/";
    private static final Set<String> CLOCKS = Set.of(MAIN + "domain/Time.java");
    private static final List<Ban> BANS = List.of(
            new Ban("Instant.now", "domain.Time, handed in", false, CLOCKS),
            new Ban("LocalDateTime.now", "domain.Time, handed in", false, CLOCKS),
            new Ban("OffsetDateTime.now", "domain.Time, handed in", false, CLOCKS),
            new Ban("ZonedDateTime.now", "domain.Time, handed in", false, CLOCKS),
            new Ban("InstantSource.system", "domain.Time, handed in", false, CLOCKS),
            new Ban("Clock.systemUTC", "domain.Time, handed in", false, CLOCKS),
            new Ban("Clock.systemDefaultZone", "domain.Time, handed in", false, CLOCKS),
            new Ban("System.currentTimeMillis", "domain.Time, handed in", false, CLOCKS),
            new Ban("System.nanoTime", "domain.Time, handed in", false, CLOCKS),
            new Ban("Thread.sleep", "a wait for a signal, with a deadline", true, Set.of()),
            new Ban("TimeUnit.sleep", "a wait for a signal, with a deadline", true, Set.of()),
            new Ban("new Random", "a RandomGenerator, handed in", false, Set.of()),
            new Ban("ThreadLocalRandom.current", "a RandomGenerator, handed in", false, Set.of()),
            new Ban("Math.random", "a RandomGenerator, handed in", false, Set.of()),
            new Ban("UUID.randomUUID", "a supplier of ids, handed in", false, Set.of()),
            new Ban("System.out", "SLF4J, or the writer of the command", false, Set.of(MAIN + "cli/")),
            new Ban("System.err", "SLF4J, or the writer of the command", false, Set.of(MAIN + "cli/")));
    private static final List<String> MOCKS = List.of("org.mockito", "org.easymock", "org.powermock", "io.mockk");
    private static final List<String> LATER = List.of("TO" + "DO", "FIX" + "ME", "XX" + "X");
    private static final Pattern MACHINE =
            Pattern.compile("(?<![A-Za-z0-9._}>-])/(home/(?!linuxbrew)|root/|Users/|work/)[A-Za-z0-9]");
    private static final Pattern REFERENCE =
            Pattern.compile("openrpc\\.json ([a-z_]+\\.[a-z_]+)|`openrpc\\.json ([a-z_.]+)`");

    private final List<JavaText> files = Texts.java();

    @Test
    void no_file_and_no_method_is_too_long() {
        assertEquals(List.of(), complaints(TidyTest::sizes));
    }

    @Test
    void nothing_banned_is_used() {
        assertEquals(List.of(), complaints(TidyTest::bans));
    }

    @Test
    void names_say_what_things_are() {
        Set<String> methods = methods();
        assertEquals(List.of(), complaints(file -> names(file, methods)));
    }

    @Test
    void every_test_asserts_and_none_is_switched_off() {
        Set<String> asserting = asserting();
        assertEquals(List.of(), complaints(file -> tests(file, asserting)));
    }

    @Test
    void every_package_is_null_marked() {
        List<String> bare = new ArrayList<>();
        Set<Path> folders = new TreeSet<>();
        files.stream()
                .filter(f -> !f.isTest())
                .forEach(f -> folders.add(Path.of(f.path()).getParent()));
        for (Path folder : folders) {
            Path info = folder.resolve("package-info.java");
            if (!Files.exists(info)
                    || JavaText.parse(info.toString(), Texts.read(info)).annotations().stream()
                            .noneMatch(a -> a.name().equals("NullMarked"))) {
                bare.add(folder + " needs a package-info.java with @NullMarked");
            }
        }
        assertEquals(List.of(), bare);
    }

    @Test
    void every_method_that_a_comment_points_to_exists() {
        Set<String> methods = methods();
        assertTrue(methods.contains("job.result") && methods.contains("list_runners"), methods.toString());
        assertEquals(List.of(), complaints(file -> references(file, methods)));
    }

    @Test
    void nothing_is_left_for_later_and_no_path_of_one_machine_is_in_it() {
        List<String> found = new ArrayList<>();
        for (Path file : Texts.all()) {
            found.addAll(leftovers(file.toString(), Texts.read(file)));
        }
        assertEquals(List.of(), found);
    }

    @Test
    void the_changelog_has_a_line_for_this_version() {
        List<MatchResult> versions = Pattern.compile(
                        "<artifactId>supervisor</artifactId>\\s*<version>([^<]+)</version>")
                .matcher(Texts.read(Path.of("pom.xml")))
                .results()
                .toList();
        assertEquals(1, versions.size());
        String heading = "## [" + versions.getFirst().group(1) + "]";
        String changelog = Texts.read(Path.of("docs/CHANGELOG.md"));
        int at = changelog.indexOf(heading);
        assertTrue(at >= 0, "docs/CHANGELOG.md needs the heading " + heading);
        String section = changelog.substring(at + heading.length()).split("\n## ", -1)[0];
        assertTrue(section.contains("\n- "), heading + " in docs/CHANGELOG.md has no line");
    }

    /// The rules bite: a file that breaks them all is caught on each.
    @Test
    void an_untidy_file_is_caught() {
        String body = "x();\n".repeat(70);
        JavaText untidy = JavaText.parse(
                MAIN + "engine/JobManager.java",
                "class JobManager { interface Waiter { java.util.function.Supplier<Object> s = java.util.UUID::randomUUID; }\n"
                        + "Object now = java.time.Instant.now(); Object getNow() { return new java.util.Random(); }\n"
                        + "void long_one() {\n" + body + "}\n}\n" + "\n".repeat(400));
        assertEquals(2, sizes(untidy).size(), sizes(untidy).toString());
        assertEquals(3, bans(untidy).size(), bans(untidy).toString());
        assertEquals(2, names(untidy, Set.of()).size(), names(untidy, Set.of()).toString());
        JavaText idle = JavaText.parse(
                "src/test/java/hero/supervisor/engine/IdleTest.java",
                "import org.mockito.Mockito;\nclass IdleTest { @Test @Disabled void waits() { Thread.sleep(1); } }");
        assertEquals(3, tests(idle, Set.of()).size(), tests(idle, Set.of()).toString());
        assertEquals(2, bans(idle).size(), bans(idle).toString());
        JavaText pointer = JavaText.parse(MAIN + "api/A.java", "/// Source: `openrpc.json job.gone`\nclass A {}");
        assertEquals(1, references(pointer, Set.of("job.get")).size());
        assertEquals(
                2,
                leftovers("docs/A.md", "see /ho" + "me/me/x\n" + LATER.getFirst() + " this\n")
                        .size());
    }

    /// The names of all methods in `openrpc.json`.
    private static Set<String> methods() {
        Set<String> methods = new TreeSet<>();
        Pattern.compile("(?m)^      \"name\": \"([a-z_.]+)\"")
                .matcher(Texts.read(Path.of("openrpc.json")))
                .results()
                .forEach(hit -> methods.add(hit.group(1)));
        return methods;
    }

    /// `get_all_status` for `getAllStatus`.
    private static String snake(String name) {
        return name.replaceAll("(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }

    private List<String> complaints(Function<JavaText, List<String>> rule) {
        return files.stream().map(rule).flatMap(List::stream).toList();
    }

    private static List<String> sizes(JavaText file) {
        List<String> found = new ArrayList<>();
        if (file.lines() > FILE_LINES_MAX) {
            found.add(file.path() + " has " + file.lines() + " lines; split it below " + FILE_LINES_MAX);
        }
        for (Method method : file.methods()) {
            if (method.lines() > METHOD_LINES_MAX) {
                found.add(at(file, method.line()) + method.name() + " has " + method.lines() + " lines; split it below "
                        + METHOD_LINES_MAX);
            }
        }
        return found;
    }

    private static List<String> bans(JavaText file) {
        List<String> found = new ArrayList<>();
        for (Ban ban : BANS) {
            if ((file.isTest() && !ban.tests()) || ban.allowed().stream().anyMatch(file.path()::startsWith)) {
                continue;
            }
            for (Place use : file.uses()) {
                if (use.name().equals(ban.use())) {
                    found.add(at(file, use.line()) + ban.use() + " is banned here; use " + ban.instead());
                }
            }
        }
        for (Place place : file.imports()) {
            if (MOCKS.stream().anyMatch(place.name()::startsWith)) {
                found.add(at(file, place.line()) + "no mocking library; write a fake that passes the contract's test");
            }
        }
        return found;
    }

    private static List<String> names(JavaText file, Set<String> methods) {
        List<String> found = new ArrayList<>();
        for (Place type : file.types()) {
            for (String word : type.name().split("(?=[A-Z])", -1)) {
                if (NAMES.contains(word)) {
                    found.add(at(file, type.line()) + type.name() + ": '" + word + "' says nothing; name what it does");
                }
            }
        }
        for (Method method : file.methods()) {
            boolean ours = !file.isTest() && !method.annotations().contains("Override");
            if (ours && method.name().matches("get[A-Z].*") && !methods.contains(snake(method.name()))) {
                found.add(at(file, method.line()) + method.name() + ": port(), not getPort()");
            }
        }
        return found;
    }

    private static List<String> tests(JavaText file, Set<String> asserting) {
        List<String> found = new ArrayList<>();
        List<Method> tests = file.methods().stream()
                .filter(m -> m.annotations().stream().anyMatch(TidyTest::isTest))
                .toList();
        for (Method test : tests) {
            if (!test.name().contains("_")) {
                found.add(at(file, test.line()) + test.name() + ": the name of a test is a_sentence_like_this");
            }
        }
        for (Place annotation : file.annotations()) {
            if (annotation.name().startsWith("Disabled")) {
                found.add(
                        at(file, annotation.line()) + "a test that is switched off proves nothing; mend or remove it");
            }
        }
        boolean asserts = asserts(file)
                || file.uses().stream()
                        .anyMatch(use -> asserting.contains(use.name().replaceAll("^new |\\..*", "")));
        if (!tests.isEmpty() && !asserts) {
            found.add(file.path() + " asserts nothing");
        }
        return found;
    }

    private static boolean asserts(JavaText file) {
        return file.calls().stream().anyMatch(call -> call.name().matches("(assert|fail|until).*"));
    }

    /// Types of the tests that assert on behalf of others, such as a player of scripts.
    private Set<String> asserting() {
        Set<String> types = new TreeSet<>();
        files.stream()
                .filter(file -> file.isTest() && asserts(file))
                .forEach(file -> file.types().forEach(type -> types.add(type.name())));
        return types;
    }

    private static boolean isTest(String annotation) {
        return Set.of("Test", "ParameterizedTest", "RepeatedTest", "TestFactory")
                .contains(annotation);
    }

    private static List<String> references(JavaText file, Set<String> methods) {
        List<String> found = new ArrayList<>();
        if (file.isTest()) {
            return found;
        }
        REFERENCE.matcher(file.text()).results().forEach(hit -> {
            String name = hit.group(1) == null ? hit.group(2) : hit.group(1);
            if (!methods.contains(name)) {
                found.add(file.path() + " points to " + name + ", which openrpc.json does not have");
            }
        });
        return found;
    }

    private static List<String> leftovers(String path, String text) {
        List<String> found = new ArrayList<>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            for (String word : LATER) {
                if (Pattern.compile("\\b" + word + "\\b").matcher(line).find()) {
                    found.add(path + ":" + number + ": do it now, or open an issue: " + word);
                }
            }
            if (MACHINE.matcher(line).find()) {
                found.add(path + ":" + number + ": a path of one machine: " + line.strip());
            }
        }
        return found;
    }

    private static String at(JavaText file, int line) {
        return file.path() + ":" + line + ": ";
    }
}
