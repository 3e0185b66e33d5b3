package hero.supervisor.cli;

import hero.supervisor.app.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/// `.supervisor/dev.env`, which `supervisor dev` leaves in its folder: URL, secrets and database of that system.
final class DevEnv {
    static final Path FILE = Path.of(".supervisor", "dev.env");

    private DevEnv() {}

    /// Its lines `NAME=value`; empty when there is no such file that this user may read.
    static Map<String, String> read(Path folder) {
        Map<String, String> values = new HashMap<>();
        Path file = folder.resolve(FILE);
        if (!Files.isReadable(file)) {
            return values;
        }
        try {
            for (String line : Files.readAllLines(file)) {
                int equals = line.indexOf('=');
                if (equals > 0 && !line.startsWith("#")) {
                    values.put(
                            line.substring(0, equals).strip(),
                            unquoted(line.substring(equals + 1).strip()));
                }
            }
        } catch (IOException e) {
            throw new Failed(Exit.USAGE, "the file " + file + " cannot be read; remove it or run 'supervisor dev'", e);
        }
        return values;
    }

    /// Where its PostgreSQL is: in the environment, when the file of another folder was read into that, else in
    /// the file; empty when that is not known.
    static Map<Setting, String> database(Shell shell) {
        Map<Setting, String> settings = new EnumMap<>(Setting.class);
        Map<String, String> values =
                shell.env().containsKey(Setting.DB_URL.devVariable()) ? shell.env() : read(shell.folder());
        for (Setting setting : ServerOptions.DATABASE) {
            String value = values.get(setting.devVariable());
            if (value != null) {
                settings.put(setting, value);
            }
        }
        return settings;
    }

    private static String unquoted(String text) {
        boolean quoted = text.length() >= 2
                && (text.charAt(0) == '\'' || text.charAt(0) == '"')
                && text.charAt(text.length() - 1) == text.charAt(0);
        return quoted ? text.substring(1, text.length() - 1) : text;
    }
}
