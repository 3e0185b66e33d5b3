package hero.supervisor.cli;

import hero.supervisor.app.Config;
import hero.supervisor.app.Setting;
import hero.supervisor.app.SettingLayers;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `supervisor serve`: a server on a PostgreSQL that somebody runs.
@Command(
        name = "serve",
        description = "Run a server on your PostgreSQL. Any number of them may share one database.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  SUPERVISOR_DB_URL=jdbc:postgresql://db:5432/supervisor SUPERVISOR_DB_USER=supervisor \\",
            "    SUPERVISOR_DB_PASSWORD=… supervisor serve --bind 0.0.0.0",
            "  supervisor serve --config /etc/supervisor.yaml --port 8080",
            "  supervisor serve --config /etc/supervisor.yaml --print-config",
            "",
            "Every setting is a flag (--db-url), a variable (SUPERVISOR_DB_URL) or a line of the YAML file (db_url: …);",
            "flags win over the environment, the environment over the file."
        })
final class ServeCommand implements Callable<Integer> {
    private final Shell shell;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(names = "--config", paramLabel = "FILE", description = "YAML file of settings")
    @Nullable
    Path file;

    @Option(names = "--no-migrate", description = "leave the schema as it is; 'supervisor migrate up' is then yours")
    boolean noMigrate;

    @Option(names = "--print-config", description = "show all settings and where each comes from, then exit")
    boolean print;

    ServeCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() {
        CommandSpec mine = Objects.requireNonNull(spec, "set by picocli");
        if (noMigrate && mine.commandLine().getParseResult().hasMatchedOption(Setting.MIGRATE.flag())) {
            throw Failed.usage("--no-migrate and --migrate say the same or the opposite; keep one of them");
        }
        Map<Setting, String> more = noMigrate ? Map.of(Setting.MIGRATE, "false") : Map.of();
        SettingLayers settings = ServerOptions.settings(shell, mine, file, more);
        if (print) {
            ServerOptions.print(shell, settings);
            return Exit.OK;
        }
        return serve(shell, settings);
    }

    /// The command without flags.
    static int plain(Shell shell) {
        return serve(shell, ServerOptions.settings(shell, Map.of(), null));
    }

    private static int serve(Shell shell, SettingLayers settings) {
        return shell.floors().serve(Config.of(settings).requireDatabase(), shell::say);
    }
}
