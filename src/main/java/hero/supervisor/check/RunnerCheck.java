package hero.supervisor.check;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import hero.supervisor.transport.PlayedGateway;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Plays the server's side of the runner protocol against one runner, case by case. Listens on 127.0.0.1 from
/// [#open] to [#close]; no database. [#run] is for one thread. Source: `docs/PROTOCOL.md`, part 2.
public final class RunnerCheck implements AutoCloseable {
    private static final int OUTPUT_LINES_MAX = 20;

    private final CheckSettings settings;
    private final List<Case> cases;
    private final Time time;
    private final Consumer<String> notes;
    private final String secret;
    private final Path folder;
    private final ScheduledExecutorService timer;
    private final Said.Reader reader = new Said.Reader(Limits.DEFAULT);
    private final ArrayDeque<String> output = new ArrayDeque<>();
    private final PlayedGateway gateway;
    private volatile Stage stage;
    private @Nullable Started runner;
    private boolean met;

    /// No runner has connected, so there is nothing to judge.
    public static final class NeverConnected extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NeverConnected(String message) {
            super(message);
        }
    }

    private RunnerCheck(
            CheckSettings settings, List<Case> cases, Time time, RandomGenerator random, Consumer<String> notes) {
        this.settings = settings;
        this.cases = cases;
        this.time = time;
        this.notes = notes;
        this.secret = "hsv_reg_check" + String.format(Locale.ROOT, "%016x%016x", random.nextLong(), random.nextLong());
        this.timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("check-timer").factory());
        try {
            this.folder = Files.createTempDirectory("runner-check-");
        } catch (IOException e) {
            timer.shutdownNow();
            throw new UncheckedIOException("no temporary folder can be made for the check", e);
        }
        this.stage = new Stage(place(), "first");
        try {
            this.gateway = PlayedGateway.start(
                    settings.port(), Limits.DEFAULT, time, (socket, bearer) -> stage.enter(socket, bearer));
        } catch (RuntimeException e) {
            timer.shutdownNow();
            remove(folder);
            throw e;
        }
    }

    /// Listens. `IllegalArgumentException` when `settings` name a case or a task that there is not,
    /// `IllegalStateException` when the port cannot be had; both with a sentence for people.
    ///
    /// @param notes lines for people: what the runner's process printed when something went wrong
    public static RunnerCheck open(CheckSettings settings, Time time, RandomGenerator random, Consumer<String> notes) {
        for (String task : settings.payloads().keySet()) {
            if (Stream.of(Language.Task.values())
                    .noneMatch(known -> known.name().equalsIgnoreCase(task))) {
                throw new IllegalArgumentException(
                        "--payload names the task '" + task + "'; there are say, fail, work and stubborn");
            }
        }
        return new RunnerCheck(settings, chosen(settings.only()), time, random, notes);
    }

    private static List<Case> chosen(List<String> only) {
        List<Case> all = Cases.all();
        List<String> ids = all.stream().map(Case::id).toList();
        for (String id : only) {
            if (!ids.contains(id)) {
                throw new IllegalArgumentException(
                        "there is no case '" + id + "'; there are " + String.join(", ", ids));
            }
        }
        return all.stream()
                .filter(one -> only.isEmpty() || only.contains(one.id()))
                .toList();
    }

    /// Every case: its id, and what is played.
    public static Map<String, String> list() {
        Map<String, String> list = new LinkedHashMap<>();
        Cases.all().forEach(one -> list.put(one.id(), one.title()));
        return list;
    }

    /// What a runner needs to find the check, as the environment of its process.
    public Map<String, String> environment() {
        Map<String, String> env = new LinkedHashMap<>();
        env.put("SUPERVISOR_URL", "http://127.0.0.1:" + gateway.port());
        env.put("SUPERVISOR_WS_URL", "ws://127.0.0.1:" + gateway.port() + "/rpc");
        env.put("SUPERVISOR_SECRET", secret);
        env.put("SUPERVISOR_REGISTER_SECRET", secret);
        return env;
    }

    /// Plays the cases and tells each verdict when it has come. [NeverConnected] when the first case has met no
    /// runner.
    public List<Verdict> run(Consumer<Verdict> each) throws InterruptedException {
        List<Verdict> verdicts = new ArrayList<>();
        for (Case one : cases) {
            Verdict verdict = verdict(one);
            verdicts.add(verdict);
            each.accept(verdict);
        }
        return verdicts;
    }

    private Verdict verdict(Case one) throws InterruptedException {
        long beganNs = time.nanoTime();
        Verdict.Outcome outcome;
        String seen;
        try {
            Stage now = begin(one);
            seen = one.script().play(now, new Jobs(now, folder));
            met = true;
            outcome = Verdict.Outcome.PASSED;
        } catch (Fault fault) {
            outcome =
                    fault.kind() == Fault.Kind.NOT_APPLICABLE ? Verdict.Outcome.NOT_APPLICABLE : Verdict.Outcome.FAILED;
            seen = judged(fault);
        }
        List<String> wrong = stage.wrong();
        if (!wrong.isEmpty()) {
            seen = wrong.getFirst() + (outcome == Verdict.Outcome.FAILED ? "; then " + seen : "");
            outcome = Verdict.Outcome.FAILED;
        }
        if (outcome == Verdict.Outcome.FAILED) {
            told();
        }
        leave(one, outcome);
        return new Verdict(one.id(), one.title(), one.rule(), outcome, seen, (time.nanoTime() - beganNs) / 1_000_000);
    }

    private String judged(Fault fault) {
        if (fault.kind() != Fault.Kind.NOT_CONNECTED) {
            met = true;
            return fault.seen();
        } else if (met) {
            return fault.seen() + (settings.command().isEmpty() ? "; if it has ended, start it again" : "");
        }
        told();
        throw new NeverConnected(fault.seen() + "; it must connect to "
                + environment().get("SUPERVISOR_WS_URL") + " with the secret of the check, and call runner.connect");
    }

    /// A fresh session; a fresh process where the last one has gone.
    private Stage begin(Case one) {
        if (!settings.command().isEmpty() && (runner == null || !runner.isAlive())) {
            runner = Started.start(settings.command(), environment(), this::printed);
        }
        Stage before = stage;
        Stage now = new Stage(place(), one.id());
        stage = now;
        before.close();
        return now;
    }

    private Place place() {
        return new Place(settings, secret, folder, runner, reader, Limits.DEFAULT, time, timer);
    }

    /// A runner that failed may be in any state, and one that was told to end is on its way.
    private void leave(Case one, Verdict.Outcome outcome) {
        boolean ends = one.ends() && outcome != Verdict.Outcome.NOT_APPLICABLE;
        if (runner != null && (ends || outcome == Verdict.Outcome.FAILED)) {
            runner.end();
            runner = null;
        } else if (settings.command().isEmpty() && ends && !one.equals(cases.getLast())) {
            notes.accept("the case " + one.id() + " has ended the runner: start it again if it does not do so itself");
        }
    }

    private void printed(String line) {
        synchronized (output) {
            if (output.size() >= OUTPUT_LINES_MAX) {
                output.removeFirst();
            }
            output.addLast(line);
        }
    }

    private void told() {
        synchronized (output) {
            output.forEach(line -> notes.accept("runner: " + line));
            output.clear();
        }
    }

    /// Ends the runner's process, if it was started here, and every connection.
    @Override
    public void close() {
        if (runner != null) {
            runner.end();
        }
        stage.close();
        gateway.close();
        timer.shutdownNow();
        remove(folder);
    }

    private static void remove(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the folder of the check could not be removed", e);
        }
    }
}
