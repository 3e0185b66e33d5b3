package hero.supervisor.transport;

import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;

/// Answers, as JSON-RPC does, what Helidon refuses before a request reaches us: its own words would be plain
/// text, or none. What it logs of it is left to it. Safe for any thread.
record EarlyRefusal(Answers answers) implements DirectHandler {
    @Override
    public TransportResponse handle(
            TransportRequest request, EventType type, Status status, ServerResponseHeaders headers, String message) {
        byte[] body = type == EventType.INTERNAL_ERROR
                ? answers.refusal(-32603, "internal", "internal error")
                : answers.refusal(-32600, "invalid_request", words(type));
        return TransportResponse.builder()
                .status(status)
                .headers(headers)
                .header(HeaderNames.CONTENT_TYPE, "application/json")
                .keepAlive(type.keepAlive())
                .entity(body)
                .build();
    }

    private static String words(EventType type) {
        return switch (type) {
            case BAD_REQUEST -> "this cannot be read as a request of HTTP/1.1; neither is a Content-Encoding taken";
            case PAYLOAD_TOO_LARGE -> "the body is too long";
            case HTTP_VERSION_NOT_SUPPORTED -> "this server speaks HTTP/1.1";
            case FORBIDDEN -> "the path is not allowed";
            default -> "the request asks for something that this server does not do";
        };
    }
}
