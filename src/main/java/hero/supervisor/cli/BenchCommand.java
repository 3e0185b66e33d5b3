package hero.supervisor.cli;

import hero.supervisor.app.Config;
import hero.supervisor.app.Setting;
import hero.supervisor.bench.Plan;
import hero.supervisor.bench.Report;
import hero.supervisor.bench.Scenario;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `supervisor bench`: how fast it is here, next to plain SQL.
@Command(
        name = "bench",
        description = "Measure the system on this machine next to the SQL that it replaces. Starts a PostgreSQL and"
                + " servers of its own, and removes them.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  supervisor bench                          # the usual scenarios, three to four minutes",
            "  supervisor bench --quick                  # each once and shorter; only to see that it works",
            "  supervisor bench --only run-64,create --rounds 5 --seconds 5 --json",
            "  supervisor bench --only held-transaction --held-seconds 600 --with-reports",
            "  supervisor bench --only growth --history 10000000 --queued 1000000",
            "  supervisor bench --only soak --soak-seconds 3600 --json",
            "  supervisor bench --only run-64 --rounds 9 --against ../before/target/supervisor.jar",
            "",
            "With --db-url it makes databases of its own on that PostgreSQL and drops them at the end.",
            "docs/PERFORMANCE.md tells what each scenario measures and what it must reach."
        })
final class BenchCommand implements Callable<Integer> {
    static final List<Setting> FLAGS = List.of(Setting.DB_URL, Setting.DB_USER, Setting.DB_PASSWORD);

    private final Shell shell;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "NAME",
            description =
                    "scenarios, by commas: run-64, run-512, run-4, few-slots, steps-64, create, drain, lone, http-64,"
                            + " two-gateways, start, fresh-64; and those that are not run unless named: growth, held-transaction, sockets,"
                            + " waiters, fan-out, soak")
    List<String> only = List.of();

    @Option(names = "--quick", description = "one round of half a second each, few jobs")
    boolean quick;

    @Option(names = "--rounds", paramLabel = "N", description = "1…100; default 3")
    @Nullable
    Integer rounds;

    @Option(names = "--seconds", paramLabel = "S", description = "of one measurement, 0.1…3600; default 2")
    @Nullable
    Double seconds;

    @Option(names = "--warm-up", paramLabel = "S", description = "before each, not counted, 0…600; default 1")
    @Nullable
    Double warmUp;

    @Option(
            names = "--heat",
            paramLabel = "S",
            description = "load of each scenario before the first round, not counted, 0…600; default 15")
    @Nullable
    Double heat;

    @Option(names = "--drain-jobs", paramLabel = "N", description = "of drain; default 200000")
    @Nullable
    Integer drainJobs;

    @Option(names = "--history", paramLabel = "N", defaultValue = "100000", description = "finished jobs of growth")
    int history;

    @Option(names = "--queued", paramLabel = "N", defaultValue = "20000", description = "waiting jobs of growth")
    int queued;

    @Option(names = "--held-seconds", paramLabel = "S", defaultValue = "30", description = "of held-transaction")
    double heldSeconds;

    @Option(
            names = "--with-reports",
            description = "the transaction of held-transaction reads the reports again and again")
    boolean withReports;

    @Option(
            names = "--report-pause",
            paramLabel = "S",
            defaultValue = "1",
            description = "after each round of reports, 0…3600; default ${DEFAULT-VALUE}")
    double reportPause;

    @Option(names = "--sockets", paramLabel = "N", defaultValue = "1000", description = "of sockets")
    int sockets;

    @Option(names = "--waiters", paramLabel = "N", defaultValue = "5000", description = "of waiters")
    int waiters;

    @Option(names = "--subscribers", paramLabel = "N", defaultValue = "1000", description = "of fan-out")
    int subscribers;

    @Option(names = "--soak-seconds", paramLabel = "S", description = "of soak, 3…86400; default 3600")
    @Nullable
    Double soakSeconds;

    @Option(names = "--soak-rate", paramLabel = "N", defaultValue = "100", description = "jobs per second of soak")
    int soakRate;

    @Option(
            names = "--server-java-opts",
            paramLabel = "WORDS",
            description = "further options of the servers' JVMs, such as a profiler's, split at spaces")
    String javaOptions = "";

    @Option(
            names = "--against",
            paramLabel = "PATH",
            description = "a jar or class path of another build: it is measured in turn with this one, instead of SQL")
    String against = "";

    @Option(
            names = "--notes",
            paramLabel = "FILE",
            description = "measure nothing: put load of several kinds on a server, as briefly as --quick, and let its"
                    + " JVM write notes into FILE with which serve starts quicker; the script does so after a build")
    @Nullable
    Path notes;

    @Option(names = "--json", description = "print one JSON value with every round")
    boolean json;

    BenchCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() {
        CommandSpec mine = Objects.requireNonNull(spec, "set by picocli");
        Config config = Config.of(ServerOptions.settings(shell, mine, null, Map.of()));
        // A database named in the environment is that of a server, not for measuring: only the flag counts.
        boolean named = mine.commandLine().getParseResult().hasMatchedOption(Setting.DB_URL.flag());
        boolean isBrief = quick || notes != null;
        Plan plan = new Plan(
                scenarios(),
                (int) within("--rounds", rounds == null ? (quick ? 1 : 3) : rounds, 1, 100),
                within("--seconds", seconds == null ? (isBrief ? 0.5 : 2) : seconds, 0.1, 3600),
                within("--warm-up", warmUp == null ? (isBrief ? 0.5 : 1) : warmUp, 0, 600),
                within("--heat", heat == null ? (isBrief ? 0.5 : 15) : heat, 0, 600),
                (int) within("--drain-jobs", drainJobs == null ? (isBrief ? 2000 : 200_000) : drainJobs, 1, 10_000_000),
                (int) within("--history", history, 0, 100_000_000),
                (int) within("--queued", queued, 1, 50_000_000),
                within("--held-seconds", heldSeconds, 0.1, 36_000),
                withReports,
                within("--report-pause", reportPause, 0, 3600),
                (int) within("--sockets", sockets, 1, 25_000),
                (int) within("--waiters", waiters, 1, 200_000),
                (int) within("--subscribers", subscribers, 1, 100_000),
                within("--soak-seconds", soakSeconds == null ? (quick ? 10 : 3600) : soakSeconds, 3, 86_400),
                (int) within("--soak-rate", soakRate, 1, 10_000),
                named ? config.dbUrl() : "",
                config.dbUser(),
                config.dbPassword(),
                Arrays.stream(javaOptions.split(" ", -1))
                        .filter(word -> !word.isEmpty())
                        .toList(),
                otherBuild());
        if (notes != null) {
            shell.floors().train(plan, written(notes), shell::note);
            return Exit.OK;
        }
        Report report = shell.floors().bench(plan, shell::note);
        if (json) {
            shell.line(report.json());
        } else {
            report.table().forEach(shell::line);
        }
        return Exit.OK;
    }

    private Path written(Path file) {
        if (json || !only.isEmpty() || !against.isEmpty()) {
            throw Failed.usage("--notes measures nothing; leave out --only, --against and --json");
        }
        Path path = shell.path(file).toAbsolutePath();
        Path folder = path.getParent();
        if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder) || Files.isDirectory(path)) {
            throw Failed.usage("--notes must be a file in a folder that can be written into; it is '" + file + "'");
        }
        return path;
    }

    private Set<Scenario> scenarios() {
        Set<Scenario> known = against.isEmpty() ? Scenario.usual() : Scenario.ofTwoBuilds();
        if (only.isEmpty()) {
            return known;
        }
        Set<Scenario> named = only.stream().map(word -> scenario(word.strip())).collect(Collectors.toSet());
        if (!against.isEmpty() && !known.containsAll(named)) {
            throw Failed.usage("--against compares two builds in " + words(known)
                    + "; leave the others out of --only, or --against");
        }
        return named;
    }

    private String otherBuild() {
        for (String part : against.split(File.pathSeparator, -1)) {
            if (!against.isEmpty() && !Files.exists(Path.of(part))) {
                throw Failed.usage("--against must be a jar, a folder of classes, or several with '"
                        + File.pathSeparator + "' between; there is no '" + part + "'");
            }
        }
        return against;
    }

    private static String words(Set<Scenario> scenarios) {
        return scenarios.stream().map(Scenario::word).collect(Collectors.joining(", "));
    }

    private static Scenario scenario(String word) {
        return Scenario.find(word)
                .orElseThrow(() -> Failed.usage(
                        "there is no scenario '" + word + "'; there are " + words(EnumSet.allOf(Scenario.class))));
    }

    private static double within(String flag, double value, double min, double max) {
        if (!(value >= min && value <= max)) {
            throw Failed.usage(flag + " must be " + plain(min) + " to " + plain(max) + "; it is " + plain(value));
        }
        return value;
    }

    private static String plain(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }
}
