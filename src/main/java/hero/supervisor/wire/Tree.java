package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// JSON values as plain Java: `Map`, `List`, `String`, `Long`, `BigInteger`, `Double`, `Boolean`, null. Bounded in
/// depth, so that its recursion is; a key that stands twice is an error, as two readers could understand it
/// differently.
final class Tree {
    static final int NUMBER_CHARS_MAX = 64;

    private final JsonParser in;
    private final int depthMax;

    Tree(JsonParser in, int depthMax) {
        this.in = in;
        this.depthMax = depthMax;
    }

    /// The next token inside a value that has begun.
    JsonToken next() throws IOException {
        JsonToken token = in.nextToken();
        if (token == null) {
            throw new JsonEOFException(in, null, "cut");
        }
        return token;
    }

    /// The value that the current token begins. `depth` is its nesting if it is an array or object, 1 at the top.
    @Nullable
    Object value(int depth) throws IOException {
        return switch (in.currentToken()) {
            case START_OBJECT -> object(depth);
            case START_ARRAY -> list(depth);
            case VALUE_STRING -> in.getText();
            case VALUE_NUMBER_INT -> integer();
            case VALUE_NUMBER_FLOAT -> {
                checkNumber();
                yield in.getDoubleValue();
            }
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw new IllegalStateException("no value");
        };
    }

    private Map<String, @Nullable Object> object(int depth) throws IOException {
        checkDepth(depth);
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        for (JsonToken token = next(); token != JsonToken.END_OBJECT; token = next()) {
            String name = in.currentName();
            next();
            int before = members.size();
            members.put(name, value(depth + 1));
            if (members.size() == before) {
                throw sameKey();
            }
        }
        return members;
    }

    private List<@Nullable Object> list(int depth) throws IOException {
        checkDepth(depth);
        List<@Nullable Object> items = new ArrayList<>();
        for (JsonToken token = next(); token != JsonToken.END_ARRAY; token = next()) {
            items.add(value(depth + 1));
        }
        return items;
    }

    private Number integer() throws IOException {
        checkNumber();
        return in.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                ? in.getBigIntegerValue()
                : Long.valueOf(in.getLongValue());
    }

    private void checkNumber() throws IOException {
        if (in.getTextLength() > NUMBER_CHARS_MAX) {
            throw new LimitException(
                    "a number of the message has more than " + NUMBER_CHARS_MAX + " digits",
                    "number_digits",
                    NUMBER_CHARS_MAX);
        }
    }

    /// No limit of ours, but likewise a message that is not read at all.
    static LimitException sameKey() {
        return new LimitException("a key stands twice in one object of the message", "", 0);
    }

    private void checkDepth(int depth) throws LimitException {
        if (depth > depthMax) {
            throw new LimitException(
                    "the message nests arrays and objects deeper than " + depthMax + " levels", "depth", depthMax);
        }
    }

    /// The message is beyond what is read at all.
    static final class LimitException extends IOException {
        private static final long serialVersionUID = 1L;

        private final String words;
        private final String limit;
        private final int max;

        /// @param limit its name; empty when it is none
        LimitException(String words, String limit, int max) {
            super(words);
            this.words = words;
            this.limit = limit;
            this.max = max;
        }

        String words() {
            return words;
        }

        String limit() {
            return limit;
        }

        int max() {
            return max;
        }
    }
}
