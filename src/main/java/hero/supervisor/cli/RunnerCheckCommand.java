package hero.supervisor.cli;

import hero.supervisor.check.CheckSettings;
import hero.supervisor.check.RunnerCheck;
import hero.supervisor.check.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `supervisor runner-check`: is this a good runner?
@Command(
        name = "runner-check",
        description = "Check a runner of your own: plays the server's side of each hard case and says how it did.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  supervisor runner-check -- python3 my_runner.py        # starts it, checks it, ends it",
            "  supervisor runner-check --port 3131                    # prints where to point a runner that you start",
            "  supervisor runner-check --only stop,cut --json -- ./my-runner",
            "  supervisor runner-check --executor ruby --payload 'say=puts ENV[\"CHECK_TEXT\"]' -- ruby my_runner.rb",
            "",
            "COMMAND finds SUPERVISOR_URL, SUPERVISOR_WS_URL and SUPERVISOR_SECRET in its environment. The runner needs one",
            "of the executors sh, bash, python, python3 and node, or payloads of yours: say prints CHECK_TEXT, fail prints",
            "it on stderr and ends with 3, work appends to the file CHECK_MARKS every 50 ms, CHECK_TICKS times, and",
            "stubborn does so in spite of SIGTERM. Three slots let every case be played.",
            "Exit code: 0 no case failed, 1 one did, 2 wrong usage, 3 no runner connected."
        })
final class RunnerCheckCommand implements Callable<Integer> {
    private final Shell shell;

    @Option(names = "--port", paramLabel = "N", description = "to listen on, on 127.0.0.1; default: any free one")
    int port;

    @Option(names = "--json", description = "the whole report as one JSON object, at the end")
    boolean json;

    @Option(names = "--only", split = ",", paramLabel = "CASE", description = "these cases only")
    List<String> only = new ArrayList<>();

    @Option(names = "--list", description = "tell the cases, and do nothing")
    boolean list;

    @Option(
            names = "--timeout",
            paramLabel = "S",
            description = "the longest wait for anything that the runner must do, in seconds; default: 20")
    double timeoutS = 20;

    @Option(names = "--heartbeat", paramLabel = "MS", description = "told to the runner; default: 1000")
    long heartbeatMs = 1000;

    @Option(
            names = "--lease",
            paramLabel = "MS",
            description = "told to the runner, also as the grace for a resume; default: 5000")
    long leaseMs = 5000;

    @Option(names = "--executor", paramLabel = "NAME", description = "the executor that the payloads are for")
    @Nullable
    String executor;

    @Option(
            names = "--payload",
            paramLabel = "TASK=TEXT",
            description = "a payload for say, fail, work or stubborn; may be repeated")
    Map<String, String> payloads = new LinkedHashMap<>();

    @Parameters(paramLabel = "COMMAND", arity = "0..*", description = "starts the runner; put it behind --")
    List<String> command = new ArrayList<>();

    RunnerCheckCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (list) {
            list(RunnerCheck.list());
            return Exit.OK;
        }
        return shell.floors().check(settings(), this::played, shell::note);
    }

    private void list(Map<String, String> cases) {
        if (json) {
            List<Map<String, String>> trees = new ArrayList<>();
            cases.forEach((id, title) -> {
                Map<String, String> tree = new LinkedHashMap<>();
                tree.put("id", id);
                tree.put("title", title);
                trees.add(tree);
            });
            shell.json(Map.of("cases", trees));
        } else {
            cases.forEach((id, title) -> shell.line(String.format(Locale.ROOT, "%-14s  %s", id, title)));
        }
    }

    private CheckSettings settings() {
        try {
            return new CheckSettings(
                    port,
                    only,
                    command,
                    executor,
                    payloads,
                    heartbeatMs,
                    leaseMs,
                    Duration.ofMillis(Math.round(timeoutS * 1000)));
        } catch (IllegalArgumentException e) {
            throw new Failed(Exit.USAGE, String.valueOf(e.getMessage()), e);
        }
    }

    private int played(RunnerCheck check) throws InterruptedException {
        if (command.isEmpty()) {
            shell.note("point a runner at this check:");
            check.environment().forEach((name, value) -> shell.note("  " + name + "=" + value));
        }
        List<Verdict> verdicts = check.run(this::tell);
        Map<String, Object> report = new LinkedHashMap<>();
        for (Verdict.Outcome outcome : Verdict.Outcome.values()) {
            report.put(
                    outcome.word(),
                    verdicts.stream().filter(v -> v.outcome() == outcome).count());
        }
        if (json) {
            report.put("cases", verdicts.stream().map(Verdict::tree).toList());
            shell.json(report);
        } else {
            shell.line(report.get("passed") + " passed, " + report.get("failed") + " failed, "
                    + report.get("not_applicable") + " not applicable");
        }
        boolean failed = verdicts.stream().anyMatch(v -> v.outcome() == Verdict.Outcome.FAILED);
        return failed ? Exit.CHECK_FAILED : Exit.OK;
    }

    private void tell(Verdict verdict) {
        if (json) {
            return;
        }
        String word = switch (verdict.outcome()) {
            case PASSED -> "pass";
            case FAILED -> "FAIL";
            case NOT_APPLICABLE -> "n/a ";
        };
        shell.line(String.format(Locale.ROOT, "%s  %-14s  %s", word, verdict.id(), verdict.seen()));
        if (verdict.outcome() == Verdict.Outcome.FAILED) {
            shell.line("                      played: " + verdict.title());
            shell.line("                      protocol: " + verdict.rule());
        }
    }
}
