package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jooq.codegen.GenerationTool;
import org.jooq.meta.jaxb.Configuration;
import org.jooq.meta.jaxb.Database;
import org.jooq.meta.jaxb.Generate;
import org.jooq.meta.jaxb.Generator;
import org.jooq.meta.jaxb.Jdbc;
import org.jooq.meta.jaxb.Logging;
import org.jooq.meta.jaxb.Target;
import org.junit.jupiter.api.Test;

/// The committed jOOQ classes are those of the migrated schema. `mvn test -Dtest=SchemaTest -Dschema.write=true`
/// writes them anew.
class SchemaTest {
    private static final Path COMMITTED = Path.of("src/main/java");
    private static final Path GENERATED = Path.of("target/schema");
    private static final String PACKAGE = "hero.supervisor.store.schema";

    @Test
    void the_committed_classes_are_those_of_the_migrated_schema() throws Exception {
        if (Boolean.getBoolean("schema.write")) {
            generate(COMMITTED);
        }
        generate(GENERATED);
        Map<String, String> committed = files(COMMITTED);
        Map<String, String> generated = files(GENERATED);
        String differing = Stream.concat(committed.keySet().stream(), generated.keySet().stream())
                .distinct()
                .filter(name -> !committed.getOrDefault(name, "").equals(generated.getOrDefault(name, "")))
                .sorted()
                .collect(Collectors.joining(", "));
        assertEquals(
                "",
                differing,
                "these classes differ from db/migration; write them with"
                        + " 'mvn test -Dtest=SchemaTest -Dschema.write=true' and commit them");
    }

    private static Map<String, String> files(Path root) throws IOException {
        Path folder = root.resolve(PACKAGE.replace('.', '/'));
        Map<String, String> files = new TreeMap<>();
        if (Files.exists(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                all.filter(Files::isRegularFile).forEach(file -> {
                    try {
                        files.put(folder.relativize(file).toString(), Files.readString(file));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            }
        }
        return files;
    }

    private static void generate(Path directory) throws Exception {
        hero.supervisor.store.Database.Settings settings = PostgresFixture.freshDatabase();
        GenerationTool.generate(new Configuration()
                .withLogging(Logging.WARN)
                .withJdbc(new Jdbc()
                        .withDriver("org.postgresql.Driver")
                        .withUrl(settings.url())
                        .withUser(settings.user())
                        .withPassword(settings.password()))
                .withGenerator(new Generator()
                        .withDatabase(new Database()
                                .withName("org.jooq.meta.postgres.PostgresDatabase")
                                .withInputSchema("public")
                                .withOutputSchemaToDefault(true)
                                .withOutputCatalogToDefault(true)
                                .withExcludes("flyway_schema_history|job_(events|logs)_(default|[0-9]+)")
                                .withIncludeRoutines(false)
                                .withIncludeIndexes(false))
                        .withGenerate(new Generate()
                                .withRecords(false)
                                .withJavadoc(false)
                                .withComments(false)
                                .withGeneratedAnnotation(false))
                        .withTarget(new Target()
                                .withPackageName(PACKAGE)
                                .withDirectory(directory.toString())
                                .withClean(true))));
    }
}
