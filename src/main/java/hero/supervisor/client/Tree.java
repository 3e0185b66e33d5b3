package hero.supervisor.client;

import hero.supervisor.wire.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads plain trees (maps, lists, strings, numbers, booleans, null) that answers and notifications consist of,
/// without trusting their shape. Any thread.
public final class Tree {
    private Tree() {}

    /// The members of an object; empty for anything else. Members that are null are left out.
    public static Map<String, Object> object(@Nullable Object tree) {
        Map<String, Object> members = new LinkedHashMap<>();
        if (tree instanceof Map<?, ?> map) {
            map.forEach((key, value) -> {
                if (key instanceof String name && value != null) {
                    members.put(name, value);
                }
            });
        }
        return members;
    }

    /// The items of an array; empty for anything else.
    public static List<?> array(@Nullable Object tree) {
        return tree instanceof List<?> list ? list : List.of();
    }

    /// The member `name` as a string; `otherwise` when it is absent or something else.
    public static String string(Map<String, Object> members, String name, String otherwise) {
        return members.get(name) instanceof String s ? s : otherwise;
    }

    /// The member `name` as a whole number; `otherwise` when it is absent or something else.
    public static long whole(Map<String, Object> members, String name, long otherwise) {
        return members.get(name) instanceof Number n ? n.longValue() : otherwise;
    }

    /// Bytes that a plain tree takes as compact UTF-8 JSON.
    public static int encodedBytes(@Nullable Object tree) {
        return Json.bytes(tree).length;
    }

    /// A plain tree as compact JSON, for people and scripts.
    public static String json(@Nullable Object tree) {
        return Json.write(tree);
    }

    /// A JSON text as a plain tree; `IllegalArgumentException` when it is none.
    public static @Nullable Object parse(String json) {
        return Json.read(json);
    }
}
