package hero.supervisor.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The server's answer to a call was an error. Source: JSON-RPC 2.0 §5.1, contract's table of codes.
public final class RemoteError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;
    private final @Nullable String kind;
    private final transient Map<String, Object> data;

    /// @param kind the stable word of `data.kind`, when there is one
    /// @param data all further facts, `kind` among them
    public RemoteError(int code, String message, @Nullable String kind, Map<String, Object> data) {
        super(message);
        this.code = code;
        this.kind = kind;
        this.data = data;
    }

    public int code() {
        return code;
    }

    public @Nullable String kind() {
        return kind;
    }

    public Map<String, Object> data() {
        return data;
    }

    /// True when the error is of this kind, such as `busy`.
    public boolean is(String word) {
        return word.equals(kind);
    }

    /// Milliseconds after which the server wants to be asked again, or `otherwise`.
    public long retryAfterMs(long otherwise) {
        return data.get("retry_after_ms") instanceof Number n ? Math.max(0, n.longValue()) : otherwise;
    }

    /// The error object of a response.
    static RemoteError of(@Nullable Object error) {
        if (!(error instanceof Map<?, ?> map)) {
            return new RemoteError(-32603, "the server answered with an error of unknown form", null, Map.of());
        }
        int code = map.get("code") instanceof Number n ? n.intValue() : -32603;
        Map<String, Object> data = Tree.object(map.get("data"));
        String kind = data.get("kind") instanceof String word ? word : null;
        return new RemoteError(code, String.valueOf(map.get("message")), kind, data);
    }
}
