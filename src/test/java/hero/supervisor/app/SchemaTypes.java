package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Looks up which type the document's schemas give to a place in a result.
final class SchemaTypes {
    private final Map<String, @Nullable Object> document;

    SchemaTypes(Map<String, @Nullable Object> document) {
        this.document = document;
    }

    /// Fails when `value` is not of the type that `schema` gives to the place.
    void check(@Nullable Object schema, String pointer, @Nullable Object value) {
        Map<String, @Nullable Object> at = resolved(schema);
        for (String name : pointer.substring(1).split("/", -1)) {
            Object next = name.matches("\\d+")
                    ? at.get("items")
                    : at.get("properties") == null
                            ? null
                            : Told.object(at.get("properties")).get(name);
            assertTrue(next != null, () -> "the schema does not have " + pointer);
            at = resolved(next);
        }
        Map<String, @Nullable Object> found = at;
        assertTrue(matches(found, value), () -> pointer + " is " + value + ", the schema says " + found);
    }

    private Map<String, @Nullable Object> resolved(@Nullable Object schema) {
        Map<String, @Nullable Object> at = Told.object(schema);
        return at.get("$ref") instanceof String ref ? resolved(Pointers.at(document, ref.substring(1))) : at;
    }

    private boolean matches(Map<String, @Nullable Object> schema, @Nullable Object value) {
        if (schema.get("oneOf") instanceof List<?> choices) {
            return choices.stream().anyMatch(choice -> matches(resolved(choice), value));
        }
        Object type = schema.get("type");
        return type instanceof List<?> types
                ? types.stream().anyMatch(one -> is(String.valueOf(one), value))
                : is(String.valueOf(type), value);
    }

    private static boolean is(String type, @Nullable Object value) {
        return switch (type) {
            case "string" -> value instanceof String;
            case "integer" -> value instanceof Integer || value instanceof Long;
            case "number" -> value instanceof Number;
            case "boolean" -> value instanceof Boolean;
            case "object" -> value instanceof Map;
            case "array" -> value instanceof List;
            case "null" -> value == null;
            default -> false;
        };
    }
}
