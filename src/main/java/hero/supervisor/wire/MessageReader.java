package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import hero.supervisor.domain.Limits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One pass over one message: the envelope is read as a stream, only `params` become a tree.
final class MessageReader {
    private static final int ID_BYTES_MAX = 256;

    /// Depth and length are checked by [Tree], which says which limit it was; names are not interned, as they come
    /// from outside.
    static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(1000)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();

    private final byte[] source;
    private final JsonParser in;
    private final Tree tree;
    private final int itemsMax;

    private MessageReader(byte[] source, JsonParser in, Limits limits) {
        this.source = source;
        this.in = in;
        this.tree = new Tree(in, limits.jsonDepth());
        this.itemsMax = limits.batchItems();
    }

    static Message read(byte[] utf8, Limits limits) {
        String wrong = Utf8.fault(utf8);
        if (wrong != null) {
            return malformed(RpcError.notJson(wrong));
        }
        try (JsonParser in = FACTORY.createParser(utf8)) {
            return new MessageReader(utf8, in, limits).message();
        } catch (Tree.LimitException e) {
            RpcError error = RpcError.notJson(e.words());
            return malformed(
                    e.limit().isEmpty() ? error : error.with("limit", e.limit()).with("max", e.max()));
        } catch (JsonProcessingException e) {
            long at = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
            return malformed(RpcError.notJson("the message is not valid JSON").with("at_byte", at));
        } catch (IOException | IllegalStateException e) {
            return malformed(RpcError.notJson("the message is not valid JSON"));
        }
    }

    private Message message() throws IOException {
        JsonToken first = in.nextToken();
        if (first == null) {
            return malformed(RpcError.notJson("the message is empty"));
        }
        Message message = switch (first) {
            case START_OBJECT -> request(1);
            case START_ARRAY -> batch();
            default -> scalar(1);
        };
        if (in.nextToken() != null) {
            return malformed(RpcError.notJson("there is more text after the message; send one message at a time"));
        }
        return message;
    }

    private Message batch() throws IOException {
        List<Message> items = new ArrayList<>();
        int size = 0;
        for (JsonToken token = tree.next(); token != JsonToken.END_ARRAY; token = tree.next()) {
            Message item = token == JsonToken.START_OBJECT ? request(2) : scalar(2);
            if (size++ < itemsMax) {
                items.add(item);
            }
        }
        return new Message.Batch(items, size);
    }

    /// Anything that is no object where a request should be.
    private Message scalar(int depth) throws IOException {
        tree.value(depth);
        return malformed(RpcError.invalidRequest("a request is an object with jsonrpc, method, params and id"));
    }

    private Message request(int depth) throws IOException {
        Envelope envelope = new Envelope();
        for (JsonToken token = tree.next(); token != JsonToken.END_OBJECT; token = tree.next()) {
            String name = in.currentName();
            if (!envelope.names.add(name)) {
                throw Tree.sameKey();
            }
            JsonToken value = tree.next();
            switch (name) {
                case "jsonrpc" -> envelope.version = "2.0".equals(tree.value(depth + 1));
                case "method" -> envelope.method = tree.value(depth + 1);
                case "params" -> envelope.params = tree.value(depth + 1);
                case "id" -> envelope.rawId = id(value, depth + 1);
                default -> tree.value(depth + 1);
            }
        }
        return envelope.message();
    }

    /// The id's source text; the empty text when it is none that may be answered.
    private String id(JsonToken token, int depth) throws IOException {
        return switch (token) {
            case VALUE_NULL -> Message.NO_ID;
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> in.getTextLength() > Tree.NUMBER_CHARS_MAX ? "" : in.getText();
            case VALUE_STRING -> {
                int start = Math.toIntExact(in.currentTokenLocation().getByteOffset());
                in.finishToken();
                int end = Math.toIntExact(in.currentLocation().getByteOffset());
                yield end - start - 2 > ID_BYTES_MAX
                        ? ""
                        : new String(source, start, end - start, StandardCharsets.UTF_8);
            }
            default -> {
                tree.value(depth);
                yield "";
            }
        };
    }

    private static Message malformed(RpcError error) {
        return new Message.Malformed(Message.NO_ID, error);
    }

    /// The members of one request as they come by.
    private static final class Envelope {
        final Set<String> names = new HashSet<>();
        boolean version;

        @Nullable
        Object method;

        @Nullable
        Object params;

        @Nullable
        String rawId;

        Message message() {
            if (!names.contains("method") && (names.contains("result") || names.contains("error"))) {
                return new Message.Response();
            }
            if (rawId != null && rawId.isEmpty()) {
                return malformed(RpcError.invalidRequest("id must be a string of at most " + ID_BYTES_MAX
                        + " bytes, a number of at most " + Tree.NUMBER_CHARS_MAX + " digits, or null"));
            }
            String answerTo = rawId == null ? Message.NO_ID : rawId;
            if (!version) {
                return invalid(answerTo, "jsonrpc must be the string \"2.0\"");
            } else if (!(method instanceof String name) || name.isEmpty()) {
                return invalid(answerTo, "method must be a string that names a method; rpc.discover tells them");
            } else if (!(params == null || params instanceof java.util.Map || params instanceof List)) {
                return invalid(answerTo, "params must be an object or an array, or be left out");
            } else {
                Arguments arguments = params == null ? Arguments.NONE : new Arguments(params);
                return rawId == null
                        ? new Message.Notification(name, arguments)
                        : new Message.Call(rawId, name, arguments);
            }
        }

        private static Message invalid(String rawId, String message) {
            return new Message.Malformed(rawId, RpcError.invalidRequest(message));
        }
    }
}
