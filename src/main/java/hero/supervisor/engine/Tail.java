package hero.supervisor.engine;

import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Events;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.Notice;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The gateway's one reader of the event log. Wakes whoever here waits for what happened: callers for outcomes,
/// runners for queued jobs, holders for stops; and hands everything to the [Feed] while there are streams. Its
/// cost depends on what happens, not on how many wait. One thread, but for [#told].
///
/// What this gateway did itself is read only while there are streams, and for a while after a write
/// has failed: it may have been committed after all, and then nobody else would tell those who wait here.
final class Tail {
    private static final Logger log = LoggerFactory.getLogger(Tail.class);
    private static final int READ_MAX = 5000;
    /// Smaller pages give the sockets time to take what a page brings them.
    private static final int READ_MAX_WATCHED = 500;
    /// A statement that was cut off from us may go on for so long.
    private static final long DOUBT_NANOS = 60_000_000_000L;

    private static final long PAUSE_FIRST_NANOS = 3_000_000;
    private static final long PAUSE_LAST_NANOS = 50_000_000;

    private final JobStore store;
    private final Results results;
    private final Runners runners;
    private final Feed feed;
    private final Time time;
    private boolean begun;
    /// The last run did not come to its end.
    private boolean broken;
    private @Nullable Position own;
    private long ownUntilNanos;
    /// What the next run reads was heard before it.
    private volatile boolean told;

    Tail(JobStore store, Results results, Runners runners, Feed feed, Time time) {
        this.time = time;
        this.store = store;
        this.results = results;
        this.runners = runners;
        this.feed = feed;
    }

    /// Reads up to the present. A transaction that still runs may hold back what was committed after it began;
    /// most last some milliseconds, so it looks again a few times before it leaves that to the next call.
    void run() {
        if (broken) {
            recover();
        }
        broken = true;
        results.readUnread();
        readOwn();
        boolean late = told;
        told = false;
        for (long pause = PAUSE_FIRST_NANOS; readOn(late) && pause <= PAUSE_LAST_NANOS; pause *= 2) {
            LockSupport.parkNanos(pause);
        }
        broken = false;
    }

    /// The database was away, perhaps killed: then transactions got numbers a second time, and what was committed
    /// under them may lie before the place up to which we have read. Later ones lie behind its head.
    private void recover() {
        feed.backTo(store.head());
        results.readAll();
    }

    private void readOwn() {
        Position doubt = store.takeDoubt();
        if (doubt != null) {
            own = own == null || doubt.compareTo(own) < 0 ? doubt : own;
            ownUntilNanos = time.nanoTime() + DOUBT_NANOS;
        }
        while (own != null) {
            Events page = store.events(own, READ_MAX);
            heard(page.events().stream().filter(Event::own).toList());
            if (page.next().equals(own)) {
                if (time.nanoTime() - ownUntilNanos > 0) {
                    own = null;
                }
                return;
            }
            own = page.next();
        }
    }

    /// True when there is more that cannot be read yet.
    private boolean readOn(boolean late) {
        while (true) {
            Position from = feed.told();
            if (!begun) {
                // What happened before the head was never news here; those who waited already must look themselves.
                begun = true;
                results.readAll();
            }
            boolean all = feed.watched();
            Events page = all ? store.eventsWithFacts(from, READ_MAX_WATCHED) : store.news(from, READ_MAX);
            if (!late) {
                tell(page.events());
            }
            heard(page.events());
            boolean taken = feed.take(page, all);
            if (taken && page.next().equals(from)) {
                return page.held();
            }
        }
    }

    /// Somebody else has told all of what lies in the log now: there is no hurry to read it.
    void told(Notice notice) {
        told = true;
        Instant since = notice.since();
        if (since != null && !(notice.queues().isEmpty() && notice.ended().isEmpty())) {
            runners.signals().heard(since);
        }
    }

    /// The oldest of what others did: its lag is the worst of this page.
    private void tell(List<Event> events) {
        events.stream()
                .filter(event -> !event.own())
                .findFirst()
                .ifPresent(event -> runners.signals().heard(event.at()));
    }

    private void heard(List<Event> events) {
        Set<String> queues = new TreeSet<>();
        Set<String> stopping = new TreeSet<>();
        for (Event event : events) {
            switch (event.status()) {
                case "queued" -> queues.add(event.queue());
                case "completed", "failed", "timeout", "deleted" -> results.ended(event.jobId());
                case "stopping" -> stopping.add(event.jobId());
                default -> log.atTrace().addKeyValue("status", event.status()).log("an event of no concern here");
            }
        }
        runners.stops().heard(stopping);
        queues.forEach(runners.dispatch()::wake);
    }
}
