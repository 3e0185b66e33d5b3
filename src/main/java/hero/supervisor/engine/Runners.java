package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.Report;
import hero.supervisor.domain.Stop;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Runner;
import hero.supervisor.domain.Time;
import hero.supervisor.engine.Session.Held;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Completed;
import hero.supervisor.store.JobStore.Completion;
import hero.supervisor.store.RunnerStore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The runners connected to this gateway: their sessions, what they hold, and the rules of the runner protocol
/// (contract §6). Every change of a job goes through the store's fences; what is kept here only speeds things up and
/// watches deadlines. Safe for any thread.
@SuppressWarnings("ReferenceEquality") // A link or session replaced by a newer one is another one, however equal.
public final class Runners {
    private static final Logger log = LoggerFactory.getLogger(Runners.class);
    private static final int MISSES_MAX = 2;

    private final JobStore jobs;
    private final RunnerStore store;
    private final Results results;
    private final Dispatch dispatch;
    private final Settings settings;
    private final Limits limits;
    private final Time time;
    private final Supplier<String> sessionIds;
    private final ConcurrentHashMap<String, Session> sessions = new ConcurrentHashMap<>();
    private volatile boolean draining;

    /// What this class is built from; all of it outlives it.
    ///
    /// @param sessionIds makes ids that nobody can guess
    /// @param leases random numbers, the fences of hand-overs
    public record Parts(
            JobStore jobs,
            RunnerStore runners,
            Results results,
            Settings settings,
            Limits limits,
            Time time,
            Supplier<String> sessionIds,
            LongSupplier leases,
            Executor executor) {}

    public Runners(Parts parts) {
        this.jobs = parts.jobs();
        this.store = parts.runners();
        this.results = parts.results();
        this.settings = parts.settings();
        this.limits = parts.limits();
        this.time = parts.time();
        this.sessionIds = parts.sessionIds();
        this.dispatch = new Dispatch(jobs, parts.leases(), parts.executor(), this::hold);
    }

    public Dispatch dispatch() {
        return dispatch;
    }

    // ---- the connection ----

    /// An open session, and what its runner is told.
    public record Joined(Session session, Connect.Connected answer) {}

    /// Opens a session, or takes an old one up again. The newest connection of a session supersedes the older one.
    public Joined connect(Connect hello, RunnerLink link) {
        if (draining) {
            throw new Refusal(Refusal.Kind.SHUTTING_DOWN, "this gateway is shutting down; connect to another one");
        }
        Runner runner = register(hello.name(), hello.queue());
        Connect.Resume resume = hello.resume();
        Session session = resume == null ? null : resumed(hello, runner, resume);
        if (session == null) {
            session = new Session(sessionIds.get(), runner.name(), runner.queue(), hello.slots());
            store.openSession(row(session, hello), false, settings.lease());
        }
        session.open = runner.open();
        session.draining = false;
        session.beatNanos = time.nanoTime();
        RunnerLink old = session.link;
        session.link = link;
        sessions.put(session.id, session);
        if (old != null) {
            old.close(4002, "superseded");
        }
        log.atInfo()
                .addKeyValue("runner", runner.name())
                .addKeyValue("session_id", session.id)
                .addKeyValue("slots", session.slots)
                .addKeyValue("resumed", resume != null && resume.sessionId().equals(session.id))
                .log("runner connected");
        return new Joined(
                session,
                new Connect.Connected(
                        session.id,
                        settings.heartbeat().toMillis(),
                        settings.lease().toMillis(),
                        settings.resumeGrace().toMillis(),
                        0,
                        verdicts(session, resume)));
    }

    /// Adds a runner name, or finds it; another queue than its own is a conflict.
    public Runner register(String name, @Nullable String queue) {
        Runner present = store.find(name).orElse(null);
        if (present == null) {
            present = store.register(name, queue == null ? name : queue);
            store.audit("api", "runner.register", name, "queue " + present.queue());
            log.atInfo()
                    .addKeyValue("runner", name)
                    .addKeyValue("queue", present.queue())
                    .log("runner registered");
        }
        if (queue != null && !queue.equals(present.queue())) {
            throw Refusal.conflict("the runner '" + name + "' is registered for the queue '" + present.queue()
                            + "'; remove it first, or register another name for the queue '" + queue + "'")
                    .with("runner", name)
                    .with("queue", present.queue());
        }
        return present;
    }

    private @Nullable Session resumed(Connect hello, Runner runner, Connect.Resume resume) {
        Session local = sessions.get(resume.sessionId());
        Session session = local != null && local.runner.equals(runner.name()) && local.slots == hello.slots()
                ? local
                : new Session(resume.sessionId(), runner.name(), runner.queue(), hello.slots());
        if (!store.openSession(row(session, hello), true, settings.lease())) {
            sessions.remove(resume.sessionId());
            return null;
        }
        if (session != local) {
            for (JobStore.Held held : jobs.held(session.id)) {
                Held mine = new Held(
                        held.key(),
                        held.timeoutS(),
                        time.nanoTime()
                                + held.left().plus(settings.deadlineSlack()).toNanos());
                if (held.stopRequested()) {
                    mine.stop("stopped", time.nanoTime());
                }
                session.held.put(held.key().jobId(), mine);
            }
        }
        return session;
    }

    private RunnerStore.Session row(Session session, Connect hello) {
        return new RunnerStore.Session(
                session.id, session.runner, settings.node(), hello.slots(), hello.executors(), hello.labels());
    }

    private static List<Connect.Verdict> verdicts(Session session, Connect.@Nullable Resume resume) {
        List<Connect.Verdict> verdicts = new ArrayList<>();
        for (Hold hold : resume == null ? List.<Hold>of() : resume.running()) {
            Held held = session.held.get(hold.jobId());
            verdicts.add(new Connect.Verdict(hold, held != null && held.key.attempt() == hold.attempt()));
        }
        return verdicts;
    }

    /// The socket is gone. What the session holds stays its own for the resume grace.
    public void disconnected(Session session, RunnerLink link) {
        if (session.link != link) {
            return;
        }
        session.link = null;
        log.atInfo()
                .addKeyValue("runner", session.runner)
                .addKeyValue("session_id", session.id)
                .addKeyValue("held", session.held.size())
                .log("runner disconnected");
        if (session.held.isEmpty() && session.reserved.get() == 0) {
            sessions.remove(session.id, session);
            store.closeSession(session.id);
        } else {
            store.beat(session.id, settings.resumeGrace());
        }
    }

    // ---- the protocol ----

    /// Work for a runner: the future holds at least one job, or none when the runner is to drain. Cancel it when the
    /// caller waits no longer.
    public CompletableFuture<List<Assignment>> pull(Session session, int max) {
        return pull(session, max, true);
    }

    /// Work that is there now: the future holds what one look into the queue found, maybe nothing.
    public CompletableFuture<List<Assignment>> look(Session session, int max) {
        return pull(session, max, false);
    }

    private CompletableFuture<List<Assignment>> pull(Session session, int max, boolean patient) {
        touch(session);
        if (drains(session)) {
            return CompletableFuture.completedFuture(List.of());
        }
        return dispatch.pull(session, Math.min(max, limits.pullJobs()), patient).jobs;
    }

    /// True when the runner gets no more jobs here.
    public boolean drains(Session session) {
        return draining || session.draining;
    }

    private boolean hold(Session session, List<Assignment> assignments) {
        for (Assignment a : assignments) {
            long deadline = time.nanoTime()
                    + (long) (a.job().timeoutS() * 1e9)
                    + settings.deadlineSlack().toNanos();
            session.held.put(a.job().id(), new Held(a.key(), a.job().timeoutS(), deadline));
            log.atInfo()
                    .addKeyValue("job_id", a.job().id())
                    .addKeyValue("attempt", a.attempt())
                    .addKeyValue("runner", session.runner)
                    .log("job running");
        }
        return session.link != null && sessions.get(session.id) == session;
    }

    public record Beat(List<Stop> stops, List<Hold> abandon, boolean drain) {}

    /// A sign of life, with what the runner works on. A job that two beats in a row do not name goes back to its
    /// queue, its attempt not counted: the hand-over never arrived.
    public Beat beat(Session session, List<Hold> running) {
        extend(session);
        Map<String, Integer> named = new HashMap<>();
        List<Hold> abandon = new ArrayList<>();
        for (Hold r : running) {
            named.put(r.jobId(), r.attempt());
            Held held = session.held.get(r.jobId());
            if (held == null || held.key.attempt() != r.attempt()) {
                abandon.add(r);
            }
        }
        List<Assignment.Key> unknown = new ArrayList<>();
        for (Held held : session.held.values()) {
            boolean confirmed = Integer.valueOf(held.key.attempt()).equals(named.get(held.key.jobId()));
            held.misses = confirmed ? 0 : held.misses + 1;
            if (held.misses >= MISSES_MAX) {
                unknown.add(held.key);
            }
        }
        if (!unknown.isEmpty()) {
            release(session, unknown);
        }
        return new Beat(stops(session), abandon, drains(session));
    }

    /// What the session is to stop, as every answer to it repeats.
    public List<Stop> stops(Session session) {
        List<Stop> orders = new ArrayList<>();
        for (Held held : session.held.values()) {
            if (held.stopReason != null) {
                orders.add(order(held));
            }
        }
        return orders;
    }

    /// Records outcomes; the futures complete, in order, after the commits that hold them.
    public List<CompletableFuture<Outcome>> complete(Session session, List<Report> reports) {
        if (beatIsDue(session)) {
            // A lost session may still report: the fences decide what its outcomes are worth.
            session.beatNanos = time.nanoTime();
            store.beat(session.id, settings.lease());
        }
        List<CompletableFuture<Outcome>> outcomes = new ArrayList<>();
        for (Report report : reports) {
            outcomes.add(
                    jobs.complete(new Completion(report.key(), report.result())).thenApply(done -> {
                        completed(session, report.key(), done);
                        return done.outcome();
                    }));
        }
        return outcomes;
    }

    private void completed(Session session, Assignment.Key key, Completed done) {
        forget(session, key);
        JobResult result = done.result();
        if (result != null) {
            results.finished(key.jobId(), result);
        }
        String requeued = done.requeued();
        if (requeued != null) {
            dispatch.wake(requeued);
        }
        dispatch.credit(session.queue);
        log.atInfo()
                .addKeyValue("job_id", key.jobId())
                .addKeyValue("attempt", key.attempt())
                .addKeyValue("outcome", done.outcome().word())
                .log("result");
    }

    private void forget(Session session, Assignment.Key key) {
        if (!drop(session, key)) {
            sessions.values().forEach(other -> drop(other, key));
        }
    }

    private static boolean drop(Session session, Assignment.Key key) {
        Held held = session.held.get(key.jobId());
        return held != null && held.key.equals(key) && session.held.remove(key.jobId(), held);
    }

    /// Hands jobs back that were not begun; their attempts do not count.
    public void release(Session session, List<Assignment.Key> keys) {
        List<String> queues = jobs.release(keys);
        keys.forEach(key -> forget(session, key));
        queues.forEach(dispatch::wake);
        dispatch.credit(session.queue);
    }

    /// The runner wants no more jobs.
    public void drain(Session session) {
        session.draining = true;
        dispatch.dismiss(session.queue);
    }

    private void touch(Session session) {
        if (beatIsDue(session)) {
            extend(session);
        }
    }

    private boolean beatIsDue(Session session) {
        return time.nanoTime() - session.beatNanos > settings.heartbeat().toNanos();
    }

    private void extend(Session session) {
        session.beatNanos = time.nanoTime();
        if (!store.beat(session.id, settings.lease())) {
            sessions.remove(session.id, session);
            throw Refusal.conflict("the session ended because it was silent for too long; call runner.connect again")
                    .with("session_id", session.id)
                    .with("reason", "session_lost");
        }
    }

    // ---- stopping ----

    /// Tells the holder of a hand-over to stop; does nothing when it is not connected here.
    void stop(Assignment.Key key, String reason) {
        stop(key.jobId(), key.attempt(), reason);
    }

    void stop(String jobId, int attempt, String reason) {
        for (Session session : sessions.values()) {
            Held held = session.held.get(jobId);
            if (held != null && held.key.attempt() == attempt) {
                held.stop(reason, time.nanoTime());
                tell(session, held);
            }
        }
    }

    private void tell(Session session, Held held) {
        RunnerLink link = session.link;
        if (link != null) {
            link.stop(order(held));
        }
    }

    private Stop order(Held held) {
        String reason = held.stopReason;
        Hold hold = new Hold(held.key.jobId(), held.key.attempt());
        return new Stop(
                hold,
                reason == null ? "stopped" : reason,
                held.killing,
                settings.stopGrace().toMillis());
    }

    /// Ends what is over its time or has not stopped when asked. Called often; cheap when nothing is due.
    void watch() {
        long now = time.nanoTime();
        long grace = settings.stopGrace().toNanos();
        for (Session session : sessions.values()) {
            for (Held held : session.held.values()) {
                if (held.deadlineNanos - now <= 0) {
                    end(session, held, JobStatus.TIMEOUT, timedOut(held.timeoutS));
                } else if (held.stopReason != null && now - held.stopNanos >= 2 * grace) {
                    end(session, held, JobStatus.FAILED, "stopped");
                } else if (held.stopReason != null && !held.killing && now - held.stopNanos >= grace) {
                    held.killing = true;
                    tell(session, held);
                }
            }
        }
    }

    /// The words for a job that ran out of time. Source: issue "Foundation", part 9.
    public static String timedOut(double timeoutS) {
        boolean whole = timeoutS == Math.rint(timeoutS) && timeoutS < 1e15;
        return "timed out after " + (whole ? String.valueOf((long) timeoutS) : String.valueOf(timeoutS)) + " s";
    }

    private void end(Session session, Held held, JobStatus status, String error) {
        Completed done = jobs.end(held.key, status, error);
        held.killing = true;
        held.stop("timeout", time.nanoTime());
        tell(session, held);
        completed(session, held.key, done);
    }

    // ---- runner control ----

    /// Removes the name; its jobs stay in the queue, its connections are drained.
    public void remove(String name) {
        if (!store.remove(name)) {
            throw Refusal.runnerNotFound(name);
        }
        store.audit("api", "runner.remove", name, "");
        of(name).forEach(this::drain);
        log.atInfo().addKeyValue("runner", name).log("runner removed");
    }

    /// Opens the flow of jobs to a runner.
    public void start(String name) {
        setOpen(name, true);
        for (Session session : of(name)) {
            session.open = true;
            dispatch.wake(session.queue);
        }
    }

    /// Closes the flow of jobs to a runner; with `force` what runs there is stopped too.
    public void stop(String name, boolean force) {
        setOpen(name, false);
        for (Session session : of(name)) {
            session.open = false;
            if (force) {
                session.held.values().forEach(held -> jobs.stop(held.key.jobId()));
                session.held.values().forEach(held -> stop(held.key, "runner stopped"));
            }
        }
    }

    private void setOpen(String name, boolean open) {
        if (!store.setOpen(name, open)) {
            throw Refusal.runnerNotFound(name);
        }
        store.audit("api", open ? "runner.start" : "runner.stop", name, "");
        log.atInfo().addKeyValue("runner", name).addKeyValue("open", open).log("runner flow changed");
    }

    private List<Session> of(String name) {
        return sessions.values().stream()
                .filter(session -> session.runner.equals(name))
                .toList();
    }

    // ---- called by the sweeper ----

    /// Takes over what other gateways changed: closed flows.
    void refresh() {
        Set<String> closed = store.closed();
        for (Session session : sessions.values()) {
            boolean open = !closed.contains(session.runner);
            if (open != session.open) {
                session.open = open;
                dispatch.wake(session.queue);
            }
        }
    }

    /// These sessions are lost: nothing they held is theirs any more.
    void lost(Collection<String> ids) {
        for (String id : ids) {
            Session session = sessions.remove(id);
            if (session != null) {
                session.held.clear();
                RunnerLink link = session.link;
                if (link != null) {
                    link.close(4003, "session lost");
                }
            }
        }
    }

    /// No further hand-overs from this gateway.
    public void drain() {
        draining = true;
        sessions.values().forEach(this::drain);
    }

    /// Sessions connected here.
    public int connected() {
        return sessions.size();
    }
}
