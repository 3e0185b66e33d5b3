package hero.supervisor.transport;

import hero.supervisor.domain.Signals;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/// All figures of this gateway, as Prometheus text. Every series is known when the process starts, or belongs to
/// a set that is bounded: methods, kinds of error, close codes, 100 queue names. What each means:
/// `docs/OPERATIONS.md`. Safe for any thread; reporting costs a few additions and allocates nothing.
public final class Metrics implements Signals, AutoCloseable {
    /// From half a millisecond to ten minutes, in steps that tell a fast system from a slow one.
    private static final Duration[] BUCKETS = millis(
            0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000);

    private static final double[] BATCHES = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final InstantSource clock;
    private final CallMetrics calls = new CallMetrics(registry);
    private final QueueMetrics queues = new QueueMetrics(registry);

    private final Counter accepted = counter("hero.jobs.accepted", "Jobs accepted by this gateway.");
    private final Counter assigned = counter("hero.jobs.assigned", "Hand-overs of jobs to runners by this gateway.");
    private final Counter requeued =
            counter("hero.jobs.requeued", "Jobs queued again: retried, handed back, or lost with their runner.");
    private final Counter completed = finished("completed");
    private final Counter failed = finished("failed");
    private final Counter timedOut = finished("timeout");
    private final Counter deleted = counter("hero.jobs.deleted", "Jobs deleted through this gateway.");
    private final Counter leasesExpired =
            counter("hero.runner.leases.expired", "Runner sessions that this gateway found lost.");
    private final Timer wait = timer("hero.job.wait", "From queued to its first hand-over, by the database's clock.");
    private final Timer run = timer("hero.job.run", "From the hand-over to the committed result, at one gateway.");
    private final Timer stop = timer("hero.job.stop", "From the request to stop a running job to its end.");
    private final Timer lag = timer("hero.wakeup.lag", "From an event at another gateway to its being known here.");
    private final Map<String, Commit> commits = Map.of(
            "create",
            commit("create"),
            "start",
            commit("start"),
            "claim",
            commit("claim"),
            "complete",
            commit("complete"));

    private record Commit(Timer took, DistributionSummary writes) {}

    /// @param clock for the lag behind events of other gateways
    /// @param version of this program
    public Metrics(InstantSource clock, String version) {
        this.clock = clock;
        Gauge.builder("hero.build.info", () -> 1)
                .description("Always 1; its labels say what runs.")
                .tag("version", version)
                .tag("java", Runtime.version().toString())
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        counter(
                "jvm.gc.collections",
                "Garbage collections.",
                () -> collected(GarbageCollectorMXBean::getCollectionCount));
        counter(
                "jvm.gc.time.ms",
                "Time in garbage collections, in milliseconds.",
                () -> collected(GarbageCollectorMXBean::getCollectionTime));
    }

    /// What counts calls.
    public CallMetrics calls() {
        return calls;
    }

    /// What waits in the queues.
    public QueueMetrics queues() {
        return queues;
    }

    /// A figure that goes up and down, read at each scrape: must return at once.
    public void gauge(String name, String help, DoubleSupplier value) {
        Gauge.builder(name, value::getAsDouble).description(help).register(registry);
    }

    /// A count that somebody else keeps, read at each scrape.
    public void counter(String name, String help, LongSupplier value) {
        FunctionCounter.builder(name, value, LongSupplier::getAsLong)
                .description(help)
                .register(registry);
    }

    /// The figures of the listener.
    public void watch(Gateway gateway) {
        gauge("hero.ws.connections", "WebSockets that have not ended.", gateway::socketCount);
        gauge("hero.tcp.connections", "TCP connections of all kinds.", gateway::connectionCount);
        gauge("hero.ws.out.queue.bytes", "Bytes that wait to be written to WebSockets.", gateway::queuedBytes);
        gauge("hero.rpc.waits", "Calls that only wait, for a job or for work.", gateway::waitCount);
        counter("hero.ws.slow.consumers", "WebSocket peers given up because they did not read.", gateway::slowCount);
        tally("hero.ws.connections.rejected", "WebSocket handshakes refused.", "reason", gateway.rejected());
        tally("hero.ws.connections.closed", "WebSockets that ended, by close code.", "code", gateway.closed());
    }

    private void tally(String name, String help, String label, Tally tally) {
        for (String value : tally.values()) {
            FunctionCounter.builder(name, tally, counts -> counts.count(value))
                    .description(help)
                    .tag(label, value)
                    .register(registry);
        }
    }

    /// Everything, as Prometheus text 0.0.4.
    public String text() {
        return registry.scrape();
    }

    @Override
    public void recorded(String status, boolean again, long events) {
        switch (status) {
            case "created" -> accepted.increment((double) events);
            case "queued" -> {
                if (again) {
                    requeued.increment((double) events);
                }
            }
            case "running" -> assigned.increment((double) events);
            case "completed" -> completed.increment((double) events);
            case "failed" -> failed.increment((double) events);
            case "timeout" -> timedOut.increment((double) events);
            case "deleted" -> deleted.increment((double) events);
            default -> {
                // 'stopping' leads to one of the above, and a newer gateway may write words that this one does not
                // know.
            }
        }
    }

    @Override
    public void assigned(long waitedMicros) {
        wait.record(waitedMicros, TimeUnit.MICROSECONDS);
    }

    @Override
    public void answered(long tookNanos) {
        run.record(tookNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void committed(String kind, int writes, long tookNanos) {
        Commit commit = commits.get(kind);
        if (commit != null) {
            commit.took().record(tookNanos, TimeUnit.NANOSECONDS);
            commit.writes().record(writes);
        }
    }

    @Override
    public void heard(Instant at) {
        // Two machines' clocks: what looks like news from the future is news of now.
        lag.record(Math.max(0, Duration.between(at, clock.instant()).toNanos()), TimeUnit.NANOSECONDS);
    }

    @Override
    public void leasesExpired(int sessions) {
        leasesExpired.increment(sessions);
    }

    @Override
    public void stopped(long tookNanos) {
        stop.record(tookNanos, TimeUnit.NANOSECONDS);
    }

    private Counter counter(String name, String help) {
        return Counter.builder(name).description(help).register(registry);
    }

    private Counter finished(String status) {
        return Counter.builder("hero.jobs.finished")
                .description("Jobs whose end this gateway recorded, by status.")
                .tag("status", status)
                .register(registry);
    }

    private Timer timer(String name, String help) {
        return timer(registry, name, help);
    }

    static Timer timer(MeterRegistry registry, String name, String help, String... tags) {
        return Timer.builder(name)
                .description(help)
                .tags(tags)
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    private Commit commit(String kind) {
        return new Commit(
                timer(registry, "hero.commit", "One group commit, by kind of write.", "kind", kind),
                DistributionSummary.builder("hero.commit.writes")
                        .description("Writes in one group commit.")
                        .tag("kind", kind)
                        .serviceLevelObjectives(BATCHES)
                        .register(registry));
    }

    private static Duration[] millis(double... values) {
        Duration[] durations = new Duration[values.length];
        for (int i = 0; i < values.length; i++) {
            durations[i] = Duration.ofNanos((long) (values[i] * 1e6));
        }
        return durations;
    }

    private static long collected(ToLongFunction<GarbageCollectorMXBean> figure) {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .mapToLong(figure)
                .sum();
    }

    @Override
    public void close() {
        registry.close();
    }
}
