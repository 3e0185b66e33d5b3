package hero.supervisor.bench;

/// A measurement that does not count, because an answer was wrong, jobs are missing, or something could not be
/// started: one sentence for people.
public final class Invalid extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Invalid(String message) {
        super(message);
    }

    Invalid(String message, Throwable cause) {
        super(message + ": " + cause.getMessage(), cause);
    }
}
