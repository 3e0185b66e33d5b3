package hero.supervisor.engine;

import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Events;
import hero.supervisor.store.JobStore.Position;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads from the event log what any gateway did, and wakes whoever here waits for it: callers for outcomes,
/// runners for queued jobs, holders for stops. Its cost depends on what happens, not on how many wait. One thread.
///
/// What this gateway did itself is read too: it may have been told that a write failed which was committed after
/// all, and then nobody else would tell those who wait here.
final class Tail {
    private static final Logger log = LoggerFactory.getLogger(Tail.class);
    private static final int READ_MAX = 5000;

    private final JobStore store;
    private final Results results;
    private final Runners runners;
    private @Nullable Position cursor;

    Tail(JobStore store, Results results, Runners runners) {
        this.store = store;
        this.results = results;
        this.runners = runners;
    }

    /// Reads up to the present.
    void run() {
        Position from = cursor;
        if (from == null) {
            from = store.head();
            // What happened before the head was never news here; those who waited already must look themselves.
            results.readAll();
            cursor = from;
        }
        while (true) {
            Events events = store.events(from, READ_MAX);
            Set<String> queues = new TreeSet<>();
            events.events().forEach(event -> heard(event, queues));
            queues.forEach(runners.dispatch()::wake);
            cursor = events.next();
            if (events.next().equals(from)) {
                return;
            }
            from = events.next();
        }
    }

    private void heard(Event event, Set<String> queues) {
        switch (event.status()) {
            case "queued" -> queues.add(event.queue());
            case "completed", "failed", "timeout" -> results.ended(event.jobId());
            case "deleted" -> results.deleted(event.jobId());
            case "stopping" -> runners.stops().stop(event.jobId(), event.attempt(), "stopped");
            default -> log.atTrace().addKeyValue("status", event.status()).log("an event of no concern here");
        }
    }
}
