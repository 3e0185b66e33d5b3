package hero.supervisor.transport;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Scope;
import hero.supervisor.transport.websocket.Denied;
import hero.supervisor.wire.Json;
import io.helidon.common.media.type.MediaType;
import io.helidon.common.media.type.MediaTypes;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// The small answers: the OpenRPC document, probes, and "not found". All but the redirect is JSON.
final class Pages {
    private static final MediaType PROMETHEUS = MediaTypes.create("text/plain; version=0.0.4; charset=utf-8");

    private final Probes probes;
    private final Answers answers;
    private final Supplier<String> stuck;
    private final Supplier<Map<String, String>> listener;

    /// @param stuck why the process should be started anew; empty while it is alive
    /// @param listener further checks for readiness, as [Probes#checks]
    Pages(Probes probes, Answers answers, Supplier<String> stuck, Supplier<Map<String, String>> listener) {
        this.probes = probes;
        this.answers = answers;
        this.stuck = stuck;
        this.listener = listener;
    }

    void console(ServerRequest request, ServerResponse response) {
        response.status(Status.FOUND_302)
                .header(HeaderNames.LOCATION, Assets.CONSOLE)
                .send();
    }

    void openRpc(ServerRequest request, ServerResponse response) {
        byte[] bytes = probes.document().get();
        response.headers().set(HeaderNames.CONTENT_TYPE, "application/json");
        Assets.tagged(request, response, Assets.tag(bytes), bytes);
    }

    void live(ServerRequest request, ServerResponse response) {
        String reason = stuck.get();
        if (reason.isEmpty()) {
            json(request, response, 200, Json.bytes(Map.of("status", "live")));
        } else {
            json(request, response, 503, Json.bytes(Map.of("status", "stuck", "reasons", List.of(reason))));
        }
    }

    void ready(ServerRequest request, ServerResponse response) {
        Map<String, String> all = new LinkedHashMap<>(probes.checks().get());
        all.putAll(listener.get());
        Map<String, Object> checks = new LinkedHashMap<>();
        List<String> reasons = new ArrayList<>();
        all.forEach((name, reason) -> {
            checks.put(name, reason.isEmpty() ? Map.of("ok", true) : Map.of("ok", false, "reason", reason));
            if (!reason.isEmpty()) {
                reasons.add(reason);
            }
        });
        boolean ready = reasons.isEmpty();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("status", ready ? "ready" : "not_ready");
        answer.put("reasons", reasons);
        answer.put("checks", checks);
        json(request, response, ready ? 200 : 503, Json.bytes(answer));
    }

    /// As protected mode lets the caller in: from the safe corner, or with a secret of scope admin. [Denied]
    /// otherwise.
    void metrics(ServerRequest request, ServerResponse response) {
        Passage passage = Routes.passage(request);
        Grant grant = passage.grant();
        if (!probes.metricsOpen() && !passage.safeCorner() && grant == null) {
            throw new Denied(
                    401,
                    Map.of("WWW-Authenticate", "Bearer"),
                    answers.refusal(
                            -32602,
                            "unauthorized",
                            "/metrics needs a secret of scope admin as 'Authorization: Bearer';"
                                    + " the setting metrics: open lets everybody read it"));
        } else if (!probes.metricsOpen() && grant != null && grant.scope() != Scope.ADMIN) {
            throw new Denied(
                    403,
                    Map.of(),
                    answers.refusal(
                            -32602,
                            "forbidden",
                            "/metrics needs a secret of scope admin; this one has scope "
                                    + grant.scope().word()));
        }
        response.headers().contentType(PROMETHEUS);
        response.headers().set(HeaderNames.CACHE_CONTROL, "no-store");
        send(request, response, probes.metrics().get().getBytes(StandardCharsets.UTF_8));
    }

    void notFound(ServerRequest request, ServerResponse response) {
        Routes.leave(request, response);
        json(
                request,
                response,
                404,
                Json.bytes(Map.of(
                        "error",
                        "there is nothing at this path; POST /rpc takes calls, GET /openrpc.json"
                                + " describes them, GET /console is for people")));
    }

    static void json(ServerRequest request, ServerResponse response, int status, byte[] body) {
        response.headers().set(HeaderNames.CONTENT_TYPE, "application/json");
        response.status(Status.create(status));
        send(request, response, body);
    }

    /// To HEAD the length alone, as Helidon would send the body.
    static void send(ServerRequest request, ServerResponse response, byte[] body) {
        if (request.prologue().method().equals(Method.HEAD)) {
            response.headers().contentLength(body.length);
            response.send();
        } else {
            response.send(body);
        }
    }
}
