package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Time;
import hero.supervisor.engine.Session.Held;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Completed;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The sessions on this gateway and what each holds: notes hand-overs, forgets what has ended, and tells whoever
/// waits. Safe for any thread.
final class Holds {
    private static final Logger log = LoggerFactory.getLogger(Holds.class);

    private final ConcurrentHashMap<String, Session> sessions = new ConcurrentHashMap<>();
    private final Results results;
    private final Settings settings;
    private final Time time;
    private final Dispatch dispatch;

    Holds(JobStore jobs, Results results, Settings settings, Time time, LongSupplier leases, Executor executor) {
        this.results = results;
        this.settings = settings;
        this.time = time;
        this.dispatch = new Dispatch(jobs, leases, executor, this::hold);
    }

    Dispatch dispatch() {
        return dispatch;
    }

    Collection<Session> sessions() {
        return sessions.values();
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

    void remove(Session session) {
        sessions.remove(session.id, session);
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
        return session.link != null && session.equals(sessions.get(session.id));
    }

    /// A hand-over is over: its slot is free, its job final or queued again.
    void completed(Session session, Assignment.Key key, Completed done) {
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

    void forget(Session session, Assignment.Key key) {
        if (!drop(session, key)) {
            sessions.values().forEach(other -> drop(other, key));
        }
    }

    private static boolean drop(Session session, Assignment.Key key) {
        Held held = session.held.get(key.jobId());
        return held != null && held.key.equals(key) && session.held.remove(key.jobId(), held);
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
}
