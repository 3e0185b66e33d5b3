package hero.supervisor.engine;

import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Events;
import hero.supervisor.store.JobStore.Position;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads what other gateways did from the event log, and wakes whoever here waits for it: callers for outcomes,
/// runners for queued jobs, holders for stops. Its cost depends on what happens, not on how many wait. One thread.
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
        }
        while (true) {
            Events events = store.eventsOfOthers(from, READ_MAX);
            events.events().forEach(this::heard);
            cursor = events.next();
            if (events.next().equals(from)) {
                return;
            }
            from = events.next();
        }
    }

    private void heard(Event event) {
        switch (event.status()) {
            case "queued" -> runners.dispatch().wake(event.queue());
            case "completed", "failed", "timeout" -> results.finishedElsewhere(event.jobId());
            case "deleted" -> results.deleted(event.jobId());
            case "stopping" -> runners.stops().stop(event.jobId(), event.attempt(), "stopped");
            default -> log.atTrace().addKeyValue("status", event.status()).log("an event of no concern here");
        }
    }
}
