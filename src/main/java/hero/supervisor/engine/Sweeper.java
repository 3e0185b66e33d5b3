package hero.supervisor.engine;

import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Rescued;
import hero.supervisor.store.Lending;
import hero.supervisor.store.Notice;
import hero.supervisor.store.Notifications;
import hero.supervisor.store.Spot;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What must happen without anybody asking: deadlines, due timers, lost sessions, news from other gateways. No
/// leader: every gateway sweeps, the store's locks keep them apart.
public final class Sweeper implements Notifications.Listener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Sweeper.class);
    private static final Duration WATCH = Duration.ofMillis(100);
    private static final Duration NEWS_LEAST = Duration.ofMillis(5);
    private static final Duration NEWS = Duration.ofMillis(250);
    private static final Duration SWEEP = Duration.ofSeconds(1);
    private static final Duration NET = Duration.ofSeconds(5);

    private final JobStore jobs;
    private final Results results;
    private final Runners runners;
    private final Secrets secrets;
    private final Settings settings;
    private final Time time;
    private final Feed feed;
    private final Tail tail;
    private final Loop news;
    private final List<Loop> loops;
    private long sweptNanos;
    private long trustNanos;

    public Sweeper(
            JobStore jobs, Results results, Runners runners, Secrets secrets, Feed feed, Settings settings, Time time) {
        this.jobs = jobs;
        this.results = results;
        this.runners = runners;
        this.secrets = secrets;
        this.settings = settings;
        this.time = time;
        this.feed = feed;
        this.sweptNanos = time.nanoTime();
        // One that has just started has heard no beats either.
        this.trustNanos = sweptNanos + settings.lease().toNanos();
        this.tail = new Tail(jobs, results, runners, feed, time);
        this.news = new Loop("news", NEWS_LEAST, NEWS, () -> {
            news();
            return NEWS;
        });
        this.loops = List.of(
                new Loop("watch", WATCH, this::watch),
                news,
                runners.dispatch().timers().loop(),
                new Loop("sweep", SWEEP, this::sweep),
                new Loop("net", NET, this::net));
    }

    public Sweeper start(ThreadFactory threads) {
        loops.forEach(loop -> loop.start(threads));
        return this;
    }

    /// Other gateways have committed this, or may have. The log is read at once for what they do not say, and for
    /// streams; else with the next poll.
    @Override
    public void heard(Notice notice) {
        Dispatch dispatch = runners.dispatch();
        jobs.returned(notice.ripened());
        List<String> ripened = notice.ripened().stream().map(Spot::queue).toList();
        if (ripened.contains(Notifications.ALL)) {
            dispatch.wakeAll();
        } else {
            Stream.concat(ripened.stream(), notice.queues().stream()).distinct().forEach(dispatch::wake);
        }
        notice.ended().forEach(results::ended);
        lendings(notice);
        if (!notice.isAll() || feed.watched()) {
            news.wake();
        } else {
            tail.told(notice);
        }
    }

    private void lendings(Notice notice) {
        Dispatch dispatch = runners.dispatch();
        if (notice.borrows()) {
            notice.queues().forEach(queue -> dispatch.demanded(queue, notice.node()));
        }
        for (Lending word : notice.lendings()) {
            if (word.to().equals(settings.node())) {
                heard(notice.node(), word);
            }
        }
    }

    /// Another gateway says this to us.
    void heard(String node, Lending word) {
        runners.dispatch().lender().heard(word);
        runners.dispatch().borrower().heard(node, word);
    }

    /// This gateway has committed something: only streams read its own events.
    @Override
    public void committed() {
        if (isEager()) {
            news.wake();
        }
    }

    @Override
    public boolean isEager() {
        return feed.watched();
    }

    @Override
    public void close() {
        loops.forEach(Loop::close);
    }

    // Each loop's step, for tests that are the scheduler themselves.

    void watch() {
        runners.stops().watch();
        runners.dispatch().lender().watch();
        runners.dispatch().borrower().watch();
    }

    void news() {
        tail.run();
    }

    void timers() {
        runners.dispatch().timers().look();
    }

    void net() {
        runners.dispatch().tidy();
        jobs.waiting(runners.dispatch().asked()).forEach(runners.dispatch()::wake);
        jobs.overlooked().forEach(runners.dispatch()::wake);
        jobs.deleteEnded().forEach(this::deleted);
    }

    private void deleted(String jobId) {
        log.atInfo().addKeyValue("job_id", jobId).log("job deleted");
        results.ended(jobId);
    }

    void sweep() {
        secrets.refresh();
        runners.control().refresh();
        runners.holds().tidy();
        if (mayJudge()) {
            rescue();
        }
        jobs.tidy();
    }

    /// A sweeper that has stalled itself (a stopped process, a database that was away) has not heard the beats of
    /// its runners either: it waits one full lease before it calls anybody dead.
    private boolean mayJudge() {
        long now = time.nanoTime();
        if (now - sweptNanos > 5 * SWEEP.toNanos()) {
            trustNanos = now + settings.lease().toNanos();
            log.atWarn()
                    .addKeyValue("stalled_ms", (now - sweptNanos) / 1_000_000)
                    .log("the sweeper stalled; lost runners are judged after one lease");
        }
        sweptNanos = now;
        return now - trustNanos >= 0;
    }

    private void rescue() {
        Rescued rescued = jobs.rescue(Duration.ZERO, settings.redeliveries());
        if (!rescued.sessions().isEmpty()) {
            log.atWarn()
                    .addKeyValue("sessions", rescued.sessions())
                    .addKeyValue("queues", rescued.queues())
                    .addKeyValue("ended", rescued.ended().size())
                    .log("lost runner sessions");
            runners.signals().leasesExpired(rescued.sessions().size());
            runners.holds().lost(rescued.sessions());
        }
        // Also without a lost session: a claim may have committed just after its session was ended.
        rescued.again()
                .forEach(jobId -> log.atWarn().addKeyValue("job_id", jobId).log("job queued again, runner lost"));
        for (JobStore.Ended ended : rescued.ended()) {
            log.atWarn().addKeyValue("job_id", ended.jobId()).log("job failed, runner lost");
            results.finished(ended.jobId(), ended.result());
        }
        rescued.queues().forEach(runners.dispatch()::wake);
    }
}
