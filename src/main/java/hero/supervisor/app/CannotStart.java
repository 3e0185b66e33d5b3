package hero.supervisor.app;

/// Why the system did not start, in one sentence for the person who starts it: what is wrong and what would do.
/// Shown without a stack trace; holds no password.
public final class CannotStart extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// Whose turn it is.
    public enum Reason {
        /// A setting is wrong: exit code 2.
        SETTING,
        /// The settings are fine, the surroundings are not (port in use, no PostgreSQL, folder in use): exit code
        /// 3.
        SURROUNDINGS
    }

    private final Reason reason;

    public CannotStart(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public CannotStart(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }

    static CannotStart setting(String message) {
        return new CannotStart(Reason.SETTING, message);
    }
}
