package hero.supervisor.check;

/// Ends a case before its end: what was seen, in a sentence.
final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// What it means for the runner.
    enum Kind {
        FAILED,
        NOT_APPLICABLE,
        NOT_CONNECTED
    }

    private final Kind kind;

    private Fault(Kind kind, String seen) {
        super(seen);
        this.kind = kind;
    }

    static Fault failed(String seen) {
        return new Fault(Kind.FAILED, seen);
    }

    static Fault notApplicable(String why) {
        return new Fault(Kind.NOT_APPLICABLE, why);
    }

    static Fault notConnected(String seen) {
        return new Fault(Kind.NOT_CONNECTED, seen);
    }

    Kind kind() {
        return kind;
    }

    String seen() {
        return String.valueOf(getMessage());
    }
}
