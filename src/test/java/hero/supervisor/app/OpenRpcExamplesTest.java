package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.wire.Json;
import hero.supervisor.wire.OpenRpcDocument;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Plays every example of `openrpc.json` against a gateway of its own, by the rules that the document itself gives
/// under `x-examples`. An example that says something those rules do not know fails.
final class OpenRpcExamplesTest {
    private static final Set<String> KNOWN = Set.of(
            "name",
            "description",
            "summary",
            "params",
            "result",
            "x-fixture",
            "x-dynamic",
            "x-partial",
            "x-prefix",
            "x-error",
            "x-transport");

    private final Map<String, @Nullable Object> document =
            Told.object(Json.read(new String(OpenRpcDocument.load().bytes(), StandardCharsets.UTF_8)));
    private final SchemaTypes types = new SchemaTypes(document);

    @TestFactory
    Stream<DynamicTest> every_example_is_true() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Object method : items(document.get("methods"))) {
            Map<String, @Nullable Object> named = Told.object(method);
            List<?> examples = items(named.get("examples"));
            assertFalse(examples.isEmpty(), named.get("name") + " has no example");
            for (Object example : examples) {
                String title = named.get("name") + ": " + Told.object(example).get("name");
                tests.add(DynamicTest.dynamicTest(title, () -> play(named, Told.object(example))));
            }
        }
        return tests.stream();
    }

    private void play(Map<String, @Nullable Object> method, Map<String, @Nullable Object> example) throws Exception {
        assertTrue(KNOWN.containsAll(example.keySet()), () -> "rules that nobody has: " + example.keySet());
        assertTrue(example.containsKey("x-fixture") && example.containsKey("x-dynamic"), "it says no fixture");
        assertTrue(
                example.containsKey("result") != example.containsKey("x-error"), "result or x-error, one of the two");
        assertEquals(method.get("x-transport"), example.get("x-transport"), "the transport is the method's");
        try (ExampleStage stage = ExampleStage.open(items(example.get("x-fixture")))) {
            Map<String, @Nullable Object> params = stage.filled(params(example));
            assertFalse(Json.write(params).contains("${"), "a placeholder that nobody knows");
            String name = String.valueOf(method.get("name"));
            Object sent = params.isEmpty() ? null : params.getOrDefault("params", params);
            Told reply = "websocket".equals(example.get("x-transport"))
                    ? stage.connection().call(name, sent)
                    : stage.gateway().call(name, sent);
            compare(method, example, reply);
        }
    }

    private static Map<String, @Nullable Object> params(Map<String, @Nullable Object> example) {
        Map<String, @Nullable Object> params = new LinkedHashMap<>();
        for (Object param : items(example.get("params"))) {
            Map<String, @Nullable Object> one = Told.object(param);
            params.put(String.valueOf(one.get("name")), one.get("value"));
        }
        return params;
    }

    private void compare(Map<String, @Nullable Object> method, Map<String, @Nullable Object> example, Told reply) {
        if (example.get("x-error") instanceof Map<?, ?> error) {
            assertEquals(error.get("code") + " " + error.get("kind"), withoutPath(reply.outcome()), reply::text);
            return;
        }
        Object expected = Told.object(example.get("result")).get("value");
        Object actual = reply.result();
        Object schema = Told.object(method.get("result")).get("schema");
        for (Object pointer : items(example.get("x-dynamic"))) {
            String path = String.valueOf(pointer);
            assertTrue(Pointers.has(actual, path), () -> path + " is not there: " + reply.text());
            types.check(schema, path, Pointers.at(actual, path));
            expected = Pointers.with(expected, path, Pointers.at(actual, path));
        }
        if (Boolean.TRUE.equals(example.get("x-prefix"))) {
            List<?> all = items(actual);
            int size = items(expected).size();
            assertTrue(all.size() >= size, reply::text);
            actual = all.subList(0, size);
        } else if (Boolean.TRUE.equals(example.get("x-partial"))) {
            Map<String, @Nullable Object> some = new LinkedHashMap<>(Told.object(actual));
            some.keySet().retainAll(Told.object(expected).keySet());
            actual = some;
        }
        assertEquals(expected, actual, reply::text);
    }

    private static String withoutPath(String outcome) {
        String[] words = outcome.split(" ", -1);
        return words.length < 2 ? outcome : words[0] + " " + words[1];
    }

    private static List<?> items(@Nullable Object tree) {
        return tree instanceof List<?> list ? list : List.of();
    }
}
