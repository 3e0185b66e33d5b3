package hero.supervisor.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The published contract holds what it must: it is OpenRPC 1.3.2, everything of the seed is in it, and nothing
/// in it lacks words or examples. That the server does what it says is another test.
final class OpenRpcDocumentTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String OPENRPC = "https://meta.open-rpc.org/";
    private static final String JSON_SCHEMA = "https://meta.json-schema.tools";
    private static final Set<String> SCOPES =
            Set.of("public", "user", "read", "control", "admin", "register", "runner");
    private static final Set<String> FIXTURES = Set.of("runner", "job", "session", "secret");

    private final ObjectNode document = (ObjectNode) read(Path.of("openrpc.json"));

    @Test
    void the_document_fits_the_meta_schema() {
        assertEquals("1.3.2", document.path("openrpc").asText());
        assertEquals(List.of(), problems(metaSchema(), document));
    }

    @Test
    void the_meta_schema_bites() {
        ObjectNode broken = document.deepCopy();
        ((ObjectNode) broken.path("methods").path(0)).put("paramStructure", "sideways");
        ((ObjectNode) broken.path("methods").path(1).path("params").path(0)).remove("name");
        assertFalse(problems(metaSchema(), broken).isEmpty());
    }

    @Test
    void everything_of_the_seed_is_in_it() {
        assertEquals(List.of(), Superset.missing(seed(), document));
    }

    @Test
    void a_document_that_changes_something_of_the_seed_is_caught() {
        assertCaught(d -> methodOf(d, "job.run").put("name", "job.go"));
        assertCaught(
                d -> ((ObjectNode) methodOf(d, "stop_runner").path("params").path(1)).put("name", "hard"));
        assertCaught(d -> ((ObjectNode) methodOf(d, "job.status").at("/result/schema/properties")).remove("status"));
        assertCaught(d -> ((ObjectNode) d.at("/components/schemas/Job/properties/timeout")).put("type", "string"));
        assertCaught(d -> {
            ObjectNode properties = (ObjectNode) methodOf(d, "job.start").at("/params/0/schema/properties");
            JsonNode secret = properties.remove("secret");
            properties.set("secret", secret); // now behind job_id: the order by position has changed
        });
    }

    private void assertCaught(Consumer<ObjectNode> damage) {
        ObjectNode broken = document.deepCopy();
        damage.accept(broken);
        assertFalse(Superset.missing(seed(), broken).isEmpty());
    }

    @Test
    void every_method_says_what_it_is_and_what_can_go_wrong() {
        Set<String> names = new HashSet<>();
        for (JsonNode method : document.path("methods")) {
            String name = method.path("name").asText();
            assertTrue(names.add(name), name + " twice");
            for (String text : List.of("summary", "description")) {
                assertFalse(method.path(text).asText().isBlank(), name + " has no " + text);
            }
            assertTrue(SCOPES.contains(method.path("x-scope").asText()), name + " has no x-scope");
            assertTrue(method.path("x-idempotent").isBoolean(), name + " has no x-idempotent");
            assertTrue(method.path("deprecated").isBoolean(), name + " has no deprecated");
            assertEquals("either", method.path("paramStructure").asText(), name);
            assertFalse(method.path("tags").isEmpty(), name + " has no tag");
            assertFalse(method.path("examples").isEmpty(), name + " has no example");
            errorsAreWhole(name, method.path("errors"));
            for (JsonNode param : method.path("params")) {
                assertFalse(param.path("description").asText().isBlank(), name + ": " + param.path("name"));
                assertTrue(param.path("required").isBoolean(), name + ": " + param.path("name"));
            }
        }
    }

    private void errorsAreWhole(String name, JsonNode errors) {
        assertFalse(errors.isEmpty(), name + " has no errors");
        Set<Integer> codes = new HashSet<>();
        for (JsonNode reference : errors) {
            JsonNode error = Superset.resolve(document, reference);
            assertTrue(codes.add(error.path("code").asInt()), name + " has the code " + error.path("code") + " twice");
            assertFalse(error.path("message").asText().isBlank(), name);
            assertFalse(error.at("/data/kind").isMissingNode(), name + ": " + error + " has no data.kind");
        }
    }

    @Test
    void every_schema_has_a_title_and_every_member_a_description() {
        List<String> bare = new ArrayList<>();
        document.path("components").path("schemas").properties().forEach(e -> bare(e.getValue(), e.getKey(), bare));
        for (JsonNode method : document.path("methods")) {
            String name = method.path("name").asText();
            method.path("params").forEach(p -> bare(p.path("schema"), name + "/" + p.path("name"), bare));
            bare(method.at("/result/schema"), name + "/result", bare);
        }
        assertEquals(List.of(), bare);
    }

    private static void bare(JsonNode schema, String path, List<String> bare) {
        if (schema.has("$ref")) {
            return;
        }
        if (schema.path("title").asText().isBlank()) {
            bare.add(path + " has no title");
        }
        schema.path("properties").properties().forEach(e -> {
            String here = path + "/" + e.getKey();
            if (!e.getValue().has("$ref")
                    && e.getValue().path("description").asText().isBlank()) {
                bare.add(here + " has no description");
            }
            bare(e.getValue(), here, bare);
        });
        if (schema.path("items").isObject()) {
            bare(schema.path("items"), path + "/items", bare);
        }
        schema.path("oneOf").forEach(choice -> bare(choice, path + "/oneOf", bare));
    }

    @Test
    void every_reference_leads_somewhere() {
        List<JsonNode> references = document.findValues("$ref");
        assertFalse(references.isEmpty());
        for (JsonNode reference : references) {
            String pointer = reference.asText();
            assertTrue(pointer.startsWith("#/"), pointer + " leads out of the document");
            assertFalse(document.at(pointer.substring(1)).isMissingNode(), pointer + " leads nowhere");
        }
    }

    @Test
    void every_example_fits_its_parameters() {
        for (JsonNode method : document.path("methods")) {
            for (JsonNode example : method.path("examples")) {
                String title = method.path("name").asText() + ": "
                        + example.path("name").asText();
                Set<String> given = new HashSet<>();
                for (JsonNode value : example.path("params")) {
                    String name = value.path("name").asText();
                    assertTrue(given.add(name), title + " gives " + name + " twice");
                    JsonNode param = param(method, name);
                    assertFalse(param.isMissingNode(), title + " gives the unknown parameter " + name);
                    assertEquals(List.of(), problems(schemaOf(accepted(method, param)), value.path("value")), title);
                }
                for (JsonNode param : method.path("params")) {
                    boolean there = given.contains(param.path("name").asText());
                    assertTrue(there || !param.path("required").asBoolean(), title + " lacks " + param.path("name"));
                }
            }
        }
    }

    @Test
    void every_example_fits_its_result_or_names_an_error_of_its_method() {
        for (JsonNode method : document.path("methods")) {
            for (JsonNode example : method.path("examples")) {
                String title = method.path("name").asText() + ": "
                        + example.path("name").asText();
                assertTrue(example.has("result") != example.has("x-error"), title + " needs a result or an x-error");
                if (example.has("x-error")) {
                    assertTrue(mayFail(method, example.path("x-error")), title);
                    continue;
                }
                JsonNode value = example.at("/result/value");
                assertEquals(method.at("/result/name"), example.at("/result/name"), title);
                assertEquals(List.of(), problems(schemaOf(method.at("/result/schema")), value), title);
                for (JsonNode pointer : example.path("x-dynamic")) {
                    assertFalse(value.at(pointer.asText()).isMissingNode(), title + " has nothing at " + pointer);
                }
            }
        }
    }

    @Test
    void every_example_says_what_must_be_there_in_known_words() {
        Set<String> placeholders = new HashSet<>();
        document.at("/x-examples/placeholders").fieldNames().forEachRemaining(placeholders::add);
        for (JsonNode method : document.path("methods")) {
            for (JsonNode example : method.path("examples")) {
                String title = method.path("name").asText() + ": "
                        + example.path("name").asText();
                assertTrue(example.path("x-fixture").isArray(), title + " has no x-fixture");
                for (JsonNode fixture : example.path("x-fixture")) {
                    assertTrue(FIXTURES.stream().anyMatch(fixture::has), title + " has the fixture " + fixture);
                }
                Pattern.compile("\\$\\{[a-z_]+}")
                        .matcher(example.toString())
                        .results()
                        .forEach(hit -> assertTrue(placeholders.contains(hit.group()), title + ": " + hit.group()));
            }
        }
    }

    private boolean mayFail(JsonNode method, JsonNode expected) {
        for (JsonNode reference : method.path("errors")) {
            JsonNode error = Superset.resolve(document, reference);
            JsonNode kind = error.at("/data/kind");
            boolean named = kind.equals(expected.path("kind"));
            for (JsonNode one : kind) {
                named |= one.equals(expected.path("kind"));
            }
            if (named && error.path("code").equals(expected.path("code"))) {
                return true;
            }
        }
        return false;
    }

    private static JsonNode param(JsonNode method, String name) {
        for (JsonNode param : method.path("params")) {
            if (param.path("name").asText().equals(name)) {
                return param;
            }
        }
        return MissingNode.getInstance();
    }

    /// The schema of a parameter, with what the method accepts (`x-accepts`) in place of what the seed prints.
    private static JsonNode accepted(JsonNode method, JsonNode param) {
        JsonNode schema = param.path("schema").deepCopy();
        method.path("x-accepts").properties().forEach(e -> {
            if (schema.path("properties").has(e.getKey())) {
                ((ObjectNode) schema.path("properties")).set(e.getKey(), e.getValue());
            }
        });
        return schema;
    }

    private static ObjectNode methodOf(JsonNode document, String name) {
        for (JsonNode method : document.path("methods")) {
            if (method.path("name").asText().equals(name)) {
                return (ObjectNode) method;
            }
        }
        throw new AssertionError("no method " + name);
    }

    private JsonSchema schemaOf(JsonNode schema) {
        ObjectNode root = JSON.createObjectNode();
        root.putArray("allOf").add(schema);
        root.set("components", document.path("components"));
        return factory(Map.of()).getSchema(root);
    }

    /// Both schemas are data of this build, so that no test needs a network.
    private static JsonSchema metaSchema() {
        Path folder = Path.of("src/test/resources/spec");
        ObjectNode openrpc = draft7(folder.resolve("openrpc-1.3.2-meta-schema.json"));
        String schemas =
                draft7(folder.resolve("json-schema-tools-meta-schema.json")).toString();
        return factory(Map.of(JSON_SCHEMA, schemas, JSON_SCHEMA + "/", schemas, OPENRPC, openrpc.toString()))
                .getSchema(openrpc);
    }

    /// A schema that calls itself by the name of draft 7 that the validator knows.
    private static ObjectNode draft7(Path file) {
        return ((ObjectNode) read(file)).put("$schema", SpecVersion.VersionFlag.V7.getId());
    }

    private static JsonSchemaFactory factory(Map<String, String> known) {
        return JsonSchemaFactory.getInstance(
                SpecVersion.VersionFlag.V7,
                builder ->
                        builder.schemaLoaders(loaders -> loaders.schemas(known).add(iri -> {
                            throw new AssertionError("the schema " + iri + " is not part of this build");
                        })));
    }

    private static List<String> problems(JsonSchema schema, JsonNode value) {
        return schema.validate(value).stream().map(Object::toString).toList();
    }

    private static JsonNode seed() {
        return read(Path.of("src/test/resources/spec/openrpc-seed.json"));
    }

    private static JsonNode read(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
