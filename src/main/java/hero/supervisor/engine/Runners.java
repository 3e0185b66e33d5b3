package hero.supervisor.engine;

import static java.time.temporal.ChronoUnit.MICROS;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Report;
import hero.supervisor.domain.Runner;
import hero.supervisor.domain.Signals;
import hero.supervisor.domain.Stop;
import hero.supervisor.domain.Time;
import hero.supervisor.domain.Trace;
import hero.supervisor.domain.Tracing;
import hero.supervisor.engine.Session.Held;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Completed;
import hero.supervisor.store.JobStore.Completion;
import hero.supervisor.store.RunnerStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The runner protocol (contract §6): what a connected runner may say, and what that does. Every change of a job
/// goes through the store's fences; what is kept here only speeds things up and
/// watches deadlines. Safe for any thread.
@SuppressWarnings("ReferenceEquality") // A link or session replaced by a newer one is another one, however equal.
public final class Runners {
    private static final Logger log = LoggerFactory.getLogger(Runners.class);

    private final JobStore jobs;
    private final RunnerStore store;
    private final Holds holds;
    private final Dispatch dispatch;
    private final Stops stops;
    private final Beats beats;
    private final RunnerControl control;
    private final Settings settings;
    private final Limits limits;
    private final Time time;
    private final Supplier<String> sessionIds;
    private final Function<Assignment.Key, CompletableFuture<?>> settled;
    private final Signals signals;
    private final Tracing tracing;
    private volatile boolean draining;

    /// What this class is built from; all of it outlives it.
    ///
    /// @param sessionIds makes ids that nobody can guess
    /// @param leases random numbers, the fences of hand-overs
    /// @param settled completes when all is written that must be before the outcome of a hand-over is
    public record Parts(
            JobStore jobs,
            RunnerStore runners,
            Results results,
            Settings settings,
            Limits limits,
            Time time,
            Supplier<String> sessionIds,
            LongSupplier leases,
            Function<Assignment.Key, CompletableFuture<?>> settled,
            Executor executor) {}

    public Runners(Parts parts) {
        this(parts, Signals.NONE, Tracing.NONE);
    }

    public Runners(Parts parts, Signals signals, Tracing tracing) {
        this.tracing = tracing;
        this.signals = signals;
        this.jobs = parts.jobs();
        this.store = parts.runners();
        this.settings = parts.settings();
        this.limits = parts.limits();
        this.time = parts.time();
        this.sessionIds = parts.sessionIds();
        this.settled = parts.settled();
        this.holds =
                new Holds(jobs, parts.results(), settings, time, parts.leases(), parts.executor(), signals, tracing);
        this.dispatch = holds.dispatch();
        this.stops = new Stops(jobs, holds, settings, time);
        this.beats = new Beats(jobs, store, holds, stops, settings, time);
        this.control = new RunnerControl(store, jobs, holds, stops);
    }

    Dispatch dispatch() {
        return dispatch;
    }

    Holds holds() {
        return holds;
    }

    Signals signals() {
        return signals;
    }

    Stops stops() {
        return stops;
    }

    public RunnerControl control() {
        return control;
    }

    // ---- the connection ----

    /// An open session, and what its runner is told.
    public record Joined(Session session, Connect.Connected answer) {}

    /// Opens a session, or takes an old one up again. The newest connection of a session supersedes the older one.
    public Joined connect(Connect hello, RunnerLink link, Origin origin) {
        if (draining) {
            throw new Refusal(Refusal.Kind.SHUTTING_DOWN, "this gateway is shutting down; connect to another one");
        }
        Runner runner = control.register(hello.name(), hello.queue(), origin);
        Connect.Resume resume = hello.resume();
        Session session = resume == null ? null : resumed(hello, runner, resume);
        RunnerLink old = session == null ? null : session.link;
        if (session == null || !joined(session, runner, link)) {
            session = new Session(sessionIds.get(), runner.name(), runner.queue(), hello.slots());
            store.openSession(row(session, hello), false, settings.lease());
            joined(session, runner, link);
        }
        holds.add(session);
        if (old != null && old != link) {
            old.close(4002, "superseded");
            // A connection that is half open takes its time to end: what its pulls got would reach nobody.
            dispatch.dismiss(session.queue);
        }
        boolean resumed = false;
        if (resume != null && resume.sessionId().equals(session.id)) {
            resumed = true;
            beats.resumed(session, resume.running());
        }
        origin.on(log.atInfo().addKeyValue("runner", runner.name()))
                .addKeyValue("session_id", session.id)
                .addKeyValue("slots", session.slots)
                .addKeyValue("resumed", resumed)
                .log("runner connected");
        return new Joined(
                session,
                new Connect.Connected(
                        session.id,
                        settings.heartbeat().toMillis(),
                        settings.lease().toMillis(),
                        settings.resumeGrace().toMillis(),
                        limits.logWindow(),
                        verdicts(session, resume)));
    }

    private boolean joined(Session session, Runner runner, RunnerLink link) {
        session.open = runner.open();
        session.draining = false;
        session.beatNanos = time.nanoTime();
        return session.take(link);
    }

    private @Nullable Session resumed(Connect hello, Runner runner, Connect.Resume resume) {
        Session local = holds.find(resume.sessionId());
        if (local != null && !local.runner.equals(runner.name())) {
            return null;
        }
        Session session = local != null && local.slots == hello.slots() && local.queue.equals(runner.queue())
                ? local
                : new Session(resume.sessionId(), runner.name(), runner.queue(), hello.slots());
        if (!store.openSession(row(session, hello), true, settings.lease())) {
            holds.lost(List.of(resume.sessionId()));
            return null;
        }
        // Also what this gateway knows of it may be old: it may have been at another one meanwhile, where a claim
        // may still be under way.
        holds.read(session);
        holds.doubt(session);
        return local != null && session != local && !superseded(local) ? null : session;
    }

    /// False when it is over already: its row is being closed, whoever took it up.
    private boolean superseded(Session old) {
        RunnerLink link;
        synchronized (old) {
            if (old.ended) {
                return false;
            }
            old.ended = true;
            link = old.link;
            old.link = null;
        }
        dispatch.lender().gone(old);
        if (link != null) {
            link.close(4002, "superseded");
        }
        return true;
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
        boolean here;
        boolean closing;
        synchronized (session) {
            if (session.link != link) {
                return;
            }
            session.link = null;
            session.goneNanos = time.nanoTime();
            here = !session.ended && holds.find(session.id) == session;
            closing = here && session.held.isEmpty() && session.reserved.get() == 0;
            session.ended |= closing;
        }
        dispatch.lender().gone(session);
        log.atInfo()
                .addKeyValue("runner", session.runner)
                .addKeyValue("session_id", session.id)
                .addKeyValue("held", session.held.size())
                .log("runner disconnected");
        if (closing) {
            holds.remove(session);
            store.closeSession(session.id, settings.node());
        } else if (here
                && !store.beat(session.id, settings.node(), settings.resumeGrace())
                        .isAlive()) {
            holds.remove(session);
        } else if (here && session.link != null) {
            // Taken up meanwhile, and its lease cut after that.
            store.beat(session.id, settings.node(), settings.lease());
        }
    }

    // ---- the protocol ----

    /// Work for a runner: the future holds at least one job, or none when the runner is to drain. Cancel it when
    /// the caller waits no longer. It holds nothing as well when another connection has taken the session up.
    ///
    /// @param link the connection that asks
    public CompletableFuture<List<Assignment>> pull(Session session, RunnerLink link, int max) {
        return pull(session, link, max, true);
    }

    /// Work that is there now: the future holds what one look into the queue found, maybe nothing.
    public CompletableFuture<List<Assignment>> look(Session session, RunnerLink link, int max) {
        return pull(session, link, max, false);
    }

    private CompletableFuture<List<Assignment>> pull(Session session, RunnerLink link, int max, boolean patient) {
        beats.pulling(session);
        if (session.draining) {
            return CompletableFuture.completedFuture(List.of());
        }
        return dispatch.pull(session, link, Math.min(max, limits.pullJobs()), patient).jobs;
    }

    /// What the runner is told of the trace of each job that has one, by job.
    public Map<String, Trace> traces(List<Assignment> jobs) {
        Map<String, Trace> traces = new HashMap<>();
        for (Assignment job : jobs) {
            Tracing.Run run = job.traced();
            if (run != null) {
                traces.put(job.job().id(), tracing.handed(run, job.startedAt().minus(job.waitedMicros(), MICROS)));
            }
        }
        return traces;
    }

    /// True when the runner shall finish what it has and leave. A gateway that shuts down does not say so: its
    /// runners go on elsewhere.
    public boolean drains(Session session) {
        return session.draining;
    }

    /// A sign of life, with what the runner works on: see [Beats#beat].
    public CompletableFuture<Beats.Beaten> beat(Session session, List<Hold> running) {
        return beats.beat(session, running);
    }

    /// What the session is to stop, as every answer to it repeats.
    public List<Stop> stops(Session session) {
        return stops.of(session);
    }

    /// Records outcomes; the futures complete, in order, after the commits that hold them.
    public List<CompletableFuture<Outcome>> complete(Session session, List<Report> reports, Origin origin) {
        beats.reporting(session);
        List<CompletableFuture<Outcome>> outcomes = new ArrayList<>();
        reports.forEach(report -> session.report(report.key()));
        dispatch.reported(session);
        for (Report report : reports) {
            Completion completion = new Completion(report.key(), report.result());
            CompletableFuture<?> before = settled.apply(report.key());
            CompletableFuture<Completed> recorded = before.isDone()
                    ? jobs.complete(completion)
                    : before.handle((_, _) -> completion).thenCompose(jobs::complete);
            outcomes.add(recorded.thenApply(done -> {
                holds.completed(session, report.key(), done, origin);
                return done.outcome();
            }));
        }
        return outcomes;
    }

    /// Hands jobs back that were not begun; their attempts do not count.
    public void release(Session session, List<Assignment.Key> keys) {
        holds.release(session, keys);
    }

    /// The runner wants no more jobs.
    public void drain(Session session) {
        control.dismiss(List.of(session));
    }

    /// True when the next pull or result of this session also writes that it is alive, which blocks.
    public boolean mustTell(Session session) {
        return beats.mustTell(session);
    }

    /// No further hand-overs from this gateway.
    public void drain() {
        draining = true;
        dispatch.stop();
    }

    /// Jobs in the hands of the sessions here.
    public int running() {
        return holds.running();
    }

    /// Sessions connected here.
    public int connected() {
        return holds.sessions().size();
    }
}
