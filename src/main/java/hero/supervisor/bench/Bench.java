package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/// One run of the benchmark: PostgreSQL, gateways and the load are processes of their own; the load comes from
/// this one.
public final class Bench {
    /// What a training consists of. `job.run` thrice, as most of a server's work is of that kind.
    private static final List<Scenario> KINDS = List.of(
            Scenario.RUN_64,
            Scenario.RUN_64,
            Scenario.RUN_64,
            Scenario.HTTP_64,
            Scenario.STEPS_64,
            Scenario.FEW_SLOTS,
            Scenario.LONE);

    private final Plan plan;
    private final Time time;
    private final Consumer<String> progress;

    /// `progress` is told of each thing that takes a while.
    public Bench(Plan plan, Time time, Consumer<String> progress) {
        this.plan = plan;
        this.time = time;
        this.progress = progress;
    }

    /// Measures all of the plan. [Invalid] when something could not be started or an answer was wrong.
    public Report run() {
        return on(this::measured);
    }

    /// Tells no figures: puts the load of each of [#KINDS] on a gateway, whose JVM writes down which methods that
    /// needed ([JEP 515](https://openjdk.org/jeps/515)), for quicker starts (`docs/decisions/017`). `notes` is
    /// replaced. [Invalid] as above, and when nothing was written.
    public void train(Path notes) {
        try {
            Files.deleteIfExists(notes);
        } catch (IOException e) {
            throw new Invalid("the notes cannot be written", e);
        }
        on(stage -> {
            Site site = stage.site("training", Served.Program.taught(notes, plan.javaOptions()));
            Rates rates = new Rates(stage, site);
            for (Scenario kind : KINDS) {
                progress.accept("load of " + kind.word());
                rates.alone(kind);
            }
            progress.accept("writing notes");
            // The gateway writes when it ends.
            stage.remove(site);
            return notes;
        });
        if (!Files.isRegularFile(notes)) {
            throw new Invalid("the server's JVM has not written " + notes);
        }
    }

    private <T> T on(Function<Stage, T> work) {
        try (Stage stage = Stage.open(plan, time, progress)) {
            Thread atExit = Thread.ofPlatform().unstarted(stage::close);
            Runtime.getRuntime().addShutdownHook(atExit);
            T done = work.apply(stage);
            Runtime.getRuntime().removeShutdownHook(atExit);
            return done;
        }
    }

    private Report measured(Stage stage) {
        Report report = new Report(machine(stage), settings());
        List<Scenario> rounds =
                plan.only().stream().filter(Scenario::inRounds).sorted().toList();
        if (!rounds.isEmpty() && plan.against().isEmpty()) {
            inRounds(stage, rounds, report);
        } else if (!rounds.isEmpty()) {
            inTurn(stage, rounds, report);
        }
        for (Scenario scenario : plan.only().stream().sorted().toList()) {
            if (!scenario.inRounds()) {
                progress.accept(scenario.word());
                report.add(once(stage, scenario));
            }
        }
        report.note("load_after", load());
        return report;
    }

    private void inRounds(Stage stage, List<Scenario> scenarios, Report report) {
        Site site = stage.site("rates");
        Rates rates = new Rates(stage, site);
        progress.accept("warming up");
        rates.warmUp(scenarios);
        for (int round = 1; round <= plan.rounds(); round++) {
            for (Scenario scenario : scenarios) {
                progress.accept("round " + round + " of " + plan.rounds() + ": " + scenario.word());
                report.add(rates.measure(scenario));
            }
        }
        stage.remove(site);
    }

    /// This build and another, each with a database of its own, directly after one another. Who goes first changes
    /// with the rounds.
    private void inTurn(Stage stage, List<Scenario> scenarios, Report report) {
        Rates ours = new Rates(stage, stage.site("ours", Served.Program.plain("", plan.javaOptions())));
        Rates other = new Rates(stage, stage.site("other", Served.Program.plain(plan.against(), plan.javaOptions())));
        progress.accept("warming up");
        ours.warmUp(scenarios);
        other.warmUp(scenarios);
        for (int round = 1; round <= plan.rounds(); round++) {
            for (Scenario scenario : scenarios) {
                progress.accept("round " + round + " of " + plan.rounds() + ": " + scenario.word());
                report.add(ours.beside(other, scenario, round % 2 == 0));
            }
        }
    }

    private static List<Reading> once(Stage stage, Scenario scenario) {
        return switch (scenario) {
            case GROWTH -> new Growth(stage).history();
            case HELD_TRANSACTION -> new Growth(stage).held();
            case SOCKETS -> new Crowd(stage).sockets();
            case WAITERS -> new Crowd(stage).waiters();
            case FAN_OUT -> new Crowd(stage).fanOut();
            case SOAK -> new Soak(stage).run();
            default -> throw new IllegalArgumentException(scenario + " is of the rounds");
        };
    }

    private Map<String, Object> machine(Stage stage) {
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("at", time.instant().toString());
        machine.put("cores", Runtime.getRuntime().availableProcessors());
        machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        machine.put("java", Runtime.version().toString());
        machine.putAll(stage.database());
        machine.put("load_before", load());
        return machine;
    }

    /// Of the last minute, on the whole machine; negative where the system does not tell.
    private static double load() {
        return Report.rounded(ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("rounds", plan.rounds());
        settings.put("seconds", plan.seconds());
        settings.put("warm_up_seconds", plan.warmUpSeconds());
        settings.put("heat_seconds", plan.heatSeconds());
        settings.put("naive_connections", Naive.CONNECTIONS);
        settings.put("drain_jobs", plan.drainJobs());
        settings.put("history", plan.history());
        settings.put("queued", plan.queued());
        settings.put("soak_seconds", plan.soakSeconds());
        settings.put("soak_rate", plan.soakRate());
        settings.put("gateway_java_options", String.join(" ", plan.javaOptions()));
        return settings;
    }
}
