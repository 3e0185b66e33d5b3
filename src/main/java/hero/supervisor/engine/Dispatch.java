package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.Lending;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings waiting jobs and asking runners together, queue by queue.
///
/// A queue on this gateway is in one of these states, changed only under its lock:
/// - *quiet*: no pull is parked, or it is known to be empty; nothing happens until a wake or a pull;
/// - *waiting*: a [Claim] is at the store and has not chosen its slots yet; it sees whatever happens until then;
/// - *claiming*: it has; whatever wakes the queue from then on is remembered and leads to another claim.
///
/// One claim per queue at a time serves all parked pulls, one job each in turn, so that work spreads over the
/// runners. Wakes only speed things up: all queues that are [#asked] for work are woken now and then. Safe for
/// any thread.
public final class Dispatch {
    private static final Logger log = LoggerFactory.getLogger(Dispatch.class);

    private final JobStore store;
    private final LongSupplier leases;
    private final Executor executor;
    private final Handing.Handover handover;
    private final ConcurrentHashMap<String, Queue> queues = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, String> homes = new ConcurrentHashMap<>();
    private final Handing handing;
    private final Timers timers;
    private final Time time;
    private final Lender lender;
    private final Borrower borrower;
    private volatile boolean stopped;

    Dispatch(JobStore store, Time time, LongSupplier leases, Executor executor, Handing.Handover handover) {
        this.store = store;
        this.leases = leases;
        this.executor = executor;
        this.handover = handover;
        this.handing = new Handing(store, executor, handover, this::wake, this::doubt);
        this.timers = new Timers(store, this::wake, time);
        this.time = time;
        this.lender = new Lender(this, store, time, leases, executor);
        this.borrower = new Borrower(this, store, time, executor);
    }

    /// Runners of this gateway that another one fills.
    Lender lender() {
        return lender;
    }

    /// Runners of other gateways that this one fills.
    Borrower borrower() {
        return borrower;
    }

    /// A job that is about to be queued, and may go straight to a parked pull when nothing waits before it. See
    /// [Direct].
    Direct direct(String jobId, String runner, boolean isTimed) {
        return new Direct(this, jobId, runner, isTimed, leases);
    }

    /// Takes a place for a job that is about to be written together with others; null when it has to wait in its
    /// queue. Either way [#written] must follow. Nobody's turn is taken: there are more slots than jobs before it.
    @Nullable
    Share place(Queue queue, Object batch, String job) {
        boolean lent;
        Share share;
        synchronized (queue) {
            share = !stopped && queue.isOpen() ? Share.next(queue, batch, queue.arrivals.before()) : null;
            if (share == null) {
                queue.arrivals.coming(batch, job);
            }
            queue.demand.own(time.nanoTime());
            lent = queue.lent > 0;
        }
        if (lent) {
            lender.recall(session -> session.queue.equals(queue.name));
        }
        return share;
    }

    /// Another gateway has brought jobs to the queue, and takes loans.
    void demanded(String name, String node) {
        Queue queue = queues.get(name);
        if (queue != null) {
            synchronized (queue) {
                queue.demand.heard(node, time.nanoTime());
            }
        }
    }

    /// A job without a place is written again, with another batch.
    void again(Queue queue, Object batch, String job, Object half) {
        synchronized (queue) {
            queue.arrivals.again(batch, job, half);
        }
    }

    /// The queue that the jobs of a runner go to, when that is known here.
    @Nullable
    Queue home(String runner) {
        String name = homes.get(runner);
        return name == null ? null : queues.get(name);
    }

    /// A job without a place is written and waits, or is not going to be.
    void written(Queue queue, Object batch, String job, boolean waits) {
        synchronized (queue) {
            queue.written(batch, job, waits);
        }
        if (waits) {
            claim(queue);
        }
    }

    /// A job with a place is written, and handed over; or it is not (null).
    void written(Share share, @Nullable Assignment job) {
        synchronized (share.queue) {
            if (job != null) {
                share.jobs.add(job);
            }
            if (--share.open > 0) {
                return;
            }
        }
        List<Assignment> homeless = new ArrayList<>();
        bring(share.queue, share.pull, share.given, share.jobs, homeless);
        handing.giveBack(homeless);
        // Who looked for a free slot until now may have found these taken twice, reserved and held.
        claim(share.queue);
    }

    /// A write that may have brought the pull jobs is known. The last one answers it with what all have brought:
    /// after the answer of the first there would be nobody to take the jobs of the second.
    private void bring(Queue queue, Pull pull, int promised, List<Assignment> jobs, List<Assignment> homeless) {
        List<Assignment> all = List.of();
        synchronized (queue) {
            pull.brought.addAll(jobs);
            pull.promised -= promised;
            pull.writes--;
            if (pull.writes == 0) {
                all = List.copyOf(pull.brought);
                queue.asking = pull.session;
            }
        }
        if (isOver(pull)) {
            homeless.addAll(all);
        } else if (!all.isEmpty()) {
            handing.hand(pull, all, homeless);
        }
        pull.session.reserved.addAndGet(jobs.size() - promised - all.size());
        boolean over;
        synchronized (queue) {
            over = pull.writes == 0 && isOver(pull);
            // It got nothing, and nobody else may know of this pull.
            if (pull.writes == 0 && !pull.jobs.isDone()) {
                queue.pulls.add(pull);
            }
            over |= pull.writes == 0 && pull.withdrawn;
        }
        if (over) {
            pull.jobs.complete(List.of());
        }
    }

    /// Called now and then.
    void tidy() {
        queues.values().forEach(Queue::tidy);
    }

    static boolean isOver(Pull pull) {
        return isOver(pull.session) || pull.isSuperseded();
    }

    static boolean isOver(Session session) {
        return session.draining || session.ended;
    }

    /// Parks a pull until there is work for it, or, when it is not patient, until the queue has been looked into.
    ///
    /// @param link the connection that it came on
    Pull pull(Session session, @Nullable RunnerLink link, int max, boolean patient) {
        Pull pull = new Pull(session, link, max, patient);
        park(pull);
        return pull;
    }

    /// Likewise.
    void park(Pull pull) {
        Session session = pull.session;
        Queue queue = queues.computeIfAbsent(session.queue, Queue::new);
        if (!session.queue.equals(homes.get(session.runner))) {
            homes.put(session.runner, session.queue);
        }
        Loan loan = queue.park(pull);
        pull.jobs.whenComplete((_, _) -> forget(queue, pull));
        store.asked();
        if (loan != null) {
            lender.pulled(loan, pull);
        }
        claim(queue);
    }

    private void forget(Queue queue, Pull pull) {
        Lending word = queue.forget(pull);
        if (word != null) {
            store.say(word);
        }
    }

    /// Answers a pull with nothing, now or as soon as what is under way to it has come.
    void withdraw(Pull pull) {
        Queue queue = queues.computeIfAbsent(pull.session.queue, Queue::new);
        boolean parked;
        synchronized (queue) {
            pull.withdrawn = true;
            parked = pull.writes == 0;
        }
        if (parked) {
            pull.jobs.complete(List.of());
        }
    }

    /// There may be work in the queue.
    public void wake(String name) {
        Queue queue = queues.get(name);
        if (queue != null) {
            synchronized (queue) {
                queue.wake();
            }
            claim(queue);
        }
    }

    /// There may be work in the queue, now or at some time.
    void wakeInTime(String name) {
        wake(name);
        timers.changed();
    }

    Timers timers() {
        return timers;
    }

    /// A session of the queue can take more than before.
    void credit(String name) {
        Queue queue = queues.get(name);
        if (queue != null) {
            claim(queue);
            lender.credited(queue);
        }
    }

    /// The runner has reported outcomes: their slots are free, although nothing is written yet.
    void reported(Session session) {
        Queue queue = queues.get(session.queue);
        if (queue != null) {
            claim(queue);
        }
        lender.reported(session);
    }

    /// An outcome of this session is written, and its runner is told.
    void freed(Session session) {
        Queue queue = queues.get(session.queue);
        if (queue != null) {
            queue.freed(session);
        }
        credit(session.queue);
    }

    /// The queues for which a pull is parked.
    List<String> asked() {
        List<String> asked = new ArrayList<>();
        for (Queue queue : queues.values()) {
            synchronized (queue) {
                if (!queue.pulls.isEmpty() || queue.lent > 0) {
                    asked.add(queue.name);
                }
            }
        }
        return asked;
    }

    /// There may be work in any queue.
    void wakeAll() {
        queues.keySet().forEach(this::wake);
    }

    /// No further claims: parked pulls stay parked until their sockets go.
    void stop() {
        stopped = true;
        lender.recall(_ -> true);
        borrower.close();
    }

    private void claim(Queue queue) {
        if (stopped) {
            return;
        }
        List<Loan> lent;
        boolean begins;
        boolean claiming;
        synchronized (queue) {
            lent = lender.take(queue);
            claiming = queue.isClaiming();
            begins = queue.claim();
        }
        lender.say(lent);
        if (begins) {
            Claim claim = new Claim(queue, leases);
            store.claim(queue.name, claim).whenComplete((jobs, error) -> claimed(claim, jobs, error));
        } else if (!claiming) {
            answerImpatient(queue);
        }
    }

    private static void answerImpatient(Queue queue) {
        queue.looking().forEach(pull -> pull.jobs.complete(List.of()));
    }

    /// Answers the parked pulls of sessions and connections that get no more jobs, with nothing.
    void dismiss(String name) {
        Queue queue = queues.get(name);
        if (queue != null) {
            List<Pull> dismissed;
            synchronized (queue) {
                queue.forgetThoseOver();
                dismissed = Stream.concat(queue.pulls.stream(), lender.pulls(queue))
                        .filter(pull -> pull.writes == 0 && isOver(pull))
                        .toList();
            }
            lender.recall(Dispatch::isOver);
            dismissed.forEach(pull -> pull.jobs.complete(List.of()));
        }
    }

    private void claimed(Claim claim, @Nullable List<Assignment> jobs, @Nullable Throwable error) {
        Queue queue = claim.queue;
        List<Assignment> handed = jobs == null ? List.of() : jobs;
        claim.answered();
        if (error != null) {
            log.atWarn()
                    .addKeyValue("queue", queue.name)
                    .addKeyValue("error", error.toString())
                    .log("a claim failed");
            doubt(claim.sessionIds());
        }
        List<Assignment> homeless = new ArrayList<>();
        claim.given(handed, homeless).forEach(given -> bring(queue, given.pull, given.promised, given.jobs, homeless));
        handing.giveBack(homeless);
        if (!claim.ends(handed, error != null)) {
            answerImpatient(queue);
        } else {
            // On another thread: a store that answers at once must not make this a recursion.
            executor.execute(() -> claim(queue));
        }
    }

    /// Answers a pull with what another gateway has written for it, if anything.
    void hand(Pull pull, List<Assignment> jobs) {
        List<Assignment> homeless = new ArrayList<>();
        if (isOver(pull)) {
            homeless.addAll(jobs);
        } else if (!jobs.isEmpty()) {
            handing.hand(pull, jobs, homeless);
        }
        handing.giveBack(homeless);
    }

    /// The session may hold more than is known here.
    void doubt(Session session) {
        handover.doubt(List.of(session.id));
    }

    /// A write that was to hand a job to this session was refused, but may have been done.
    void doubt(Share share) {
        doubt(List.of(share.sessionId()));
    }

    private void doubt(Collection<String> sessionIds) {
        handover.doubt(sessionIds);
        borrower.doubt(sessionIds);
    }
}
