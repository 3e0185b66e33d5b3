package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.Lending;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runners of this gateway that are lent to the one which brings all new jobs of their queue
/// ([Borrower] is the other side). That one fills their open pulls and writes the jobs as running;
/// this one gives these runners no jobs meanwhile, is told which ones were written, reads them and
/// answers the pulls. Without a loan each of those jobs goes through the queue, to a claim that has
/// to be told of it first.
///
/// A loan ends when the other gateway gives it back, which it does at once when it is asked to. One
/// that does not say anything for too long is ended here: what it has written and not said is
/// looked for, and what it says later goes back to its queue. Safe for any thread.
@SuppressWarnings("ReferenceEquality") // A session, or a queue, is itself and no other.
final class Lender {
    private static final Logger log = LoggerFactory.getLogger(Lender.class);
    /// Of one queue at the same time.
    private static final int LOANS_MAX = 64;
    /// Longer than the other gateway keeps one that it does not use.
    private static final long SILENT_NANOS = 3_000_000_000L;
    private static final long RECALLED_NANOS = 1_000_000_000;
    private static final long ENDING_NANOS = 1_000_000_000;
    private static final long REMEMBERED_NANOS = 60_000_000_000L;

    private final Dispatch dispatch;
    private final JobStore store;
    private final Time time;
    private final LongSupplier ids;
    private final Executor executor;
    private final ConcurrentHashMap<String, Loan> out = new ConcurrentHashMap<>();
    /// Those that are over.
    private final ConcurrentHashMap<String, Loan> late = new ConcurrentHashMap<>();

    Lender(Dispatch dispatch, JobStore store, Time time, LongSupplier ids, Executor executor) {
        this.dispatch = dispatch;
        this.store = store;
        this.time = time;
        this.ids = ids;
        this.executor = executor;
    }

    /// Under the lock of the queue: lends the sessions whose pulls are parked, when another gateway
    /// brings all new jobs. [#say] must follow.
    List<Loan> take(Queue queue) {
        long now = time.nanoTime();
        String to = queue.impatient > 0 ? null : queue.demand.lendsTo(now);
        if (to == null) {
            return List.of();
        }
        List<Loan> taken = new ArrayList<>();
        Iterator<Pull> parked = queue.pulls.iterator();
        while (parked.hasNext() && queue.lent < LOANS_MAX) {
            Pull pull = parked.next();
            Session session = pull.session;
            Loan loan = session.lent;
            if (loan == null && session.reserved.get() == 0 && pull.writes == 0 && session.mayBeLent()) {
                loan = new Loan(to, Long.toHexString(ids.getAsLong()), queue, session, now + SILENT_NANOS);
                session.lent = loan;
                queue.lent++;
                out.put(loan.id, loan);
                taken.add(loan);
            }
            if (loan != null) {
                parked.remove();
                loan.park(pull);
            }
        }
        return taken;
    }

    void say(List<Loan> taken) {
        for (Loan loan : taken) {
            store.say(new Lending.Lent(loan.to, loan.id, loan.session.id, loan.session.runner, loan.queue.name));
            widen(loan);
        }
    }

    private void widen(Loan loan) {
        List<Lending> words;
        synchronized (loan.queue) {
            words = loan.wider();
        }
        words.forEach(store::say);
    }

    /// Slots of the queue's sessions are free. Told job by job, said for those of about one commit together.
    void credited(Queue queue) {
        synchronized (queue) {
            if (queue.lent == 0) {
                return;
            }
        }
        for (Loan loan : out.values()) {
            if (loan.queue == queue) {
                credited(loan);
            }
        }
    }

    /// Likewise of one session: its runner has reported outcomes.
    void reported(Session session) {
        Loan loan = session.lent;
        if (loan != null) {
            credited(loan);
        }
    }

    private void credited(Loan loan) {
        boolean first;
        synchronized (loan.queue) {
            first = !loan.asked;
            loan.asked = true;
        }
        if (first) {
            executor.execute(() -> {
                widen(loan);
                takeReady(loan, _ -> true).forEach(read -> bring(loan, read));
            });
        }
    }

    /// Asks for these back.
    void recall(Predicate<Session> which) {
        for (Loan loan : out.values()) {
            boolean first = false;
            if (which.test(loan.session)) {
                synchronized (loan.queue) {
                    first = !loan.recalled;
                    if (first) {
                        loan.recalled = true;
                        loan.untilNanos = time.nanoTime() + RECALLED_NANOS;
                    }
                }
            }
            if (first) {
                store.say(new Lending.Recalled(loan.to, loan.id));
            }
        }
    }

    /// The open pulls of lent sessions; under the lock of the queue.
    Stream<Pull> pulls(Queue queue) {
        return out.values().stream().filter(loan -> loan.queue == queue).flatMap(loan -> loan.open().stream());
    }

    /// A pull of a lent session has come.
    void pulled(Loan loan, Pull pull) {
        if (pull.patient) {
            widen(loan);
        } else {
            recall(session -> session == loan.session);
        }
    }

    private static List<Loan.Read> takeReady(Loan loan, Predicate<Loan.Read> which) {
        synchronized (loan.queue) {
            List<Loan.Read> taken = loan.ready.stream().filter(which).toList();
            loan.ready.removeAll(taken);
            return taken;
        }
    }

    /// The other gateway's word.
    void heard(Lending word) {
        Loan loan = out.get(word.loan());
        switch (word) {
            case Lending.Filled filled when loan == null -> late(filled);
            case Lending.Filled filled -> filled(loan, filled);
            case Lending.Doubted _ when loan != null -> dispatch.doubt(loan.session);
            case Lending.Returned _ when loan != null -> returned(loan);
            // Of one that is over here.
            default -> {}
        }
    }

    private void returned(Loan loan) {
        boolean over;
        synchronized (loan.queue) {
            loan.returned = true;
            over = loan.isOver();
        }
        if (over) {
            takeBack(loan);
        }
    }

    private void filled(Loan loan, Lending.Filled word) {
        List<Assignment.Key> homeless = List.of();
        Loan.Open open;
        synchronized (loan.queue) {
            long now = time.nanoTime();
            loan.used = true;
            loan.untilNanos = loan.recalled ? loan.untilNanos : now + SILENT_NANOS;
            loan.queue.demand.heard(loan.to, now);
            open = loan.pulls.get(word.pull());
            if (open == null) {
                homeless = strangers(loan, word.jobs());
            } else {
                open.filled.addAll(word.jobs());
                if (word.more()) {
                    return;
                }
                loan.pulls.remove(word.pull());
                loan.coming.addAll(open.filled);
                loan.reading++;
            }
        }
        if (open != null) {
            executor.execute(() -> read(loan, open));
        } else {
            release(homeless);
        }
    }

    private void read(Loan loan, Loan.Open open) {
        List<Assignment> jobs = List.of();
        try {
            jobs = store.handed(loan.session.id, open.filled);
        } catch (RuntimeException e) {
            log.atWarn()
                    .addKeyValue("session_id", loan.session.id)
                    .addKeyValue("error", e.toString())
                    .log("what another gateway has written for a runner could not be read; it is looked for");
            dispatch.doubt(loan.session);
        }
        bring(loan, new Loan.Read(open, jobs, time.nanoTime() + ENDING_NANOS));
    }

    /// A slot whose job's outcome is being written is free in a moment. After the end of the loan others may have
    /// taken it. What is on its way keeps its slots from others.
    private void bring(Loan loan, Loan.Read read) {
        boolean fits;
        synchronized (loan.queue) {
            fits = loan.session.free() >= read.jobs().size();
            if (fits) {
                loan.session.reserved.addAndGet(read.jobs().size());
            } else if (loan.session.lent == loan) {
                loan.ready.add(read);
                return;
            }
        }
        if (fits) {
            answer(loan, read.open(), read.jobs());
        } else {
            giveUp(loan, read);
        }
    }

    private void answer(Loan loan, Loan.Open open, List<Assignment> jobs) {
        dispatch.hand(open.pull, jobs);
        boolean over;
        boolean empty;
        synchronized (loan.queue) {
            loan.session.reserved.addAndGet(-jobs.size());
            loan.reading--;
            open.filled.forEach(loan.coming::remove);
            over = loan.isOver();
            // Nothing of what was written is there any more.
            empty = !open.pull.jobs.isDone();
        }
        if (empty && Dispatch.isOver(open.pull)) {
            open.pull.jobs.complete(List.of());
        } else if (empty) {
            dispatch.park(open.pull);
        }
        if (over) {
            takeBack(loan);
        } else if (!jobs.isEmpty()) {
            // Until now their slots counted twice.
            credited(loan);
        }
    }

    /// The session is this gateway's to fill again. What is said of the loan from now on is too late.
    private boolean takeBack(Loan loan) {
        if (!out.remove(loan.id, loan)) {
            return false;
        }
        late.put(loan.id, loan);
        List<Assignment.Key> homeless = new ArrayList<>();
        synchronized (loan.queue) {
            loan.untilNanos = time.nanoTime() + REMEMBERED_NANOS;
            loan.session.lent = null;
            loan.queue.lent--;
            loan.queue.pulls.addAll(loan.open());
            loan.pulls.values().forEach(open -> homeless.addAll(open.filled));
            loan.pulls.clear();
            if (!loan.used) {
                loan.queue.demand.silent(loan.to);
            }
        }
        release(homeless);
        takeReady(loan, _ -> true).forEach(read -> giveUp(loan, read));
        dispatch.wake(loan.queue.name);
        return true;
    }

    private void giveUp(Loan loan, Loan.Read read) {
        release(read.jobs().stream().map(Assignment::key).toList());
        answer(loan, read.open(), List.of());
    }

    private void late(Lending.Filled word) {
        Loan loan = late.get(word.loan());
        if (loan != null) {
            List<Assignment.Key> homeless;
            synchronized (loan.queue) {
                homeless = strangers(loan, word.jobs());
            }
            release(homeless);
        }
    }

    /// Those of these jobs that the runner does not have: what is said twice is not taken from it.
    private static List<Assignment.Key> strangers(Loan loan, List<Assignment.Key> jobs) {
        return jobs.stream()
                .filter(key -> !loan.coming.contains(key) && !loan.session.held.containsKey(key.jobId()))
                .toList();
    }

    private void release(List<Assignment.Key> keys) {
        if (!keys.isEmpty()) {
            executor.execute(() -> store.release(keys).forEach(dispatch::wake));
        }
    }

    /// The session gets no jobs any more, here at least.
    void gone(Session session) {
        Loan loan = session.lent;
        if (loan != null && takeBack(loan)) {
            store.say(new Lending.Recalled(loan.to, loan.id));
        }
    }

    /// To be called now and then.
    void watch() {
        long now = time.nanoTime();
        late.values().removeIf(loan -> now - loan.untilNanos >= 0);
        for (Loan loan : out.values()) {
            boolean silent;
            synchronized (loan.queue) {
                silent = now - loan.untilNanos >= 0;
                if (silent) {
                    loan.queue.demand.silent(loan.to);
                }
            }
            takeReady(loan, read -> now - read.untilNanos() >= 0).forEach(read -> giveUp(loan, read));
            if (silent && takeBack(loan)) {
                log.atWarn()
                        .addKeyValue("gateway", loan.to)
                        .addKeyValue("session_id", loan.session.id)
                        .log("a gateway did not give a runner back in time; what it has written is looked for");
                store.say(new Lending.Recalled(loan.to, loan.id));
                dispatch.doubt(loan.session);
            }
        }
    }
}
