package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.Lending;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// Runners of other gateways that are lent to this one ([Lender] is the other side). Here such a
/// runner is a session like any other, and its open pulls are parked like any other's: claims and
/// new jobs find them. What they bring is told to the gateway that the runner is connected to.
///
/// A loan that brings no job for a second goes back. Safe for any thread.
final class Borrower {
    private static final long IDLE_NANOS = 1_000_000_000;

    private final Dispatch dispatch;
    private final JobStore store;
    private final Time time;
    private final Executor executor;
    private final ConcurrentHashMap<String, Borrowed> loans = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Borrower(Dispatch dispatch, JobStore store, Time time, Executor executor) {
        this.dispatch = dispatch;
        this.store = store;
        this.time = time;
        this.executor = executor;
    }

    /// Guarded by itself.
    private static final class Borrowed {
        final String lender;
        final String id;
        final Session session;
        final Map<Long, Pull> pulls = new HashMap<>();
        long idleNanos;
        boolean over;

        Borrowed(String lender, String id, Session session, long idleNanos) {
            this.lender = lender;
            this.id = id;
            this.session = session;
            this.idleNanos = idleNanos;
        }
    }

    void heard(String lender, Lending word) {
        Borrowed loan = loans.get(word.loan());
        switch (word) {
            case Lending.Lent lent -> lent(lender, lent);
            case Lending.Pulled pulled when loan != null -> pulled(loan, pulled);
            case Lending.Widened widened when loan != null -> widened(loan, widened);
            case Lending.Withdrawn withdrawn when loan != null -> withdraw(loan, withdrawn.pull());
            case Lending.Recalled _ when loan != null -> end(loan);
            // Of one that is over here.
            default -> {}
        }
    }

    private void lent(String lender, Lending.Lent lent) {
        if (closed) {
            store.say(new Lending.Returned(lender, lent.loan()));
        } else {
            Session session = Session.elsewhere(lent.session(), lent.runner(), lent.queue());
            loans.putIfAbsent(lent.loan(), new Borrowed(lender, lent.loan(), session, time.nanoTime() + IDLE_NANOS));
        }
    }

    private void pulled(Borrowed loan, Lending.Pulled pulled) {
        Pull pull = new Pull(loan.session, null, pulled.places(), true);
        synchronized (loan) {
            if (loan.over || loan.pulls.putIfAbsent(pulled.pull(), pull) != null) {
                return;
            }
        }
        // Jobs may come at once.
        pull.jobs.whenComplete((jobs, error) -> executor.execute(() -> filled(loan, pulled.pull(), jobs)));
        dispatch.park(pull);
        if (!loan.session.open) {
            dispatch.withdraw(pull);
        }
    }

    private void widened(Borrowed loan, Lending.Widened widened) {
        Pull pull;
        synchronized (loan) {
            pull = loan.pulls.get(widened.pull());
        }
        if (pull != null) {
            pull.max = widened.places();
            store.asked();
            dispatch.credit(loan.session.queue);
        }
    }

    private void filled(Borrowed loan, long number, @Nullable List<Assignment> jobs) {
        if (jobs != null && !jobs.isEmpty()) {
            Lending.Filled.of(
                            loan.lender,
                            loan.id,
                            number,
                            jobs.stream().map(Assignment::key).toList())
                    .forEach(store::say);
        }
        synchronized (loan) {
            loan.pulls.remove(number);
            if (jobs != null && !jobs.isEmpty()) {
                loan.idleNanos = time.nanoTime() + IDLE_NANOS;
            }
        }
        returnWhenDone(loan);
    }

    private void returnWhenDone(Borrowed loan) {
        boolean done;
        synchronized (loan) {
            done = loan.over && loan.pulls.isEmpty();
        }
        if (done && loans.remove(loan.id, loan)) {
            loan.session.ended = true;
            store.say(new Lending.Returned(loan.lender, loan.id));
        }
    }

    private void withdraw(Borrowed loan, long number) {
        Pull pull;
        synchronized (loan) {
            pull = loan.pulls.get(number);
        }
        if (pull != null) {
            dispatch.withdraw(pull);
        }
    }

    /// It goes back as soon as no write is under way that may bring it jobs.
    private void end(Borrowed loan) {
        List<Pull> open;
        synchronized (loan) {
            loan.over = true;
            open = List.copyOf(loan.pulls.values());
        }
        loan.session.open = false;
        open.forEach(dispatch::withdraw);
        returnWhenDone(loan);
    }

    /// A write was refused that may have been done all the same.
    void doubt(Collection<String> sessionIds) {
        for (Borrowed loan : loans.values()) {
            if (sessionIds.contains(loan.session.id)) {
                store.say(new Lending.Doubted(loan.lender, loan.id));
            }
        }
    }

    /// These sessions are lost.
    void lost(Collection<String> sessionIds) {
        loans.values().stream()
                .filter(loan -> sessionIds.contains(loan.session.id))
                .forEach(this::end);
    }

    /// To be called now and then.
    void watch() {
        long now = time.nanoTime();
        for (Borrowed loan : loans.values()) {
            boolean over;
            synchronized (loan) {
                over = loan.over || now - loan.idleNanos >= 0;
            }
            if (over) {
                end(loan);
            }
        }
    }

    /// Takes no more, and gives all back.
    void close() {
        closed = true;
        loans.values().forEach(this::end);
    }
}
