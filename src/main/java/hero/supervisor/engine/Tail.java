package hero.supervisor.engine;

import hero.supervisor.domain.Signals;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Events;
import hero.supervisor.store.JobStore.Position;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The gateway's one reader of the event log. Wakes whoever here waits for what happened: callers for outcomes,
/// runners for queued jobs, holders for stops; and hands everything to the [Feed] while there are streams. Its
/// cost depends on what happens, not on how many wait. One thread.
///
/// What this gateway did itself is read too: it may have been told that a write failed which was committed after
/// all, and then nobody else would tell those who wait here.
final class Tail {
    private static final Logger log = LoggerFactory.getLogger(Tail.class);
    private static final int READ_MAX = 5000;
    /// Smaller pages give the sockets time to take what a page brings them.
    private static final int READ_MAX_WATCHED = 500;
    private static final long PAUSE_FIRST_NANOS = 3_000_000;
    private static final long PAUSE_LAST_NANOS = 50_000_000;

    private final JobStore store;
    private final Results results;
    private final Runners runners;
    private final Feed feed;
    private boolean begun;

    Tail(JobStore store, Results results, Runners runners, Feed feed) {
        this.store = store;
        this.results = results;
        this.runners = runners;
        this.feed = feed;
    }

    /// Reads up to the present. A transaction that still runs may hold back what was committed after it began;
    /// most last some milliseconds, so it looks again a few times before it leaves that to the next call.
    void run() {
        for (long pause = PAUSE_FIRST_NANOS; readOn() && pause <= PAUSE_LAST_NANOS; pause *= 2) {
            LockSupport.parkNanos(pause);
        }
    }

    /// True when there is more that cannot be read yet.
    private boolean readOn() {
        while (true) {
            Position from = feed.told();
            if (!begun) {
                // What happened before the head was never news here; those who waited already must look themselves.
                begun = true;
                results.readAll();
            }
            boolean all = feed.watched();
            Events page = all ? store.eventsWithFacts(from, READ_MAX_WATCHED) : store.events(from, READ_MAX);
            Set<String> queues = new TreeSet<>();
            tell(page.events());
            page.events().forEach(event -> heard(event, queues));
            queues.forEach(runners.dispatch()::wake);
            boolean taken = feed.take(page, all);
            if (taken && page.next().equals(from)) {
                return page.held();
            }
        }
    }

    /// Each own event, and of the others' the oldest: its lag is the worst of this page.
    private void tell(List<Event> events) {
        Signals signals = runners.signals();
        boolean others = false;
        for (Event event : events) {
            if (event.own()) {
                signals.recorded(event.status(), event.attempt());
            } else if (!others) {
                others = true;
                signals.heard(event.at());
            }
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
