package hero.supervisor.app;

import hero.supervisor.domain.Time;
import hero.supervisor.engine.Loop;
import hero.supervisor.store.Backlog;
import hero.supervisor.store.Database;
import hero.supervisor.store.OwnEvents;
import hero.supervisor.store.Rarely;
import hero.supervisor.transport.Metrics;
import hero.supervisor.transport.QueueMetrics;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;

/// Reads what happened and what waits in the queues for [Metrics], the latter never more often than its cost
/// allows: a read that took half a second is followed by a pause of fifty, at most sixty. A scrape itself never
/// touches the database.
final class Gauges implements AutoCloseable {
    private static final Duration EVERY = Duration.ofSeconds(2);
    private static final int PAUSES = 100;
    /// Below what the alert for a database that is away waits for.
    private static final Duration PAUSE_MAX = Duration.ofSeconds(60);

    private final Backlog backlog;
    private final OwnEvents events;
    private final Metrics metrics;
    private final Time time;
    private final Loop loop;
    private final Rarely rarely;
    private volatile long readNanos;

    Gauges(Database database, OwnEvents events, Metrics metrics, Time time) {
        this.events = events;
        this.backlog = new Backlog(database);
        this.metrics = metrics;
        this.time = time;
        this.rarely = new Rarely(time, PAUSES, PAUSE_MAX);
        this.readNanos = time.nanoTime();
        this.loop = new Loop("gauges", EVERY, this::read);
        metrics.gauge(
                "hero.queue.read.age.seconds",
                "Since the figures of the queues were read; grows while the database is away.",
                () -> (time.nanoTime() - readNanos) / 1e9);
        metrics.gauge(
                "hero.db.pool.active",
                "Database connections at work.",
                () -> database.pool().active());
        metrics.gauge(
                "hero.db.pool.idle",
                "Database connections at rest.",
                () -> database.pool().idle());
        metrics.gauge(
                "hero.db.pool.max",
                "Database connections that there may be.",
                () -> database.pool().max());
        metrics.gauge(
                "hero.db.pool.waiting",
                "Threads that wait for a database connection.",
                () -> database.pool().waiting());
    }

    void start(ThreadFactory threads) {
        loop.start(threads);
        loop.wake();
    }

    private void read() {
        events.next().forEach(count -> metrics.recorded(count.status(), count.again(), count.events()));
        if (!rarely.isDue()) {
            return;
        }
        metrics.queues()
                .set(rarely.run(backlog::read).stream()
                        .map(queue -> new QueueMetrics.Queue(queue.queue(), queue.jobs(), queue.oldestS()))
                        .toList());
        readNanos = time.nanoTime();
    }

    @Override
    public void close() {
        loop.close();
    }
}
