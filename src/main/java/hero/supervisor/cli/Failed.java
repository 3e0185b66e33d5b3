package hero.supervisor.cli;

/// Ends a command with one sentence on stderr and an exit code.
final class Failed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exit;

    Failed(int exit, String message) {
        super(message);
        this.exit = exit;
    }

    Failed(int exit, String message, Throwable cause) {
        super(message, cause);
        this.exit = exit;
    }

    int exit() {
        return exit;
    }

    static Failed usage(String message) {
        return new Failed(Exit.USAGE, message);
    }
}
