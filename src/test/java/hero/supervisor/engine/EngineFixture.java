package hero.supervisor.engine;

import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.ManualTime;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Stop;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.MemoryDatabase;
import hero.supervisor.store.MemoryJobStore;
import hero.supervisor.store.MemoryRunnerStore;
import hero.supervisor.store.RunnerStore;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A whole engine over the in-memory store, on one thread, with a clock that stands still.
final class EngineFixture {
    final ManualTime time;
    final MemoryDatabase shared;
    final MemoryJobStore store;
    final FlakyStore flaky;
    final MemoryRunnerStore runnerStore;
    final Results results;
    final Settings settings;
    final Runners runners;
    final Jobs jobs;
    final AtomicLong leases;
    final AtomicLong ids;

    EngineFixture() {
        this(null, "a");
    }

    /// @param beside a gateway on the same database
    EngineFixture(@Nullable EngineFixture beside, String node) {
        this(beside, node, new ArrayList<>());
    }

    /// @param between is done, one by one, after a session was opened in the store and before the engine hears of
    /// it
    EngineFixture(@Nullable EngineFixture beside, String node, List<Runnable> between) {
        time = beside == null ? new ManualTime() : beside.time;
        shared = beside == null ? new MemoryDatabase(time) : beside.shared;
        leases = beside == null ? new AtomicLong() : beside.leases;
        ids = beside == null ? new AtomicLong() : beside.ids;
        store = new MemoryJobStore(shared, node);
        flaky = new FlakyStore(store);
        runnerStore = new MemoryRunnerStore(shared);
        results = new Results(flaky.store());
        settings = Settings.defaults(node);
        runners = new Runners(new Runners.Parts(
                flaky.store(),
                (RunnerStore) Proxy.newProxyInstance(
                        RunnerStore.class.getClassLoader(), new Class<?>[] {RunnerStore.class}, (_, method, args) -> {
                            Object answer = method.invoke(runnerStore, args);
                            if (method.getName().equals("openSession") && !between.isEmpty()) {
                                between.removeFirst().run();
                            }
                            return answer;
                        }),
                results,
                settings,
                Limits.DEFAULT,
                time,
                () -> "s" + ids.incrementAndGet(),
                leases::incrementAndGet,
                _ -> CompletableFuture.completedFuture(true),
                Runnable::run));
        jobs = new Jobs(flaky.store(), jobId -> Optional.empty(), results, runners, Runnable::run);
    }

    /// A reader of the log that nobody's streams hang on.
    Tail tail(JobStore log) {
        return new Tail(log, results, runners, new Feed(log, time, Runnable::run, new SilentStreams()), time);
    }

    Link connect(String name, int slots) {
        return connect(name, slots, null);
    }

    Link connect(String name, int slots, Connect.@Nullable Resume resume) {
        Link link = new Link();
        Connect hello = new Connect(name, null, slots, List.of("osis"), Map.of(), resume);
        link.connected = runners.connect(hello, link, Origin.NONE);
        return link;
    }

    /// What a runner's socket was told.
    static final class Link implements RunnerLink {
        final List<Stop> stops = new ArrayList<>();
        final List<Integer> closes = new ArrayList<>();
        Runners.@Nullable Joined connected;

        @Override
        public void stop(Stop order) {
            stops.add(order);
        }

        @Override
        public void close(int code, String reason) {
            closes.add(code);
        }

        Session session() {
            if (connected == null) {
                throw new IllegalStateException("not connected");
            }
            return connected.session();
        }
    }
}
