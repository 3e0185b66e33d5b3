package hero.supervisor.check;

import hero.supervisor.wire.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One message of the runner, and the way to answer it.
///
/// @param rawId the id in its source text; null for a notification, whose answers go nowhere
/// @param atNs when it came
/// @param sink takes the text of the answer
record Heard(Line line, @Nullable String rawId, String method, Said said, long atNs, Consumer<String> sink) {

    void answer(@Nullable Object result) {
        if (rawId != null) {
            sink.accept("{\"jsonrpc\":\"2.0\",\"id\":" + rawId + ",\"result\":" + Json.write(result) + "}");
        }
    }

    /// @param facts more of `data`
    void refuse(int code, String kind, String message, Map<String, ?> facts) {
        if (rawId != null) {
            sink.accept(error(rawId, code, kind, message, facts));
        }
    }

    static String error(String rawId, int code, String kind, String message, Map<String, ?> facts) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("kind", kind);
        data.putAll(facts);
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("code", code);
        error.put("message", message);
        error.put("data", data);
        return "{\"jsonrpc\":\"2.0\",\"id\":" + rawId + ",\"error\":" + Json.write(error) + "}";
    }
}
