package hero.supervisor.process;

import hero.supervisor.app.PostgresProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Breaks one thing after another, drawn from a seed: which, and for how long. At most one fault at a time per
/// process, any number at once over all. [#calm()] ends it and puts everything back.
final class Chaos {
    enum Fault {
        GATEWAY_KILLED("gateway killed (kill -9)", 4),
        GATEWAY_STOPPED("gateway frozen (SIGSTOP)", 3),
        GATEWAY_ROLLED("gateway ended and started anew (SIGTERM)", 4),
        RUNNER_KILLED("runner killed (kill -9)", 4),
        RUNNER_STOPPED("runner frozen (SIGSTOP)", 4),
        RUNNER_DRAINED("bundled runner drained (SIGTERM)", 2),
        SOCKETS_HALF_OPEN("sockets of a gateway half-open", 4),
        BACKEND_KILLED("PostgreSQL backend killed (kill -9)", 2),
        POSTGRES_KILLED("PostgreSQL killed (kill -9)", 1),
        POSTGRES_HUNG("PostgreSQL frozen (SIGSTOP)", 1);

        final String words;
        final int weight;

        Fault(String words, int weight) {
            this.words = words;
            this.weight = weight;
        }
    }

    /// @param everyMs about one fault in this time
    /// @param longestMs that a process or a link stays frozen
    /// @param faultsMax after which the storm is over: on a slow machine all would do nothing but start anew
    record Pace(int everyMs, int longestMs, int faultsMax) {}

    private final Cluster cluster;
    private final PostgresProcess postgres;
    private final Workers workers;
    private final Pace pace;
    private final SplittableRandom random;
    private final CountDownLatch calm = new CountDownLatch(1);
    private final Set<Object> broken = ConcurrentHashMap.newKeySet();
    private final List<Thread> faults = new ArrayList<>();
    private final Map<Fault, Integer> counts = new EnumMap<>(Fault.class);
    private final List<Throwable> failures = new CopyOnWriteArrayList<>();
    private final Thread loop;

    Chaos(Cluster cluster, PostgresProcess postgres, Workers workers, Pace pace, long seed) {
        this.cluster = cluster;
        this.postgres = postgres;
        this.workers = workers;
        this.pace = pace;
        this.random = new SplittableRandom(seed);
        this.loop = Thread.ofVirtual().start(this::run);
    }

    private void run() {
        while (faults.size() < pace.faultsMax && !rest(pace.everyMs / 2 + random.nextInt(pace.everyMs))) {
            Fault fault = draw();
            int place = random.nextInt(Integer.MAX_VALUE);
            long ms = 200 + random.nextLong(random.nextInt(4) == 0 ? pace.longestMs : pace.longestMs / 5 + 1);
            Object target = target(fault, place);
            if (broken.add(target)) {
                counts.merge(fault, 1, Integer::sum);
                faults.add(Thread.startVirtualThread(() -> {
                    try {
                        play(fault, place, ms);
                    } catch (RuntimeException | Error e) {
                        failures.add(e);
                    } finally {
                        broken.remove(target);
                    }
                }));
            }
        }
    }

    private Fault draw() {
        int all = 0;
        for (Fault fault : Fault.values()) {
            all += fault.weight;
        }
        int at = random.nextInt(all);
        for (Fault fault : Fault.values()) {
            at -= fault.weight;
            if (at < 0) {
                return fault;
            }
        }
        throw new AssertionError("weights");
    }

    private Object target(Fault fault, int place) {
        return switch (fault) {
            case GATEWAY_KILLED, GATEWAY_STOPPED, GATEWAY_ROLLED -> "gateway " + place % cluster.size();
            case SOCKETS_HALF_OPEN -> "proxy " + place % cluster.size();
            case RUNNER_KILLED, RUNNER_STOPPED -> "runner " + place % workers.size();
            case RUNNER_DRAINED -> "runner " + workers.bundled(place);
            case BACKEND_KILLED, POSTGRES_KILLED, POSTGRES_HUNG -> "postgres";
        };
    }

    private void play(Fault fault, int place, long ms) {
        int node = place % cluster.size();
        int worker = place % workers.size();
        switch (fault) {
            case GATEWAY_KILLED -> {
                cluster.server(node).signal("KILL").ended();
                rest(ms / 2);
                restart(node);
            }
            case GATEWAY_STOPPED -> {
                cluster.server(node).signal("STOP");
                rest(ms);
                cluster.server(node).signal("CONT");
            }
            case GATEWAY_ROLLED -> {
                cluster.server(node).signal("TERM").ended();
                restart(node);
            }
            case RUNNER_KILLED -> {
                workers.runner(worker).signal("KILL").ended();
                rest(ms / 2);
                workers.start(worker);
            }
            case RUNNER_STOPPED -> {
                workers.runner(worker).signal("STOP");
                rest(ms);
                workers.runner(worker).signal("CONT");
            }
            case RUNNER_DRAINED -> {
                int bundled = workers.bundled(place);
                workers.runner(bundled).signal("TERM").ended();
                workers.start(bundled);
            }
            case SOCKETS_HALF_OPEN -> {
                cluster.proxy(node).swallow(true);
                rest(ms);
                cluster.proxy(node).swallow(false);
            }
            case BACKEND_KILLED -> postgres.killBackend();
            case POSTGRES_KILLED -> {
                postgres.kill();
                rest(ms);
                postgres.start();
            }
            case POSTGRES_HUNG -> {
                postgres.hang();
                rest(ms / 2);
                postgres.goOn();
            }
        }
    }

    /// Starts a gateway until it listens: one that finds no database gives up after its time.
    private void restart(int node) {
        do {
            cluster.start(node);
        } while (!listens(node));
    }

    private boolean listens(int node) {
        Processes.Command server = cluster.server(node);
        while (server.process().isAlive()) {
            if (server.out().contains("listening at") || server.err().contains("listening at")) {
                return true;
            }
            try {
                if (server.process().waitFor(100, TimeUnit.MILLISECONDS)) {
                    return false;
                }
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        return false;
    }

    /// True when it is calm.
    private boolean rest(long ms) {
        try {
            return calm.await(ms, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// No further faults; returns when everything runs again.
    Map<Fault, Integer> calm() throws InterruptedException {
        calm.countDown();
        loop.join();
        for (Thread fault : faults) {
            if (!fault.join(Duration.ofMinutes(2))) {
                throw new AssertionError("a fault does not end");
            }
        }
        if (!failures.isEmpty()) {
            throw new AssertionError("the faults themselves failed", failures.getFirst());
        }
        return counts;
    }
}
