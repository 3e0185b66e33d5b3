package hero.supervisor.transport.websocket;

/// The peer broke a rule: the connection ends with this code. The reason is one of a fixed set and goes to the
/// peer.
final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;
    private final String reason;

    Violation(int code, String reason) {
        super(reason, null, false, false);
        this.code = code;
        this.reason = reason;
    }

    int code() {
        return code;
    }

    String reason() {
        return reason;
    }
}
