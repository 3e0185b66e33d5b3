package hero.supervisor.cli;

import hero.supervisor.app.Config;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `supervisor report`: what happened, from the database's schema `report`.
@Command(
        name = "report",
        description = "Report on jobs: throughput with waits and run times, failures, runners, queues, slow jobs.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  supervisor report                        # the last 24 h, hour by hour",
            "  supervisor report failures --since 7d    # grouped by the first line of the error",
            "  supervisor report runners                # who is there, and how busy",
            "  supervisor report queues --json          # what waits now",
            "  supervisor report slow --since 1h --csv  # the 20 longest runs",
            "  supervisor report rebuild                # count all figures again from the event log",
            "  supervisor report login                  # let supervisor_report log in, by SUPERVISOR_REPORT_PASSWORD",
            "",
            "It reads the database itself: SUPERVISOR_DB_URL, SUPERVISOR_DB_USER, SUPERVISOR_DB_PASSWORD, as the owner or",
            "as the role supervisor_report; where none of them is set, that of .supervisor/dev.env in this folder.",
            "docs/REPORTING.md tells every column, for queries of your own."
        })
final class ReportCommand implements Callable<Integer> {
    private static final List<String> WORDS =
            List.of("throughput", "failures", "runners", "queues", "slow", "rebuild", "login");
    private static final String PASSWORD = "SUPERVISOR_REPORT_PASSWORD";
    private static final Pattern AGE = Pattern.compile("([1-9][0-9]{0,8})([smhd])");

    private static final Duration SINCE_MAX = Duration.ofDays(36_500);

    private final Shell shell;

    @Spec
    @Nullable
    CommandSpec spec;

    @Parameters(
            paramLabel = "REPORT",
            arity = "0..1",
            defaultValue = "throughput",
            description = "throughput (default), failures, runners, queues, slow; or rebuild, login")
    String what = "";

    @Option(
            names = "--since",
            paramLabel = "AGE",
            defaultValue = "24h",
            description = "how far back, such as 30m, 24h or 7d; default ${DEFAULT-VALUE}; failures and slow go"
                    + " through the jobs accepted in that time")
    String since = "";

    @Option(names = "--csv", description = "comma-separated values with a line of names")
    boolean csv;

    @Option(names = "--json", description = "one JSON array")
    boolean json;

    @Option(names = "--config", paramLabel = "FILE", description = "YAML file of settings, as for 'serve'")
    @Nullable
    Path file;

    ReportCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() {
        CommandSpec mine = Objects.requireNonNull(spec, "set by picocli");
        if (!WORDS.contains(what)) {
            throw Failed.usage("there is no 'report " + what + "'; there are " + String.join(", ", WORDS));
        } else if (csv && json) {
            throw Failed.usage("report takes --csv or --json, not both");
        }
        Duration age = age(since);
        Config config = ServerOptions.database(shell, mine, file, false);
        if (what.equals("rebuild")) {
            long events = shell.floors().rebuildFigures(config);
            shell.line(events + " events counted here; gateways that run may have counted more");
            return Exit.OK;
        }
        if (what.equals("login")) {
            shell.floors().reportLogin(config, password());
            shell.line("supervisor_report may log in with the password in " + PASSWORD);
            return Exit.OK;
        }
        List<Map<String, @Nullable Object>> rows = shell.floors().report(config, what, age);
        if (json) {
            shell.json(rows);
        } else if (csv) {
            ReportText.csv(rows).forEach(shell::line);
        } else {
            ReportText.people(what, rows).forEach(shell::line);
        }
        return Exit.OK;
    }

    private String password() {
        return shell.variable(PASSWORD)
                .orElseThrow(() -> Failed.usage("'report login' needs the new password of supervisor_report in "
                        + PASSWORD + ", because everyone on this machine can read the words of a command"));
    }

    private static Duration age(String text) {
        Matcher age = AGE.matcher(text);
        if (!age.matches()) {
            throw Failed.usage(
                    "--since is '" + text + "'; it must be a number with s, m, h or d, such as 30m, 24h or 7d");
        }
        long number = Long.parseLong(age.group(1));
        Duration since = switch (age.group(2)) {
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofDays(number);
        };
        if (since.compareTo(SINCE_MAX) > 0) {
            throw Failed.usage("--since is '" + text + "'; it must be at most " + SINCE_MAX.toDays() + "d");
        }
        return since;
    }
}
