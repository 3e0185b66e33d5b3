package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Stop;
import hero.supervisor.domain.Time;
import hero.supervisor.engine.Session.Held;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.Pulse;
import hero.supervisor.store.RunnerStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Signs of life of runners, and what they show: a lease goes on, and a job that two beats in a row do not name
/// goes back to its queue, its attempt not counted, as the hand-over never arrived. One that is at_most_once
/// fails: it may have. Safe for any thread.
public final class Beats {
    private static final Logger log = LoggerFactory.getLogger(Beats.class);

    private final JobStore jobs;
    private final RunnerStore store;
    private final Holds holds;
    private final Stops stops;
    private final Settings settings;
    private final Time time;

    Beats(JobStore jobs, RunnerStore store, Holds holds, Stops stops, Settings settings, Time time) {
        this.jobs = jobs;
        this.store = store;
        this.holds = holds;
        this.stops = stops;
        this.settings = settings;
        this.time = time;
    }

    /// What a runner is told after a beat.
    public record Beat(List<Stop> stops, List<Hold> abandon, boolean drain) {}

    /// A beat whose lease is written.
    public final class Beaten {
        private final Session session;
        private final List<Hold> running;
        private final @Nullable List<Held> unnamed;

        /// @param unnamed what goes back; null when that shows only after a look into the database
        private Beaten(Session session, List<Hold> running, @Nullable List<Held> unnamed) {
            this.session = session;
            this.running = running;
            this.unnamed = unnamed;
        }

        /// False when [#answer] reads or writes before it returns.
        public boolean isQuick() {
            return unnamed != null && unnamed.isEmpty();
        }

        /// Takes back what beats do not name. Once.
        public Beat answer() {
            List<Held> back = unnamed;
            if (back == null) {
                holds.read(session);
                back = session.unnamed(running);
            }
            List<Hold> abandon = session.heard(running);
            giveUp(session, back);
            return new Beat(stops.of(session), abandon, session.draining);
        }
    }

    /// A runner beats, and names what it works on. The future completes when its lease is written; it fails with
    /// `conflict` (`session_lost`) when the session is over, and as any write does.
    CompletableFuture<Beaten> beat(Session session, List<Hold> running) {
        // It has been heard, also when its lease cannot be written now.
        session.heard(running);
        long now = time.nanoTime();
        session.beatNanos = now;
        RunnerLink link = session.link;
        CompletableFuture<Pulse> pulse = session.ended
                ? CompletableFuture.completedFuture(Pulse.LOST)
                : store.beatSoon(session.id, settings.node(), settings.lease());
        return pulse.thenApply(found -> {
            if (!found.isAlive()) {
                throw lost(session, link, found);
            }
            if (found == Pulse.IDLE && session.held.isEmpty()) {
                // As good as a read that finds nothing, to which thousands of idle runners would come in turn.
                session.readNanos = now;
            }
            return new Beaten(session, running, holds.isDoubtful(session) ? null : session.unnamed(running));
        });
    }

    /// A runner that has lost its session shall come back, one whose session another has taken up shall not: they
    /// would take it from each other for ever.
    private Refusal lost(Session session, @Nullable RunnerLink link, Pulse found) {
        holds.remove(session);
        if (found == Pulse.MOVED && link != null) {
            link.close(4002, "superseded");
        }
        return Refusal.conflict("the session ended because it was silent for too long; call runner.connect again")
                .with("session_id", session.id)
                .with("reason", "session_lost");
    }

    /// A resumption counts as a beat: it names all that the runner has. So an answer to a pull that was lost with
    /// the connection goes back at the next beat, if not at once.
    void resumed(Session session, List<Hold> running) {
        try {
            // The end of its last connection may have cut the lease after it was resumed.
            store.beat(session.id, settings.node(), settings.lease());
            giveUp(session, session.unnamed(running));
        } catch (Refusal busy) {
            log.atWarn().addKeyValue("session_id", session.id).setCause(busy).log("left to the next beat");
        }
    }

    private void giveUp(Session session, List<Held> unnamed) {
        List<Assignment.Key> unknown = new ArrayList<>();
        for (Held held : unnamed) {
            if (held.atMostOnce) {
                // Perhaps it arrived and was begun: another hand-over could be the second.
                holds.completed(
                        session,
                        held.key,
                        jobs.end(List.of(new JobStore.Ending(held.key, JobStatus.FAILED, "runner lost")))
                                .getFirst(),
                        Origin.NONE);
            } else {
                unknown.add(held.key);
            }
        }
        if (!unknown.isEmpty()) {
            holds.release(session, unknown);
        }
    }

    /// True when the next pull or result of this session also writes that it is alive, which blocks.
    boolean mustTell(Session session) {
        return session.ended || isDue(session);
    }

    /// Before a pull: writes that the session is alive, if nobody has for long. Throws like [#beat].
    void pulling(Session session) {
        if (mustTell(session)) {
            session.beatNanos = time.nanoTime();
            RunnerLink link = session.link;
            Pulse found = session.ended ? Pulse.LOST : store.beat(session.id, settings.node(), settings.lease());
            if (!found.isAlive()) {
                throw lost(session, link, found);
            }
        }
    }

    /// Before a result. A lost session may still report: the fences decide what its outcomes are worth.
    void reporting(Session session) {
        if (isDue(session)) {
            session.beatNanos = time.nanoTime();
            store.beat(session.id, settings.node(), settings.lease());
        }
    }

    private boolean isDue(Session session) {
        return time.nanoTime() - session.beatNanos > settings.lateNanos();
    }
}
