package hero.supervisor.wire;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// `openrpc.json`, the published contract: its bytes as they stand, and what each method takes.
public final class OpenRpcDocument {
    private final byte[] bytes;
    private final String etag;
    private final Body body;
    private final Map<String, MethodSpec> methods;

    private OpenRpcDocument(byte[] bytes, Map<String, MethodSpec> methods) {
        this.bytes = bytes;
        this.etag = '"' + sha256(bytes).substring(0, 32) + '"';
        this.body = Bodies.raw(new String(bytes, StandardCharsets.UTF_8).strip());
        this.methods = Collections.unmodifiableMap(methods);
    }

    /// The document in the jar.
    public static OpenRpcDocument load() {
        try (InputStream in = OpenRpcDocument.class.getResourceAsStream("/openrpc.json")) {
            if (in == null) {
                throw new IllegalStateException("openrpc.json is not on the class path");
            }
            return of(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("openrpc.json cannot be read", e);
        }
    }

    /// `IllegalArgumentException` when it is no JSON, or a method stands there twice.
    public static OpenRpcDocument of(byte[] utf8) {
        JsonNode root;
        try {
            root = Json.MAPPER.readTree(utf8);
        } catch (IOException e) {
            throw new IllegalArgumentException("openrpc.json is no JSON: " + e.getMessage(), e);
        }
        Map<String, MethodSpec> methods = new LinkedHashMap<>();
        for (JsonNode method : root.path("methods")) {
            MethodSpec spec = spec(root, method);
            if (methods.put(spec.name(), spec) != null) {
                throw new IllegalArgumentException("openrpc.json describes " + spec.name() + " twice");
            }
        }
        return new OpenRpcDocument(utf8.clone(), methods);
    }

    /// By name, in the document's order.
    public Map<String, MethodSpec> methods() {
        return methods;
    }

    /// The file, byte for byte.
    public byte[] bytes() {
        return bytes.clone();
    }

    /// A strong entity tag, with its quotes. Source: RFC 9110 §8.8.3.
    public String etag() {
        return etag;
    }

    /// The answer to `rpc.discover`.
    public Body body() {
        return body;
    }

    /// A single parameter `params` that is an object is the seed's way to say "these members by name".
    private static MethodSpec spec(JsonNode root, JsonNode method) {
        List<String> names = new ArrayList<>();
        Set<String> required = new LinkedHashSet<>();
        JsonNode params = method.path("params");
        JsonNode first = resolved(root, params.path(0));
        JsonNode schema = resolved(root, first.path("schema"));
        if (params.size() == 1 && first.path("name").asText().equals("params") && schema.has("properties")) {
            schema.path("properties").fieldNames().forEachRemaining(names::add);
            schema.path("required").forEach(name -> required.add(name.asText()));
        } else {
            for (JsonNode param : params) {
                JsonNode resolved = resolved(root, param);
                String name = resolved.path("name").asText();
                boolean demanded = resolved.path("required").asBoolean();
                if (demanded) {
                    required.add(name);
                }
                // The optional secret that every method takes goes by name only: it has no position.
                if (demanded || !name.equals(MethodSpec.SECRET)) {
                    names.add(name);
                }
            }
        }
        return new MethodSpec(method.path("name").asText(), names, required);
    }

    private static JsonNode resolved(JsonNode root, JsonNode node) {
        String ref = node.path("$ref").asText();
        return ref.startsWith("#/") ? root.at(ref.substring(1)) : node;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
