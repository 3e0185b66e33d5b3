package hero.supervisor.transport.websocket;

import java.util.Map;

/// An HTTP request that is refused, with all that the answer needs. The body is JSON and holds nothing of the
/// request.
public final class Denied extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final transient Map<String, String> headers;
    private final transient byte[] body;

    public Denied(int status, Map<String, String> headers, byte[] body) {
        super("refused with " + status, null, false, false);
        this.status = status;
        this.headers = Map.copyOf(headers);
        this.body = body;
    }

    public int status() {
        return status;
    }

    public Map<String, String> headers() {
        return headers;
    }

    public byte[] body() {
        return body;
    }
}
