package hero.supervisor.client;

/// There is no connection (any more): whether a call that was open has been carried out is not known. Repeat it
/// over a new connection; calls of this API are safe to repeat.
public final class ConnectionLost extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;

    /// @param code the WebSocket's close code (RFC 6455 §7.4; 1006 when there was none), or the HTTP status when
    /// the server refused to begin
    public ConnectionLost(int code, String message) {
        super(message);
        this.code = code;
    }

    public int code() {
        return code;
    }

    /// True when the server was there and refused the secret or the origin: trying again will not help.
    public boolean refused() {
        return code == 401 || code == 403;
    }
}
