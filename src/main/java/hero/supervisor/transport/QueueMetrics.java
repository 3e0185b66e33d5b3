package hero.supervisor.transport;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What waits, by queue. The first [#NAMES_MAX] names seen are told by name for as long as the process lives, all
/// further ones as one queue named `other`: a queue per customer must not fill Prometheus. Told by one thread.
public final class QueueMetrics {
    /// Names of queues that get series of their own.
    public static final int NAMES_MAX = 100;

    private static final String OTHER = "other";

    private final MultiGauge depth;
    private final MultiGauge oldest;
    private final Map<String, Queue> queues = new LinkedHashMap<>();

    QueueMetrics(MeterRegistry registry) {
        this.depth = MultiGauge.builder("hero.queue.depth")
                .description("Jobs that wait and may be handed out now, by queue.")
                .register(registry);
        this.oldest = MultiGauge.builder("hero.queue.oldest.wait")
                .description("How long the job that waits longest has waited, by queue.")
                .baseUnit("seconds")
                .register(registry);
    }

    /// @param oldestS seconds since the one that waits longest was queued
    public record Queue(String name, long jobs, double oldestS) {}

    /// The whole state: a queue that is not named is empty.
    public synchronized void set(List<Queue> present) {
        queues.replaceAll((name, _) -> new Queue(name, 0, 0));
        for (Queue queue : present) {
            boolean named = queues.containsKey(queue.name()) || queues.size() < NAMES_MAX;
            queues.merge(named ? queue.name() : OTHER, queue, QueueMetrics::sum);
        }
        List<MultiGauge.Row<?>> depths = new ArrayList<>();
        List<MultiGauge.Row<?>> waits = new ArrayList<>();
        queues.forEach((name, queue) -> {
            depths.add(MultiGauge.Row.of(Tags.of("queue", name), queue.jobs()));
            waits.add(MultiGauge.Row.of(Tags.of("queue", name), queue.oldestS()));
        });
        depth.register(depths, true);
        oldest.register(waits, true);
    }

    private static Queue sum(Queue a, Queue b) {
        return new Queue(a.name(), a.jobs() + b.jobs(), Math.max(a.oldestS(), b.oldestS()));
    }
}
