package hero.supervisor.cli;

import hero.supervisor.app.Config;
import hero.supervisor.cli.Floors.Migration;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `supervisor migrate`: the schema of the database.
@Command(
        name = "migrate",
        description = "Look at the schema of the database, or bring it up to date.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  supervisor migrate info      # each migration and when it was applied",
            "  supervisor migrate validate  # exit 0 only if the schema is the one that this version needs",
            "  supervisor migrate up        # apply what is missing",
            "",
            "The database is named as for 'serve': SUPERVISOR_DB_URL, SUPERVISOR_DB_USER, SUPERVISOR_DB_PASSWORD;",
            "where none of them is set, it is that of .supervisor/dev.env in this folder."
        })
final class MigrateCommand implements Callable<Integer> {
    private final Shell shell;

    @Spec
    @Nullable
    CommandSpec spec;

    @Parameters(paramLabel = "info|validate|up", description = "what to do")
    String what = "";

    @Option(names = "--config", paramLabel = "FILE", description = "YAML file of settings, as for 'serve'")
    @Nullable
    Path file;

    MigrateCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() {
        CommandSpec mine = Objects.requireNonNull(spec, "set by picocli");
        Migration migration = migration(what);
        Config config = ServerOptions.database(shell, mine, file, migration == Migration.UP);
        return shell.floors().migrate(config, migration, shell::line);
    }

    private static Migration migration(String word) {
        for (Migration migration : Migration.values()) {
            if (migration.name().toLowerCase(Locale.ROOT).equals(word)) {
                return migration;
            }
        }
        throw Failed.usage("there is no 'migrate " + word + "'; there are info, validate and up");
    }
}
