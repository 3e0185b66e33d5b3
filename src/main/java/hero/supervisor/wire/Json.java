package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The one mapper, strict: no duplicate keys, no trailing tokens, bounded depth. Also plain trees (maps, lists,
/// strings, numbers, booleans, null) for callers that hold no Jackson type, such as the client.
public final class Json {
    static final int DEPTH_MAX = 64;

    static final JsonMapper MAPPER = JsonMapper.builder(com.fasterxml.jackson.core.JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEPTH_MAX)
                            .maxNumberLength(64)
                            .maxStringLength(256 << 20)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /// A JSON text as a plain tree. `IllegalArgumentException` when it is no JSON.
    public static @Nullable Object read(String json) {
        try {
            return MAPPER.readValue(json, Object.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no JSON: " + e.getOriginalMessage(), e);
        }
    }

    /// A plain tree as compact JSON.
    public static String write(@Nullable Object tree) {
        try {
            return MAPPER.writeValueAsString(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no plain tree: " + e.getOriginalMessage(), e);
        }
    }

    /// A plain tree as compact UTF-8 JSON.
    public static byte[] bytes(@Nullable Object tree) {
        return write(tree).getBytes(StandardCharsets.UTF_8);
    }
}
