package hero.supervisor.engine;

import hero.supervisor.domain.JobEvent;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Time;
import hero.supervisor.engine.StreamWriter.Gap;
import hero.supervisor.engine.Subscription.Notice;
import hero.supervisor.engine.Subscription.Outlet;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Events;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.JobStore.Standing;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Streams: subscriptions on the event log. [Tail] reads the log once for all of them and hands each page in here;
/// a subscription that begins further back first reads its own way up to there. Where it meets the tail decides
/// one lock, so that nothing is missed or told twice. Safe for any thread.
public final class Feed {
    private static final Logger log = LoggerFactory.getLogger(Feed.class);
    private static final int PAGE = 500;
    private static final long REST_NANOS = 10_000_000;

    private final JobStore store;
    private final Time time;
    private final Executor executor;
    private final StreamWriter writer;
    private final AtomicLong ids = new AtomicLong();

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Set<Subscription>> ofJobs = new HashMap<>();
    private final Set<Subscription> ofAll = new LinkedHashSet<>();
    private final Set<Subscription> behind = new LinkedHashSet<>();
    /// How far the tail has been told to the live subscriptions; null before its first page.
    private @Nullable Position told;

    private volatile boolean watched;

    /// @param executor threads for subscriptions that read old events
    public Feed(JobStore store, Time time, Executor executor, StreamWriter writer) {
        this.store = store;
        this.time = time;
        this.executor = executor;
        this.writer = writer;
    }

    /// A stream that is made but not begun: [#open()] begins it, after its answer has gone out.
    public final class Opening {
        private final Subscription subscription;
        private final Position from;
        private final @Nullable Position gapTo;
        private final @Nullable Gap gap;
        private final @Nullable Notice first;

        private Opening(
                Subscription subscription,
                Position from,
                @Nullable Position gapTo,
                @Nullable Gap gap,
                @Nullable Notice first) {
            this.subscription = subscription;
            this.from = from;
            this.gapTo = gapTo;
            this.gap = gap;
            this.first = first;
        }

        public Subscription subscription() {
            return subscription;
        }

        /// Only what lies behind it is told.
        public String seq() {
            return from.text();
        }

        /// Where the stream begins instead, because what lies between cannot be told; null when all can be.
        public @Nullable String gapTo() {
            return gapTo == null ? null : gapTo.text();
        }

        /// Why, in one word; empty when all can be told.
        public String gapReason() {
            return gap == null ? "" : gap.word();
        }

        /// Begins; at most once. Does not block for long.
        public void open() {
            if (gap != null && gapTo != null) {
                subscription.gap(from, gapTo, gap);
            }
            if (first != null) {
                subscription.tell(first, time.nanoTime());
            }
            if (!join(subscription)) {
                executor.execute(() -> catchUp(subscription));
            }
        }
    }

    /// One job from where it stands to its end. Refused with `job_not_found`.
    public Opening job(String jobId, Outlet outlet) {
        Standing standing = store.standing(jobId).orElseThrow(() -> Refusal.jobNotFound(jobId));
        Position head = standing.snapshot().head();
        Subscription subscription = new Subscription(name(), jobId, JobFilter.ALL, head, outlet, writer);
        subscription.hasSeen(standing.snapshot());
        String word = standing.status().word();
        Event event = new Event(
                head, standing.at(), jobId, word, standing.attempt(), standing.runner(), standing.queue(), false, null);
        JobEvent first = new JobEvent(
                head.text(),
                jobId,
                word,
                standing.at(),
                standing.attempt(),
                standing.runner(),
                standing.queue(),
                standing.stopping());
        return new Opening(subscription, head, null, null, new Notice(event, first, writer));
    }

    /// Stands before `outlet` for a stream of [#job] that also tells what the job prints.
    public LoggedStream withLogs(Logs logs, String jobId, Logs.@Nullable From from, Outlet outlet) {
        return new LoggedStream(logs, jobId, from, outlet, writer);
    }

    /// Every job that passes the filter (its times do not count), from now on or behind `since`. Refused with
    /// `invalid_params` when that is no position.
    public Opening jobs(JobFilter filter, @Nullable String since, Outlet outlet) {
        Position head = store.head();
        Position from = since == null ? head : position(since);
        Position floor = since == null ? from : store.floor();
        Position begin = from;
        Gap gap = null;
        if (from.compareTo(head) > 0) {
            begin = head;
            gap = Gap.UNKNOWN_POSITION;
        } else if (from.compareTo(floor) < 0) {
            begin = floor;
            gap = Gap.HISTORY_GONE;
        }
        Subscription subscription = new Subscription(name(), null, filter, begin, outlet, writer);
        return new Opening(subscription, from, gap == null ? null : begin, gap, null);
    }

    private static Position position(String since) {
        try {
            return Position.of(since);
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw Refusal.invalid("/since", "since must be a seq that this API has given, such as \"7431:12\"");
        }
    }

    private String name() {
        return "sub_" + ids.incrementAndGet();
    }

    /// Ends a stream; nothing is told any more. Can be repeated.
    public void cancel(Subscription subscription) {
        lock.lock();
        try {
            leave(subscription);
        } finally {
            lock.unlock();
        }
    }

    /// How many streams are live.
    public int open() {
        lock.lock();
        try {
            return ofAll.size() + ofJobs.values().stream().mapToInt(Set::size).sum();
        } finally {
            lock.unlock();
        }
    }

    // ---- for the tail ----

    /// True when somebody wants every event, also this gateway's own.
    boolean watched() {
        return watched;
    }

    /// Hands in the next page. False when it holds only others' events and somebody has come meanwhile who wants
    /// all: then it must be read again.
    boolean take(Events page, boolean all) {
        lock.lock();
        try {
            if (!all && watched) {
                return false;
            }
            told = page.next();
            if (all) {
                page.events().forEach(this::tell);
                flush();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// What is read next lies behind this position, if that is before the present one. Streams are told nothing
    /// twice: each knows its own place.
    void backTo(Position head) {
        lock.lock();
        try {
            if (told != null && head.compareTo(told) < 0) {
                told = head;
            }
        } finally {
            lock.unlock();
        }
    }

    private void tell(Event event) {
        Notice notice = new Notice(event, writer);
        long now = time.nanoTime();
        Set<Subscription> readers = ofJobs.getOrDefault(event.jobId(), Set.of());
        for (Subscription subscription : readers.isEmpty() ? List.<Subscription>of() : List.copyOf(readers)) {
            tell(subscription, notice, now);
        }
        for (Subscription subscription : ofAll) {
            tell(subscription, notice, now);
        }
    }

    private void tell(Subscription subscription, Notice notice, long now) {
        if (subscription.wants(notice.event)) {
            subscription.tell(notice, now);
            if (subscription.behind()) {
                behind.add(subscription);
            } else if (subscription.ended()) {
                leave(subscription);
            }
        }
    }

    private void flush() {
        long now = time.nanoTime();
        for (Subscription subscription : List.copyOf(behind)) {
            subscription.flush(now);
            if (subscription.ended()) {
                leave(subscription);
            } else if (!subscription.behind()) {
                behind.remove(subscription);
            }
        }
    }

    private void leave(Subscription subscription) {
        subscription.end();
        behind.remove(subscription);
        ofAll.remove(subscription);
        String jobId = subscription.jobId();
        if (jobId != null) {
            ofJobs.computeIfPresent(jobId, (_, readers) -> {
                readers.remove(subscription);
                return readers.isEmpty() ? null : readers;
            });
        }
        watched = !ofAll.isEmpty() || !ofJobs.isEmpty();
    }

    // ---- from an older position to the tail ----

    /// Makes a subscription live when it has been told all that the live ones have. False when not.
    private boolean join(Subscription subscription) {
        lock.lock();
        try {
            if (subscription.ended()) {
                leave(subscription);
                return true;
            }
            if (told == null || subscription.cursor().compareTo(told) < 0) {
                return false;
            }
            String jobId = subscription.jobId();
            if (jobId == null) {
                ofAll.add(subscription);
            } else {
                ofJobs.computeIfAbsent(jobId, _ -> new LinkedHashSet<>(1)).add(subscription);
            }
            if (subscription.behind()) {
                behind.add(subscription);
            }
            watched = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Where the tail reads on; `head` when it has not begun.
    Position told() {
        lock.lock();
        try {
            if (told == null) {
                told = store.head();
            }
            return told;
        } finally {
            lock.unlock();
        }
    }

    private void catchUp(Subscription subscription) {
        try {
            Position reached = subscription.cursor();
            do {
                Position target = told();
                Events page = store.eventsWithFacts(reached, PAGE);
                for (Event event : page.events()) {
                    if (subscription.wants(event) && !tellPatiently(subscription, new Notice(event, writer))) {
                        return;
                    }
                }
                reached = page.next();
                if (page.events().size() < PAGE && target.compareTo(reached) > 0) {
                    // Nothing lies between: what the tail has been told was there to be read.
                    reached = target;
                }
                subscription.moveTo(reached);
            } while (!join(subscription));
        } catch (RuntimeException e) {
            log.atWarn()
                    .addKeyValue("subscription", subscription.id())
                    .addKeyValue("error", e.toString())
                    .log("a stream could not read what it missed; its connection is closed");
            subscription.giveUp();
        }
    }

    /// Waits for room; false when the reader is gone or given up.
    private boolean tellPatiently(Subscription subscription, Notice notice) {
        long since = time.nanoTime();
        while (!subscription.ended()) {
            if (subscription.send(notice, 0)) {
                return true;
            }
            if (time.nanoTime() - since > Subscription.STALLED_MAX_NANOS) {
                subscription.giveUp();
                return false;
            }
            LockSupport.parkNanos(REST_NANOS);
        }
        return false;
    }
}
