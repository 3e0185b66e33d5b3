package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Responses: exactly one of `result` (also when null) and `error`. Source: JSON-RPC 2.0 §5.
public final class Replies {
    private static final JsonFactory FACTORY = Json.MAPPER
            .getFactory()
            .copy()
            .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
            .disable(JsonGenerator.Feature.AUTO_CLOSE_JSON_CONTENT)
            .disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM)
            .enable(JsonGenerator.Feature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
            .setCodec(Json.MAPPER);

    private Replies() {}

    /// The answer to a call that succeeded. `errors` words a failure of the body: as long as nothing has left, it
    /// becomes the answer; later the reply breaks off.
    public static Reply result(String rawId, Body body, Function<Throwable, RpcError> errors) {
        if (body.streams()) {
            return new Streamed(rawId, body, errors);
        }
        try {
            return new Whole(encode(rawId, body, Integer.MAX_VALUE));
        } catch (IOException | RuntimeException e) {
            return error(rawId, errors.apply(e));
        }
    }

    public static Reply error(String rawId, RpcError error) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        try (JsonGenerator json = FACTORY.createGenerator(out, JsonEncoding.UTF8)) {
            open(json, rawId, "error");
            error.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("memory failed", e);
        }
        return new Whole(out.toByteArray());
    }

    /// The answer to one call of a batch, made as a whole; null when it has more than `bytesMax` bytes.
    public static byte @Nullable [] bounded(
            String rawId, Body body, int bytesMax, Function<Throwable, RpcError> errors) {
        try {
            return encode(rawId, body, bytesMax);
        } catch (TooLargeException e) {
            return null;
        } catch (IOException | RuntimeException e) {
            return error(rawId, errors.apply(e)).bytes();
        }
    }

    /// The array of a batch's responses.
    public static Reply batch(List<byte[]> responses) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(
                2 + responses.stream().mapToInt(response -> response.length + 1).sum());
        char before = '[';
        for (byte[] response : responses) {
            out.write(before);
            out.writeBytes(response);
            before = ',';
        }
        out.write(']');
        return new Whole(out.toByteArray());
    }

    /// A notification of the server, whole.
    static byte[] notification(String method, Body params) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        try (JsonGenerator json = FACTORY.createGenerator(out, JsonEncoding.UTF8)) {
            json.writeStartObject();
            json.writeStringField("jsonrpc", "2.0");
            json.writeStringField("method", method);
            json.writeFieldName("params");
            params.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("memory failed", e);
        }
        return out.toByteArray();
    }

    /// A value alone.
    static byte[] value(Body body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        try (JsonGenerator json = FACTORY.createGenerator(out, JsonEncoding.UTF8)) {
            body.write(json);
        } catch (IOException e) {
            throw new IllegalStateException("memory failed", e);
        }
        return out.toByteArray();
    }

    private static byte[] encode(String rawId, Body body, int bytesMax) throws IOException {
        Bounded out = new Bounded(bytesMax);
        // Not closed when it fails: what it still holds belongs nowhere.
        JsonGenerator json = FACTORY.createGenerator(out, JsonEncoding.UTF8);
        write(json, rawId, body);
        json.close();
        return out.toByteArray();
    }

    private static void write(JsonGenerator json, String rawId, Body body) throws IOException {
        open(json, rawId, "result");
        body.write(json);
        json.writeEndObject();
    }

    private static void open(JsonGenerator json, String rawId, String member) throws IOException {
        json.writeStartObject();
        json.writeStringField("jsonrpc", "2.0");
        json.writeFieldName("id");
        json.writeRawValue(rawId);
        json.writeFieldName(member);
    }

    /// A reply that is there.
    private static final class Whole implements Reply {
        private final byte[] bytes;

        Whole(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public void writeTo(OutputStream out) throws IOException {
            out.write(bytes);
        }

        @Override
        public boolean streams() {
            return false;
        }

        @Override
        public byte[] bytes() {
            return bytes;
        }
    }

    /// A reply that is made while it is written.
    private record Streamed(String rawId, Body body, Function<Throwable, RpcError> errors) implements Reply {

        @Override
        public void writeTo(OutputStream out) throws IOException {
            HeldBack held = new HeldBack(out);
            JsonGenerator json = FACTORY.createGenerator(held, JsonEncoding.UTF8);
            try {
                write(json, rawId, body);
                json.close();
            } catch (IOException | RuntimeException e) {
                if (held.peerFailed()) {
                    throw e;
                }
                RpcError error = errors.apply(e);
                if (held.begun()) {
                    throw new IOException("a streamed reply broke off: " + error.kind(), e);
                }
                held.discard();
                held.write(error(rawId, error).bytes());
            }
            held.flush();
        }

        @Override
        public boolean streams() {
            return true;
        }

        @Override
        public byte[] bytes() {
            throw new IllegalStateException("this reply streams");
        }
    }

    private static final class Bounded extends OutputStream {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        private final int bytesMax;

        Bounded(int bytesMax) {
            this.bytesMax = bytesMax;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            if (length > bytesMax - out.size()) {
                throw new TooLargeException();
            }
            out.write(bytes, from, length);
        }

        byte[] toByteArray() {
            return out.toByteArray();
        }
    }

    private static final class TooLargeException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLargeException() {
            super("too large", null, false, false);
        }
    }
}
