package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.time.Duration;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Some seconds of load of each kind on a gateway, and nothing is measured: a JVM that writes down what its run
/// needed ([JEP 515](https://openjdk.org/jeps/515)) learns from it which methods are worth compiling, and how. The
/// kinds are those of [Scenario]. Not for several threads.
final class Exercise {
    private static final int SOCKETS = 4;
    private static final int CONNECTIONS = 16;
    private static final Duration END_WITHIN = Duration.ofSeconds(30);

    private final Site site;
    private final Time time;

    Exercise(Site site, Time time) {
        this.site = site;
        this.time = time;
    }

    /// The workers of one kind, for a runner of that name.
    private interface Kind extends BiFunction<String, Tally, List<? extends Stoppable>> {}

    /// Blocks for about `lasts`. [Invalid] with the first answer that was not what it should be.
    void run(Duration lasts) {
        Duration tenth = lasts.dividedBy(10);
        put("run", 64, tenth.multipliedBy(5), (runner, tally) -> callers(runner, 64, tally));
        put("http", 64, tenth.multipliedBy(2), this::overHttp);
        put("steps", 64, tenth, this::steps);
        put("few", 8, tenth, (runner, tally) -> callers(runner, 32, tally));
        put("lone", 1, tenth, (runner, tally) -> callers(runner, 1, tally));
    }

    private void put(String name, int slots, Duration lasts, Kind kind) {
        String runner = "exercise-" + name;
        Puller puller = site.runner(0, runner, slots);
        Tally tally = new Tally();
        work(kind.apply(runner, tally), tally, lasts);
        puller.recorded().check(runner);
        tally.check(runner);
        site.leave(puller);
    }

    /// Whoever works ends earlier only when something went wrong, which its tally tells.
    private static void work(List<? extends Stoppable> workers, Tally tally, Duration lasts) {
        List<Thread> threads = workers.stream()
                .map(worker -> Thread.ofPlatform().daemon().name("exercise").start(() -> Meter.run(worker, tally)))
                .toList();
        try {
            threads.getFirst().join(lasts);
            workers.forEach(Stoppable::stop);
            for (Thread thread : threads) {
                if (!thread.join(END_WITHIN)) {
                    throw new Invalid("the last answers did not come within " + END_WITHIN.toSeconds() + " s");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Invalid("interrupted", e);
        }
    }

    private List<Caller> callers(String runner, int atWork, Tally tally) {
        int sockets = Math.min(SOCKETS, atWork);
        return Stream.generate(() ->
                        new Caller(site.client(0), Calls.run(runner), atWork / sockets, Long.MAX_VALUE, tally, time))
                .limit(sockets)
                .toList();
    }

    private List<Steps> steps(String runner, Tally tally) {
        return List.of(new Steps(site.client(0), runner, CONNECTIONS, tally, time));
    }

    private List<HttpCaller> overHttp(String runner, Tally tally) {
        int port = site.gateway(0).port();
        Calls calls = Calls.run(runner);
        return IntStream.range(0, CONNECTIONS)
                .mapToObj(_ -> new HttpCaller(port, site.userSecret(), calls, tally, time))
                .toList();
    }
}
