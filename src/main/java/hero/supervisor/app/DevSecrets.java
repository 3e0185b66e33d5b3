package hero.supervisor.app;

import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Scope;
import hero.supervisor.engine.Secrets;
import hero.supervisor.store.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The first secrets of a `dev` system: made once, kept in `dev.env` (mode 600) beside the URLs and the way to the
/// database, found again later.
record DevSecrets(String admin, String user, String register) {
    static final String FILE = "dev.env";

    /// Those of the folder as far as they are still valid, new ones for the rest; `dev.env` is written anew.
    static DevSecrets in(Path folder, Supervisor supervisor, Database.Settings database) {
        Path file = folder.resolve(FILE);
        Map<String, String> present = read(file);
        Map<Scope, String> secrets = new EnumMap<>(Scope.class);
        for (Scope scope : Scope.values()) {
            String old = present.get(variable(scope));
            secrets.put(
                    scope,
                    old != null && isValid(supervisor.secrets(), old, scope)
                            ? old
                            : supervisor.secrets().create("dev", scope, null).secret());
        }
        write(file, supervisor, secrets, database);
        return new DevSecrets(of(secrets, Scope.ADMIN), of(secrets, Scope.USER), of(secrets, Scope.REGISTER));
    }

    private static String of(Map<Scope, String> secrets, Scope scope) {
        String secret = secrets.get(scope);
        if (secret == null) {
            throw new IllegalStateException("every scope has its secret");
        }
        return secret;
    }

    private static String variable(Scope scope) {
        return "SUPERVISOR_" + scope.word().toUpperCase(Locale.ROOT) + "_SECRET";
    }

    private static boolean isValid(Secrets secrets, @Nullable String secret, Scope scope) {
        try {
            return secret != null && secrets.check(secret).scope() == scope;
        } catch (Refusal e) {
            return false;
        }
    }

    private static Map<String, String> read(Path file) {
        Map<String, String> values = new HashMap<>();
        if (Files.exists(file)) {
            try {
                for (String line : Files.readAllLines(file)) {
                    int at = line.indexOf('=');
                    if (at > 0) {
                        values.put(line.substring(0, at), line.substring(at + 1));
                    }
                }
            } catch (IOException e) {
                throw unwritable(file, e);
            }
        }
        return values;
    }

    /// Written beside and moved into place, so that nobody ever reads half of it or with other rights.
    private static void write(
            Path file, Supervisor supervisor, Map<Scope, String> secrets, Database.Settings database) {
        var lines = new StringBuilder();
        line(lines, "SUPERVISOR_URL", supervisor.url());
        line(lines, "SUPERVISOR_WS_URL", supervisor.url().replaceFirst("^http", "ws") + "/rpc");
        for (Scope scope : List.of(Scope.values())) {
            line(lines, variable(scope), of(secrets, scope));
        }
        line(lines, Setting.DB_URL.devVariable(), database.url());
        line(lines, Setting.DB_USER.devVariable(), database.user());
        line(lines, Setting.DB_PASSWORD.devVariable(), database.password());
        try {
            Path next = file.resolveSibling(FILE + ".next");
            Files.deleteIfExists(next);
            Files.createFile(next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(next, lines);
            Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static void line(StringBuilder lines, String variable, String value) {
        lines.append(variable).append('=').append(value).append('\n');
    }

    private static CannotStart unwritable(Path file, IOException e) {
        return new CannotStart(
                CannotStart.Reason.SURROUNDINGS,
                "the file " + file + " cannot be read and written; choose another folder with --data",
                e);
    }

    /// Shows nothing.
    @Override
    public String toString() {
        return "DevSecrets";
    }
}
