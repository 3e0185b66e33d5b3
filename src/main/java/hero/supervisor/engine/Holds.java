package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Signals;
import hero.supervisor.domain.Time;
import hero.supervisor.domain.Tracing;
import hero.supervisor.engine.Session.Held;
import hero.supervisor.engine.Session.Look;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Completed;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/// The sessions on this gateway and what each holds: notes hand-overs, forgets what has ended, and tells whoever
/// waits. Safe for any thread.
final class Holds {
    private static final Logger log = LoggerFactory.getLogger(Holds.class);

    private final ConcurrentHashMap<String, Session> sessions = new ConcurrentHashMap<>();
    private final Set<Session> holding = ConcurrentHashMap.newKeySet();
    private final ConcurrentHashMap<Assignment.Key, Long> early = new ConcurrentHashMap<>();
    private final JobStore jobs;
    private final Results results;
    private final Settings settings;
    private final Time time;
    private final Dispatch dispatch;
    private final Signals signals;
    private final Tracing tracing;

    Holds(
            JobStore jobs,
            Results results,
            Settings settings,
            Time time,
            LongSupplier leases,
            Executor executor,
            Signals signals,
            Tracing tracing) {
        this.signals = signals;
        this.tracing = tracing;
        this.results = results;
        this.settings = settings;
        this.time = time;
        this.jobs = jobs;
        this.dispatch = new Dispatch(jobs, time, leases, executor, new Hands());
    }

    Dispatch dispatch() {
        return dispatch;
    }

    Collection<Session> sessions() {
        return sessions.values();
    }

    /// Those that hold something, and perhaps some that do not: of thousands most do not.
    Collection<Session> holding() {
        List<Session> empty = holding.stream().filter(Holds::holdsNothing).toList();
        empty.forEach(holding::remove);
        // Who got something meanwhile was still in the set then.
        empty.stream().filter(session -> !holdsNothing(session)).forEach(holding::add);
        return holding;
    }

    private static boolean holdsNothing(Session session) {
        return session.ended || session.held.isEmpty();
    }

    int running() {
        int count = 0;
        for (Session session : sessions.values()) {
            count += session.held.size();
        }
        return count;
    }

    List<Session> of(String runner) {
        return sessions.values().stream()
                .filter(session -> session.runner.equals(runner))
                .toList();
    }

    @Nullable
    Session find(String id) {
        return sessions.get(id);
    }

    void add(Session session) {
        sessions.put(session.id, session);
    }

    /// It is over here: no further jobs, and its open pulls are answered.
    void remove(Session session) {
        sessions.remove(session.id, session);
        session.ended = true;
        dispatch.lender().gone(session);
        dispatch.dismiss(session.queue);
    }

    /// Sessions whose socket is gone for so long that they are lost or live at another gateway.
    void tidy() {
        long now = time.nanoTime();
        long most = settings.lease().plus(settings.resumeGrace()).toNanos();
        for (Session session : sessions.values()) {
            if (isGone(session, now - most)) {
                remove(session);
            }
        }
        early.values().removeIf(at -> now - at > most);
    }

    private static boolean isGone(Session session, long before) {
        synchronized (session) {
            session.ended |= session.link == null && session.goneNanos - before < 0;
            return session.ended;
        }
    }

    /// A stop that may come before the hand-over that it is for: the claim's answer may be under way to us.
    void stopping(Assignment.Key key) {
        early.put(key, time.nanoTime());
    }

    void stopped(Assignment.Key key) {
        early.remove(key);
    }

    private final class Hands implements Handing.Handover {
        @Override
        public boolean held(Pull pull, List<Assignment> assignments) {
            Session session = pull.session;
            boolean here = hold(session, assignments) && !pull.isSuperseded();
            if (!here) {
                assignments.forEach(a -> session.drop(a.key()));
            }
            return here;
        }

        @Override
        public void returned(List<Assignment> assignments) {
            for (Assignment a : assignments) {
                handedBack(a.key());
                Session session = sessions.get(a.sessionId());
                if (session != null) {
                    session.drop(a.key());
                }
            }
        }

        @Override
        public void doubt(Collection<String> sessionIds) {
            sessionIds.forEach(Holds.this::doubt);
        }
    }

    private void doubt(String sessionId) {
        Session session = sessions.get(sessionId);
        if (session != null) {
            doubt(session);
        }
    }

    void doubt(Session session) {
        session.doubtNanos = time.nanoTime() + settings.lease().toNanos();
    }

    /// True when what a session holds is to be read: it is in doubt, or has not been read for long. What another
    /// gateway, or a write of unknown outcome, has put into its hands is found so, and freed when its runner does
    /// not name it.
    boolean isDoubtful(Session session) {
        long now = time.nanoTime();
        return session.doubtNanos - now > 0
                || session.doubtNanos - session.readNanos > 0
                || now - session.readNanos >= settings.lease().toNanos();
    }

    /// Hands jobs of a session back that were not begun; their attempts do not count.
    void release(Session session, List<Assignment.Key> keys) {
        List<String> queues = jobs.release(keys);
        keys.forEach(key -> handedBack(session, key));
        queues.forEach(dispatch::wake);
        dispatch.credit(session.queue);
    }

    void read(Session session) {
        long now = time.nanoTime();
        Look look = session.look();
        try {
            read(session, look, now);
        } finally {
            session.seen(look);
        }
        session.readNanos = now;
    }

    private void read(Session session, Look look, long now) {
        // Only what was held before the read may be dropped after it: a hand-over may come in between.
        List<Held> before = List.copyOf(session.held.values());
        Set<Assignment.Key> present = new HashSet<>();
        for (JobStore.Held row : jobs.held(session.id)) {
            present.add(row.key());
            take(session, look, row, now);
        }
        for (Held held : before) {
            if (!present.contains(held.key)) {
                session.remove(held);
            }
        }
    }

    private void take(Session session, Look look, JobStore.Held row, long now) {
        Assignment.Key key = row.key();
        long deadline = now + row.left().plus(settings.deadlineSlack()).toNanos();
        Held held = session.held.compute(key.jobId(), (_, known) -> {
            if (look.isOver(key) || (known != null && known.key.equals(key))) {
                return known;
            }
            Held fresh = new Held(key, row.timeoutS(), row.atMostOnce(), deadline);
            fresh.run = row.run();
            if (known != null) {
                session.left(known);
            }
            return fresh;
        });
        holding.add(session);
        if (held != null && held.key.equals(key)) {
            if (row.stopRequested()) {
                held.stop("stopped", now);
            }
            if (look.isOver(key)) {
                session.remove(held);
            }
        }
    }

    private boolean hold(Session session, List<Assignment> assignments) {
        for (Assignment a : assignments) {
            long now = time.nanoTime();
            long deadline = now
                    + (long) (a.job().timeoutS() * 1e9)
                    + settings.deadlineSlack().toNanos();
            boolean once = Boolean.TRUE.equals(a.job().extras().atMostOnce());
            Held held = new Held(a.key(), a.job().timeoutS(), once, deadline);
            held.sinceNanos = now;
            held.run = a.traced();
            session.put(held);
            holding.add(session);
            if (a.attempt() == 1) {
                signals.assigned(a.waitedMicros());
            }
            if (early.remove(a.key()) != null) {
                held.stop("stopped", time.nanoTime());
            }
            log.atInfo()
                    .addKeyValue("job_id", a.job().id())
                    .addKeyValue("attempt", a.attempt())
                    .addKeyValue("runner", session.runner)
                    .log("job running");
        }
        return session.link != null && !session.ended && session.equals(sessions.get(session.id));
    }

    /// A hand-over is over: its slot is free, its job final or queued again.
    ///
    /// @param origin the runner's call that told the outcome, if one did
    void completed(Session session, Assignment.Key key, Completed done, Origin origin) {
        tell(session, key, done);
        forget(session, key);
        JobResult result = done.result();
        if (result != null) {
            results.finished(key.jobId(), result);
        } else if (done.outcome() == Outcome.DUPLICATE) {
            // Perhaps written by the first try of a batch that was done again: nobody here has heard of it then.
            results.ended(key.jobId());
        }
        String requeued = done.requeued();
        if (requeued != null) {
            dispatch.wakeInTime(requeued);
        }
        dispatch.freed(session);
        LoggingEventBuilder line = origin.on(log.atInfo().addKeyValue("job_id", key.jobId()))
                .addKeyValue("attempt", key.attempt())
                .addKeyValue("outcome", done.outcome().word());
        JobStatus status = done.status();
        (status == null ? line : line.addKeyValue("status", status.word())).log("result");
    }

    /// A job that nobody held is over: whoever waits for it hears so.
    void ended(String jobId, JobResult result) {
        results.finished(jobId, result);
    }

    private void tell(Session session, Assignment.Key key, Completed done) {
        Held held = session.held.get(key.jobId());
        if (held == null || !held.key.equals(key) || done.outcome() != Outcome.RECORDED) {
            return;
        }
        Tracing.Run run = held.run;
        if (run != null) {
            tracing.ended(run, outcome(done));
        }
        long now = time.nanoTime();
        if (held.sinceNanos != Held.UNKNOWN) {
            signals.answered(now - held.sinceNanos);
        }
        if (held.stopReason != null && !held.overTime) {
            signals.stopped(now - held.stopNanos);
        }
    }

    private static String outcome(Completed done) {
        if (done.result() == null) {
            return "retry";
        }
        return done.result() instanceof JobResult.Success ? "completed" : "failed";
    }

    /// It was handed out and is queued again, its attempt not counted.
    void handedBack(Session session, Assignment.Key key) {
        forget(session, key);
        handedBack(key);
    }

    private static void handedBack(Assignment.Key key) {
        log.atInfo()
                .addKeyValue("job_id", key.jobId())
                .addKeyValue("attempt", key.attempt())
                .log("job handed back");
    }

    private void forget(Session session, Assignment.Key key) {
        if (!session.drop(key)) {
            sessions.values().forEach(other -> other.drop(key));
        }
    }

    /// These sessions are lost: nothing they held is theirs any more.
    void lost(Collection<String> ids) {
        dispatch.borrower().lost(ids);
        for (String id : ids) {
            Session session = sessions.get(id);
            if (session != null) {
                remove(session);
                session.held.values().forEach(session::remove);
                RunnerLink link = session.link;
                if (link != null) {
                    link.close(4003, "session lost");
                }
            }
        }
    }
}
