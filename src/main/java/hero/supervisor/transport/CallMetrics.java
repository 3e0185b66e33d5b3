package hero.supervisor.transport;

import hero.supervisor.api.CallMeter;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/// Calls by method and by kind of refusal. Method names come from the table of methods and kinds from the list of
/// errors, so that both are bounded; a series appears with its first call. Names follow OpenTelemetry's
/// conventions for RPC. Safe for any thread.
public final class CallMetrics implements CallMeter {
    private static final String OK = "ok";
    /// What [CallMeter] says besides the kinds of errors.
    private static final String GONE = "gone";

    private static final String IGNORED = "ignored";

    private final MeterRegistry registry;
    private final ConcurrentHashMap<String, Method> methods = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, Counter> refusals = new ConcurrentHashMap<>();

    CallMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    private record Method(LongAdder inFlight, Timer ok, Timer error) {}

    @Override
    public void begin(String method) {
        method(method).inFlight().increment();
    }

    @Override
    public void end(String method) {
        method(method).inFlight().decrement();
    }

    @Override
    public void count(String method, String outcome, long tookNanos) {
        boolean fine = outcome.equals(OK) || outcome.equals(GONE);
        if (!outcome.equals(IGNORED)) {
            Method counted = method(method);
            (fine ? counted.ok() : counted.error()).record(tookNanos, TimeUnit.NANOSECONDS);
        }
        if (!fine) {
            refusal(outcome).increment();
        }
    }

    private Method method(String name) {
        Method known = methods.get(name);
        return known == null ? methods.computeIfAbsent(name, this::create) : known;
    }

    private Method create(String name) {
        LongAdder inFlight = new LongAdder();
        Gauge.builder("hero.rpc.inflight", inFlight::sum)
                .description("Calls at work or waiting, by method.")
                .tag("rpc_method", name)
                .register(registry);
        return new Method(inFlight, timer(name, OK), timer(name, "error"));
    }

    private Timer timer(String method, String outcome) {
        return Metrics.timer(
                registry,
                "hero.rpc.server.call.duration",
                "From a request read to its answer made; waits for jobs included.",
                "rpc_method",
                method,
                "outcome",
                outcome);
    }

    private Counter refusal(String kind) {
        Counter known = refusals.get(kind);
        return known == null ? refusals.computeIfAbsent(kind, this::createRefusal) : known;
    }

    private Counter createRefusal(String kind) {
        return Counter.builder("hero.rpc.refused")
                .description("Calls answered with an error, by its kind.")
                .tag("error_type", kind)
                .register(registry);
    }
}
