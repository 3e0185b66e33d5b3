package hero.supervisor.client;

import java.util.Set;

/// There is no connection (any more): whether a call that was open has been carried out is not known. Repeat it
/// over a new connection; calls of this API are safe to repeat.
public final class ConnectionLost extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// The code when nobody was there to connect to.
    static final int NOBODY = 0;

    /// RFC 6455 §7.4.1; also for an answer over HTTP that is none.
    static final int PROTOCOL_ERROR = 1002;

    /// What a proxy or balancer says that has no server to ask just now, and what a full server says.
    private static final Set<Integer> FOR_LATER = Set.of(502, 503, 504);

    private final int code;

    /// @param code the WebSocket's close code (RFC 6455 §7.4; 1006 when there was none), or the HTTP status when
    /// the server refused to begin, or 0 when no connection came about
    public ConnectionLost(int code, String message) {
        super(message);
        this.code = code;
    }

    public int code() {
        return code;
    }

    /// True when no connection came about: nothing shows that a server has ever been there.
    public boolean nobodyThere() {
        return code == NOBODY;
    }

    /// True when the same address may well serve in a moment: a connection broke that was there, or a proxy has no
    /// server behind it just now.
    public boolean passes() {
        return (code >= 1000 && code != PROTOCOL_ERROR) || FOR_LATER.contains(code);
    }

    /// True when the server was there and refused the secret or the origin: trying again will not help.
    public boolean refused() {
        return code == 401 || code == 403;
    }
}
