package hero.supervisor.cli;

import org.jspecify.annotations.Nullable;

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

    /// What the system said, with the commands that do what the methods do that it names.
    static String ofCommands(@Nullable String message) {
        return String.valueOf(message)
                .replace("secrets.list tells", "'supervisor secret list' tells")
                .replace("list_runners tells", "'supervisor runners list' tells")
                .replace("register_runner adds", "'supervisor runners register' adds");
    }

    static Failed usage(String message) {
        return new Failed(Exit.USAGE, message);
    }
}
