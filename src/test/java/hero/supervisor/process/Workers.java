package hero.supervisor.process;

import hero.supervisor.process.Processes.Command;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The campaign's runner processes: first the cheap ones on one queue, then the bundled ones on another. Safe for
/// any thread.
final class Workers {
    private final Cluster cluster;
    private final int cheap;
    private final int bundled;
    private final int slots;
    private final Map<Integer, Command> now = new ConcurrentHashMap<>();
    private final List<Command> all = new CopyOnWriteArrayList<>();

    Workers(Cluster cluster, int cheap, int bundled, int slots) {
        this.cluster = cluster;
        this.cheap = cheap;
        this.bundled = bundled;
        this.slots = slots;
        for (int n = 0; n < size(); n++) {
            start(n);
        }
        for (int n = 0; n < size(); n++) {
            runner(n).awaitLine("runner \\S+ connected");
        }
    }

    int size() {
        return cheap + bundled;
    }

    /// The place of one of the bundled ones.
    int bundled(int any) {
        return cheap + any % bundled;
    }

    Command runner(int n) {
        Command runner = now.get(n);
        if (runner == null) {
            throw new IllegalStateException("never started: " + n);
        }
        return runner;
    }

    /// Starts one at its place; does not wait. Every other one reaches the gateways through the proxies.
    void start(int n) {
        Stream<String> urls =
                cluster.urls(cluster.runnersNode(n), n % 2 == 1).stream().map(URI::toString);
        Map<String, String> environment = Map.of("SUPERVISOR_SECRET", cluster.secret("register"));
        Command runner;
        if (n < cheap) {
            List<String> words = Stream.concat(Stream.of(name(n), Errand.BULK, "" + slots), urls)
                    .toList();
            runner = cluster.processes.startMain(CheapRunner.class, environment, words.toArray(String[]::new));
        } else {
            List<String> words =
                    new ArrayList<>(List.of("runner", "--name", name(n), "--queue", Errand.SHELL, "--slots", "4"));
            urls.forEach(url -> words.addAll(List.of("--url", url)));
            runner = cluster.processes.start(environment, words.toArray(String[]::new));
        }
        now.put(n, runner);
        all.add(runner);
    }

    private String name(int n) {
        // Jobs name the first of each kind; the others serve the same queue.
        return n == cheap ? Errand.SHELL : n == 0 ? Errand.BULK : "worker-" + n;
    }

    /// How often a runner has got a connection.
    long connects(int n) {
        return runner(n).lines().stream()
                .filter(line -> line.contains("connected"))
                .count();
    }

    /// Outcomes of one kind that the cheap ones were told.
    long told(String outcome) {
        return all.stream()
                .flatMap(runner -> runner.lines().stream())
                .filter(line -> line.startsWith("outcome " + outcome))
                .count();
    }

    /// Ends all of them, the bundled ones in an orderly way.
    void end() throws InterruptedException {
        for (Command runner : now.values()) {
            runner.signal("TERM");
        }
        for (Command runner : now.values()) {
            if (!runner.process().waitFor(60, TimeUnit.SECONDS)) {
                throw new AssertionError("does not end: " + runner);
            }
        }
    }
}
