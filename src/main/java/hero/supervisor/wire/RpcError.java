package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import hero.supervisor.domain.Refusal;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An error as a peer sees it: every code, and the only mapping of exceptions to codes. Holds no stack, SQL,
/// secret or payload. Source: contract §4, JSON-RPC 2.0 §5.1.
///
/// @param data facts for programs; `kind`, a stable word, comes first. Values are strings, numbers, booleans or
/// lists
public record RpcError(Code code, String message, Map<String, Object> data) {
    private static final Logger LOG = LoggerFactory.getLogger(RpcError.class);
    private static final int MESSAGE_CHARS_MAX = 600;
    private static final int FACT_CHARS_MAX = 256;

    /// Every code that leaves this server.
    public enum Code {
        PARSE(-32700),
        INVALID_REQUEST(-32600),
        METHOD_NOT_FOUND(-32601),
        /// Also every failure of authentication or permission, as the convention says.
        INVALID_PARAMS(-32602),
        INTERNAL(-32603),
        JOB_NOT_FOUND(-32000),
        RUNNER_NOT_FOUND(-32001),
        CONFLICT(-32002),
        STALE_ATTEMPT(-32003),
        WAIT_TIMEOUT(-32004),
        BUSY(-32005),
        TOO_LARGE(-32006),
        SHUTTING_DOWN(-32007);

        private final int number;

        Code(int number) {
            this.number = number;
        }

        public int number() {
            return number;
        }
    }

    public RpcError {
        message = Utf8.shown(message, MESSAGE_CHARS_MAX);
        data = Collections.unmodifiableMap(new LinkedHashMap<>(data));
    }

    private static RpcError of(Code code, String kind, String message) {
        return new RpcError(code, message, Map.of("kind", kind));
    }

    /// -32700: the bytes are no JSON that we read.
    public static RpcError notJson(String message) {
        return of(Code.PARSE, "parse_error", message);
    }

    /// -32600: JSON, but no request; or a request that this way of asking does not allow.
    public static RpcError invalidRequest(String message) {
        return of(Code.INVALID_REQUEST, "invalid_request", message);
    }

    /// -32600: a call with the same id is still at work on this connection.
    public static RpcError duplicateId() {
        return of(
                Code.INVALID_REQUEST,
                "duplicate_id",
                "a call with this id is still at work on this connection; give each open call its own id");
    }

    /// -32601.
    public static RpcError unknownMethod(String method) {
        String shown = Utf8.shown(method, FACT_CHARS_MAX);
        return of(
                        Code.METHOD_NOT_FOUND,
                        "method_not_found",
                        "there is no method '" + shown + "'; rpc.discover tells the names")
                .with("method", shown);
    }

    /// -32006. `message` names the limit, `max` is it.
    public static RpcError tooLarge(String message, String limit, long max) {
        return of(Code.TOO_LARGE, "too_large", message).with("limit", limit).with("max", max);
    }

    /// What a peer is told of a failure. A [Refusal] is for the peer; anything else is a fault of ours: it is
    /// logged under a reference, and the reference is all that leaves.
    public static RpcError of(Throwable failure, Supplier<String> references) {
        if (failure instanceof Refusal refusal) {
            Map<String, Object> data = new LinkedHashMap<>();
            data.put("kind", refusal.kind().word());
            data.putAll(refusal.data());
            return new RpcError(code(refusal.kind()), String.valueOf(refusal.getMessage()), data);
        }
        String reference = references.get();
        LOG.atError().addKeyValue("reference", reference).setCause(failure).log("internal error");
        return of(Code.INTERNAL, "internal", "internal error").with("reference", reference);
    }

    private static Code code(Refusal.Kind kind) {
        return switch (kind) {
            case INVALID_PARAMS, UNAUTHORIZED, FORBIDDEN -> Code.INVALID_PARAMS;
            case JOB_NOT_FOUND -> Code.JOB_NOT_FOUND;
            case RUNNER_NOT_FOUND -> Code.RUNNER_NOT_FOUND;
            case CONFLICT -> Code.CONFLICT;
            case STALE_ATTEMPT -> Code.STALE_ATTEMPT;
            case WAIT_TIMEOUT -> Code.WAIT_TIMEOUT;
            case BUSY -> Code.BUSY;
            case TOO_LARGE -> Code.TOO_LARGE;
            case SHUTTING_DOWN -> Code.SHUTTING_DOWN;
        };
    }

    /// The same error with one more fact.
    public RpcError with(String key, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(data);
        more.put(key, value);
        return new RpcError(code, message, more);
    }

    /// The stable word, for metrics and logs.
    public String kind() {
        return String.valueOf(data.get("kind"));
    }

    /// A whole reply with the id null, for refusals before any request was read, such as HTTP 413 or 415.
    public byte[] bytes() {
        return Replies.error(Message.NO_ID, this).bytes();
    }

    /// Likewise, for a transport that has nothing but the number of contract §4.
    public static byte[] bare(int number, String kind, String message) {
        for (Code code : Code.values()) {
            if (code.number() == number) {
                return of(code, kind, message).bytes();
            }
        }
        throw new IllegalStateException("no error has the code " + number);
    }

    void write(JsonGenerator out) throws IOException {
        out.writeStartObject();
        out.writeNumberField("code", code.number());
        out.writeStringField("message", message);
        out.writeFieldName("data");
        out.writeStartObject();
        for (Map.Entry<String, Object> fact : data.entrySet()) {
            out.writeFieldName(fact.getKey());
            writeFact(out, fact.getValue());
        }
        out.writeEndObject();
        out.writeEndObject();
    }

    private static void writeFact(JsonGenerator out, Object value) throws IOException {
        if (value instanceof Iterable<?> items) {
            out.writeStartArray();
            for (Object item : items) {
                writeFact(out, item);
            }
            out.writeEndArray();
        } else if (value instanceof Double number) {
            Bodies.writeNumber(out, number);
        } else if (value instanceof Number || value instanceof Boolean) {
            out.writePOJO(value);
        } else {
            out.writeString(Utf8.shown(String.valueOf(value), FACT_CHARS_MAX));
        }
    }
}
