package hero.supervisor.transport;

import hero.supervisor.wire.Json;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// The small answers: the OpenRPC document, probes, and "not found". Everything is JSON.
final class Pages {
    private final Supplier<byte[]> document;
    private final Supplier<List<String>> notReady;
    private final BooleanSupplier draining;

    Pages(Supplier<byte[]> document, Supplier<List<String>> notReady, BooleanSupplier draining) {
        this.document = document;
        this.notReady = notReady;
        this.draining = draining;
    }

    void console(ServerRequest request, ServerResponse response) {
        response.status(Status.FOUND_302)
                .header(HeaderNames.LOCATION, "/console")
                .send();
    }

    void openRpc(ServerRequest request, ServerResponse response) {
        byte[] bytes = document.get();
        String tag = '"' + hash(bytes) + '"';
        response.headers().set(HeaderNames.ETAG, tag);
        response.headers().set(HeaderNames.CACHE_CONTROL, "no-cache");
        boolean known = request.headers()
                .first(HeaderNames.IF_NONE_MATCH)
                .filter(tags -> tags.contains(tag))
                .isPresent();
        if (known) {
            response.status(Status.NOT_MODIFIED_304).send();
        } else {
            json(response, 200, bytes);
        }
    }

    void live(ServerRequest request, ServerResponse response) {
        json(response, 200, Json.bytes(Map.of("status", "live")));
    }

    void ready(ServerRequest request, ServerResponse response) {
        List<String> reasons = new ArrayList<>(notReady.get());
        if (draining.getAsBoolean()) {
            reasons.add("the server is shutting down");
        }
        boolean ready = reasons.isEmpty();
        json(
                response,
                ready ? 200 : 503,
                Json.bytes(Map.of("status", ready ? "ready" : "not_ready", "reasons", reasons)));
    }

    void notFound(ServerRequest request, ServerResponse response) {
        json(
                response,
                404,
                Json.bytes(Map.of(
                        "error",
                        "there is nothing at this path; POST /rpc takes calls, GET /openrpc.json"
                                + " describes them")));
    }

    static void json(ServerResponse response, int status, byte[] body) {
        response.headers().set(HeaderNames.CONTENT_TYPE, "application/json");
        response.status(Status.create(status)).send(body);
    }

    private static String hash(byte[] bytes) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes))
                    .substring(0, 32);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
