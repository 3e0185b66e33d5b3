package hero.supervisor.transport;

import hero.supervisor.transport.websocket.Denied;
import io.helidon.http.DirectHandler;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/// Which path is what, and what all of them share: the security headers, the [Guard], and the answer to a
/// [Denied].
final class Routes {
    private static final String CONTENT_POLICY =
            "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
    private static final List<Header> SECURITY = List.of(
            HeaderValues.createCached("X-Content-Type-Options", "nosniff"),
            HeaderValues.createCached("Referrer-Policy", "no-referrer"),
            HeaderValues.createCached("Content-Security-Policy", CONTENT_POLICY));
    private static final String PROBES = "/health/";
    /// Also while the server drains: that is when people look.
    private static final String METRICS = "/metrics";

    private final Guard guard;
    private final HttpRpc rpc;
    private final Pages pages;
    private final Answers answers;
    private final BooleanSupplier draining;

    Routes(Guard guard, HttpRpc rpc, Pages pages, Answers answers, BooleanSupplier draining) {
        this.guard = guard;
        this.rpc = rpc;
        this.pages = pages;
        this.answers = answers;
        this.draining = draining;
    }

    HttpRouting.Builder routing() {
        HttpRouting.Builder routing = HttpRouting.builder().addFilter(this::enter);
        Assets.route(routing);
        return routing.get("/", pages::console)
                .any("/", this::rpc)
                .any("/rpc", this::rpc)
                .get("/openrpc.json", pages::openRpc)
                .head("/openrpc.json", pages::openRpc)
                .get("/health/live", pages::live)
                .head("/health/live", pages::live)
                .get("/health/ready", pages::ready)
                .head("/health/ready", pages::ready)
                .get(METRICS, this::metrics)
                .head(METRICS, this::metrics)
                .any((Handler) pages::notFound);
    }

    /// For what is answered before it gets here.
    DirectHandlers early() {
        DirectHandlers.Builder handlers = DirectHandlers.builder();
        for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
            handlers.addHandler(type, new EarlyRefusal(answers));
        }
        return handlers.build();
    }

    private void enter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        Line line = Line.CURRENT.get();
        line.busy(true);
        try {
            secure(response.headers());
            if (request.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
                // Helidon only says so in its answer, and reads on (RFC 9112 §9.6).
                line.last();
            }
            String path = request.prologue().uriPath().path();
            if (!request.prologue().method().equals(Method.POST)) {
                leave(request, response);
            }
            if (!path.startsWith(PROBES)) {
                requireRoom(line, path);
                request.context()
                        .register(guard.judge(
                                request.headers(), request.prologue().query(), List.of(), request.remotePeer()));
            }
            chain.proceed();
        } catch (Denied denied) {
            refuse(request, response, denied);
        } finally {
            line.busy(false);
        }
    }

    private void requireRoom(Line line, String path) {
        if (draining.getAsBoolean() && !path.equals(METRICS)) {
            line.last();
            throw unavailable(answers.refusal(-32007, "shutting_down", "the server is shutting down; try another one"));
        }
        if (line.overLimit()) {
            line.last();
            throw unavailable(
                    answers.refusal(-32005, "busy", "the server has all the connections it may have; try again later"));
        }
    }

    /// 503 for a server that is full or about to stop.
    static Denied unavailable(byte[] body) {
        return new Denied(503, Map.of("Retry-After", "1", "Connection", "close"), body);
    }

    private void rpc(ServerRequest request, ServerResponse response) {
        Passage passage = passage(request);
        String origin = passage.origin();
        if (origin != null) {
            response.headers().set(HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            response.headers().set(HeaderNames.VARY, "Origin");
        }
        Method method = request.prologue().method();
        try {
            if (method.equals(Method.POST)) {
                rpc.handle(request, response, passage);
            } else if (method.equals(Method.OPTIONS)) {
                preflight(response, origin != null);
            } else {
                throw new Denied(
                        405,
                        Map.of("Allow", "POST"),
                        answers.refusal(-32600, "invalid_request", "calls are sent by POST, or over a WebSocket"));
            }
        } catch (Denied denied) {
            refuse(request, response, denied);
        }
    }

    private void metrics(ServerRequest request, ServerResponse response) {
        try {
            pages.metrics(request, response);
        } catch (Denied denied) {
            refuse(request, response, denied);
        }
    }

    /// What the filter found out about a request.
    static Passage passage(ServerRequest request) {
        return request.context()
                .get(Passage.class)
                .orElseThrow(() -> new IllegalStateException("the filter judges every request"));
    }

    private static void preflight(ServerResponse response, boolean listed) {
        response.headers().set(HeaderNames.ALLOW, "POST");
        if (listed) {
            response.headers().set(HeaderNames.ACCESS_CONTROL_ALLOW_METHODS, "POST");
            response.headers().set(HeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, "content-type, authorization");
            response.headers().set(HeaderNames.ACCESS_CONTROL_MAX_AGE, "600");
        }
        response.status(Status.NO_CONTENT_204).send();
    }

    /// Of a body that is sent in chunks, or only when we ask for it, nobody knows where it ends until it is read:
    /// what comes behind an answer without that would be run as the next request.
    static void leave(ServerRequest request, ServerResponse response) {
        if (request.headers().contains(HeaderNames.TRANSFER_ENCODING)
                || request.headers().contains(HeaderNames.EXPECT)) {
            response.headers().set(HeaderValues.CONNECTION_CLOSE);
            Line.CURRENT.get().last();
        }
    }

    private static void refuse(ServerRequest request, ServerResponse response, Denied denied) {
        leave(request, response);
        denied.headers().forEach((name, value) -> response.headers().set(HeaderNames.create(name), value));
        Pages.json(request, response, denied.status(), denied.body());
    }

    private static void secure(ServerResponseHeaders headers) {
        SECURITY.forEach(headers::set);
    }
}
