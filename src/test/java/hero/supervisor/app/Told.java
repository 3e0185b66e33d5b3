package hero.supervisor.app;

import hero.supervisor.wire.Json;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// An answer as a test looks at it.
///
/// @param members of the whole response object
public record Told(String text, Map<String, @Nullable Object> members) {

    static Told of(String text) {
        return new Told(text, object(Json.read(text)));
    }

    @SuppressWarnings("unchecked") // JSON objects have string keys
    static Map<String, @Nullable Object> object(@Nullable Object tree) {
        return (Map<String, @Nullable Object>) Objects.requireNonNull(tree);
    }

    /// The result; fails when it is an error.
    public @Nullable Object result() {
        if (!members.containsKey("result") || members.containsKey("error")) {
            throw new AssertionError("no result: " + text);
        }
        return members.get("result");
    }

    /// The result, which is an object.
    public Map<String, @Nullable Object> resultObject() {
        return object(result());
    }

    /// `code kind path`, the path only when there is one: `-32602 invalid_params /job/timeout`; `ok` for a result.
    public String outcome() {
        if (members.containsKey("result")) {
            return "ok";
        }
        Map<String, @Nullable Object> error = object(members.get("error"));
        Map<String, @Nullable Object> data = object(error.get("data"));
        Object path = data.get("path");
        return error.get("code") + " " + data.get("kind") + (path == null ? "" : " " + path);
    }

    /// A member of the error's `data`.
    public @Nullable Object data(String name) {
        return object(object(members.get("error")).get("data")).get(name);
    }

    /// The error's words.
    public String message() {
        return String.valueOf(object(members.get("error")).get("message"));
    }
}
