package hero.supervisor.client;

import hero.supervisor.wire.Json;
import org.jspecify.annotations.Nullable;

/// JSON texts and plain trees (maps, lists, strings, numbers, booleans, null) for callers above the client, which hold
/// no JSON library.
public final class JsonText {
    private JsonText() {}

    /// The tree of a text. `IllegalArgumentException` when it is no JSON.
    public static @Nullable Object read(String json) {
        return Json.read(json);
    }

    /// Compact, on one line.
    public static String write(@Nullable Object tree) {
        return Json.write(tree);
    }
}
