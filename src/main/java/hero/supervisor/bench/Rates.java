package hero.supervisor.bench;

import hero.supervisor.bench.Meter.Measured;
import hero.supervisor.bench.Reading.Against;
import hero.supervisor.bench.Reading.Goal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// The scenarios of the rounds: how many per second, next to what they replace. Each checks that as many jobs are
/// in the database, in the right state, as calls were answered. Not for several threads.
final class Rates {
    private static final String JOBS = "jobs/s";
    private static final int SOCKETS = 4;
    private static final int DRAIN_SLOTS = 256;
    private static final int FEW_RUNNERS = 8;
    private static final int HEAT_JOBS = 20_000;
    private static final int QUEUE_AT_ONCE = 256;
    private static final long BRIEF_NS = 100_000_000;
    private static final Duration DRAIN_WITHIN = Duration.ofMinutes(10);
    private static final ThreadFactory PLATFORM =
            Thread.ofPlatform().daemon().name("bench-", 0).factory();

    private final Stage stage;
    private final Site site;
    private final Naive naive;
    private final Meter meter;
    private final Map<String, Puller> runners = new HashMap<>();
    /// Of what is measured now.
    private Window window;

    private int drains;

    private record Window(long afterNs, long measureNs) {}

    Rates(Stage stage, Site site) {
        this.stage = stage;
        this.site = site;
        this.naive = new Naive(site.sql(), stage.time());
        this.meter = stage.meter(site);
        this.window = planned();
    }

    /// Not counted: lets the compilers of all JVMs see the code that matters, as a server that has just been
    /// started needs many seconds of load until it is as fast as it stays ([#fresh] tells how fast it is before).
    /// The second gateway too: else one that has just been started is compared to one that has run for long.
    void warmUp(List<Scenario> scenarios) {
        lives();
        window = new Window(stage.plan().heatNs(), BRIEF_NS);
        Set<Scenario> heated = Scenario.ofTwoBuilds();
        heated.retainAll(scenarios);
        heated.addAll(List.of(Scenario.RUN_64, Scenario.RUN_512));
        // Its jobs would stay, and the others' creations are the same.
        heated.remove(Scenario.CREATE);
        // It has a number of jobs instead of a time.
        if (heated.remove(Scenario.DRAIN)) {
            drain(Math.min(stage.plan().drainJobs(), HEAT_JOBS));
        }
        heated.forEach(this::alone);
        if (scenarios.contains(Scenario.TWO_GATEWAYS)) {
            run(512, 1, 1);
        }
        window = planned();
    }

    private Window planned() {
        return new Window(stage.plan().warmUpNs(), stage.plan().measureNs());
    }

    /// The figures of one scenario of the rounds.
    List<Reading> measure(Scenario scenario) {
        return switch (scenario) {
            case RUN_64 -> List.of(compared("run-64", lives(), run(64, 0, 0), Goal.atLeast(5)));
            case RUN_512 -> List.of(compared("run-512", lives(), run(512, 0, 0), Goal.atLeast(8)));
            case RUN_4 -> List.of(compared("run-4", lives(), run(4, 0, 0), null));
            case FEW_SLOTS -> List.of(compared("few-slots", lives(), fewSlots(), null));
            case STEPS_64 -> List.of(compared("steps-64", lives(), steps(), null));
            case CREATE -> List.of(compared("create", inserts(), create(), Goal.atLeast(1.5)));
            case DRAIN -> List.of(compared("drain", lives(), drain(stage.plan().drainJobs()), Goal.atLeast(10)));
            case HTTP_64 -> List.of(compared("http-64", webSocket(), http(), Goal.atLeast(0.7)));
            case TWO_GATEWAYS -> List.of(compared("two-gateways", webSocket(), run(64, 0, 1), Goal.atLeast(0.7)));
            case LONE -> lone();
            case START -> List.of(start());
            case FRESH_64 -> List.of(compared("fresh-64", lives(), fresh(), null));
            default -> throw new IllegalArgumentException(scenario + " is not of the rounds");
        };
    }

    /// The same without SQL: next to another build.
    List<Reading> beside(Rates other, Scenario scenario, boolean otherFirst) {
        Measured before = otherFirst ? other.alone(scenario) : null;
        Measured ours = alone(scenario);
        Measured theirs = before == null ? other.alone(scenario) : before;
        boolean latency = scenario == Scenario.LONE;
        return List.of(new Reading(
                scenario.word(),
                latency ? "ms" : JOBS,
                latency ? ours.p(0.5) : ours.perSecond(),
                new Against("the other build", latency ? theirs.p(0.5) : theirs.perSecond()),
                null,
                ours.details()));
    }

    /// Ours by itself, compared to nothing.
    Measured alone(Scenario scenario) {
        return switch (scenario) {
            case RUN_64 -> run(64, 0, 0);
            case RUN_512 -> run(512, 0, 0);
            case RUN_4 -> run(4, 0, 0);
            case FEW_SLOTS -> fewSlots();
            case STEPS_64 -> steps();
            case CREATE -> create();
            case DRAIN -> drain(stage.plan().drainJobs());
            case HTTP_64 -> http();
            case TWO_GATEWAYS -> run(64, 0, 1);
            case LONE -> loneRun();
            default -> throw new IllegalArgumentException(scenario + " is not compared to another build");
        };
    }

    private static Reading compared(String name, Against against, Measured ours, @Nullable Goal goal) {
        return new Reading(name, JOBS, ours.perSecond(), against, goal, ours.details());
    }

    private Against lives() {
        Tally tally = new Tally();
        Measured measured = naively("naive life cycles", naive.lives(tally), List.of(tally));
        same("naive life cycles", naive.count("completed"), tally);
        return new Against("naive life cycles", measured.perSecond());
    }

    private Against inserts() {
        Tally tally = new Tally();
        Measured measured = naively("naive inserts", naive.inserts(tally), List.of(tally));
        same("naive inserts", naive.count("queued"), tally);
        return new Against("naive inserts", measured.perSecond());
    }

    private Against webSocket() {
        return new Against("WebSocket, one gateway", run(64, 0, 0).perSecond());
    }

    /// `job.run` in a closed loop over [#SOCKETS] WebSockets, on the gateway of that number.
    Measured run(int atWork, int callersAt, int runnerAt) {
        return loop(callsFor(atWork, callersAt, runnerAt), runner(runnerAt, atWork), window);
    }

    private static Load callsFor(int atWork, int callersAt, int runnerAt) {
        return new Load("job.run", Calls.run(runnerName(runnerAt, atWork)), atWork, callersAt, "completed");
    }

    /// The same on one gateway, measured for so long after so long.
    Measured runFor(int atWork, long afterNs, long measureNs) {
        return loop(callsFor(atWork, 0, 0), runner(0, atWork), new Window(afterNs, measureNs));
    }

    Measured create() {
        Load load = new Load("jobs.create", Calls.create(runnerName(0, 64)), 64, 0, "created");
        return loop(load, runner(0, 64), window);
    }

    /// @param status that its jobs have at the end
    private record Load(String name, Calls calls, int atWork, int gateway, String status) {}

    private Measured loop(Load load, Puller runner, Window span) {
        Tally tally = new Tally();
        int sockets = Math.min(SOCKETS, load.atWork());
        List<Caller> callers = new ArrayList<>();
        for (int i = 0; i < sockets; i++) {
            Line line = site.client(load.gateway());
            callers.add(new Caller(line, load.calls(), load.atWork() / sockets, Long.MAX_VALUE, tally, stage.time()));
        }
        long before = newest();
        Measured measured = measured(load.name(), callers, List.of(tally, runner.recorded()), span);
        same(load.name(), since(before, load.status()), tally);
        return measured;
    }

    /// Four times as many at work as there are slots, of which each runner has one.
    private Measured fewSlots() {
        Tally tally = new Tally();
        List<Tally> tallies = new ArrayList<>(List.of(tally));
        for (int i = 0; i < FEW_RUNNERS; i++) {
            Puller runner = runners.computeIfAbsent("bench-few-" + i, name -> site.runner(0, name, "bench-few", 1));
            tallies.add(runner.recorded());
        }
        List<Caller> callers = new ArrayList<>();
        for (int i = 0; i < SOCKETS; i++) {
            Calls calls = Calls.run("bench-few-" + i);
            callers.add(
                    new Caller(site.client(0), calls, 4 * FEW_RUNNERS / SOCKETS, Long.MAX_VALUE, tally, stage.time()));
        }
        return completed("job.run with few slots", callers, tallies);
    }

    /// Each job in three calls.
    private Measured steps() {
        Puller runner = runner(0, 64);
        Tally tally = new Tally();
        List<Steps> callers = new ArrayList<>();
        for (int i = 0; i < SOCKETS; i++) {
            callers.add(new Steps(site.client(0), runnerName(0, 64), 64 / SOCKETS, tally, stage.time()));
        }
        return completed("three calls", callers, List.of(tally, runner.recorded()));
    }

    private Measured http() {
        Puller runner = runner(0, 64);
        Calls calls = Calls.run(runnerName(0, 64));
        Tally tally = new Tally();
        var callers = new HttpCallers(site.gateway(0).port(), 64, site.userSecret(), calls, tally, stage.time());
        return completed("job.run over HTTP", List.of(callers), List.of(tally, runner.recorded()));
    }

    /// The first of `tallies` counts the jobs that must be in the database as completed.
    private Measured completed(String name, List<? extends Stoppable> workers, List<Tally> tallies) {
        long before = newest();
        Measured measured = measured(name, workers, tallies, window);
        same(name, since(before, "completed"), tallies.getFirst());
        return measured;
    }

    /// Queued through the API beforehand; measured from the runner's first pull to the last outcome acknowledged.
    private Measured drain(int jobs) {
        String name = "bench-drain-" + drains++;
        site.register(name);
        Tally queued = new Tally();
        Caller caller = new Caller(site.client(0), Calls.queue(name), QUEUE_AT_ONCE, jobs, queued, stage.time());
        long before = newest();
        await("queueing", jobs, PLATFORM.newThread(caller), queued);
        long begun = stage.time().nanoTime();
        Puller runner = site.runner(0, name, DRAIN_SLOTS);
        BooleanSupplier over =
                () -> runner.recorded().count() >= jobs || runner.recorded().hasFailed();
        boolean all = meter.until(over, DRAIN_WITHIN);
        double seconds = (stage.time().nanoTime() - begun) / 1e9;
        runner.recorded().check("drain");
        if (!all) {
            throw new Invalid("drain: only " + runner.recorded().count() + " of " + jobs + " jobs were done in "
                    + DRAIN_WITHIN.toMinutes() + " minutes");
        }
        site.leave(runner);
        same("drain", since(before, "completed"), runner.recorded());
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("jobs", jobs);
        details.put("seconds", Report.rounded(seconds));
        return new Measured(jobs / seconds, new long[0], details);
    }

    private void await(String name, int jobs, Thread thread, Tally tally) {
        thread.start();
        boolean over = meter.until(() -> tally.count() >= jobs || tally.hasFailed(), DRAIN_WITHIN);
        tally.check(name);
        if (!over) {
            throw new Invalid(name + ": only " + tally.count() + " of " + jobs + " calls were answered");
        }
    }

    private List<Reading> lone() {
        Tally inserts = new Tally();
        Measured insert = naively("lone naive insert", naive.lone(inserts), List.of(inserts));
        same("lone naive insert", naive.count("queued"), inserts);
        Measured ours = loneRun();
        Against against = new Against("one naive insert", insert.p(0.5));
        Against own = new Against("its own median", ours.p(0.5));
        return List.of(
                new Reading("lone", "ms", ours.p(0.5), against, Goal.atMost(4), ours.details()),
                new Reading("lone-p99", "ms", ours.p(0.99), own, Goal.atMost(5), Map.of()));
    }

    private Measured loneRun() {
        Load load = new Load("job.run alone", Calls.run(runnerName(0, 64)), 1, 0, "completed");
        return loop(load, runner(0, 64), window);
    }

    private Reading start() {
        site.gateway(0);
        try (Served one = site.oneMore("start")) {
            return new Reading("start", "s", one.startNs() / 1e9, null, Goal.atMost(1.5), Map.of());
        }
    }

    /// The first load of a server that has just been started, from its first call on, with a database of its own.
    private Measured fresh() {
        Site site = stage.site("fresh");
        Measured first = new Rates(stage, site).runFor(64, 0, stage.plan().measureNs());
        stage.remove(site);
        return first;
    }

    private Measured naively(String name, List<? extends Stoppable> workers, List<Tally> tallies) {
        return measured(name, workers, tallies, planned());
    }

    private Measured measured(String name, List<? extends Stoppable> workers, List<Tally> tallies, Window span) {
        return meter.measure(name, workers, tallies, span.afterNs(), span.measureNs(), PLATFORM);
    }

    private static String runnerName(int gateway, int slots) {
        return "bench-" + gateway + "-" + slots;
    }

    /// Connected once, then idle until it is needed again.
    private Puller runner(int gateway, int slots) {
        return runners.computeIfAbsent(runnerName(gateway, slots), name -> site.runner(gateway, name, slots));
    }

    private long newest() {
        return site.sql().number("select coalesce(max(number), 0) from jobs");
    }

    private long since(long number, String status) {
        return site.sql()
                .number("select count(*) from jobs where number > " + number + " and status = '" + status + "'");
    }

    private static void same(String name, long stored, Tally tally) {
        if (stored != tally.count()) {
            throw new Invalid(name + ": " + tally.count() + " calls were answered, and " + stored
                    + " jobs are in the database as they should be");
        }
    }
}
