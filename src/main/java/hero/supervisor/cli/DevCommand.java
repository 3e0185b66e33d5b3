package hero.supervisor.cli;

import hero.supervisor.app.Config;
import hero.supervisor.app.Setting;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `supervisor dev`: everything on one machine.
@Command(
        name = "dev",
        description = "Run the whole system on this machine: PostgreSQL, server and one runner named 'local'.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  supervisor dev",
            "  supervisor dev --port 4000 --data /var/tmp/supervisor",
            "  supervisor dev --once",
            "",
            "Jobs and results stay in the data folder, and are there again at the next start. Its dev.env holds URL and",
            "secrets, which the other commands find when they are started in the folder that holds .supervisor."
        })
final class DevCommand implements Callable<Integer> {
    /// What `dev` lets people choose; its database is its own.
    static final List<Setting> FLAGS = List.of(Setting.PORT);

    private final Shell shell;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            defaultValue = ".supervisor",
            description = "folder of the database and dev.env; default ${DEFAULT-VALUE}")
    @Nullable
    Path data;

    @Option(names = "--once", description = "end after the hello job; exit 0 only if it succeeded")
    boolean once;

    DevCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() {
        CommandSpec mine = Objects.requireNonNull(spec, "set by picocli");
        Path folder = shell.path(Objects.requireNonNull(data, "has a default"));
        Config config = Config.of(ServerOptions.settings(shell, mine, null, Map.of()));
        return shell.floors().dev(config.withDatabase("", "", ""), folder, once, shell::say);
    }
}
