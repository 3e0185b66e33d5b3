package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Sessions of one queue that have just been answered and will surely ask again at once, for the rest of what they
/// asked for: new jobs may be written for them ahead of that pull, and wait here for it. Without this a runner
/// with one pull at a time is always just asking when the next batch of jobs is put together, and they all go
/// through the queue. Guarded by the queue.
///
/// Only a session that has asked again within [#QUICK] the last time counts, and only for that long; what it does
/// not fetch within [#PATIENCE] goes back to the queue, and it is not relied upon until it has been quick again.
final class Ahead {
    private static final Duration QUICK = Duration.ofMillis(100);
    private static final Duration PATIENCE = Duration.ofMillis(200);

    private final LinkedHashSet<Session> expected = new LinkedHashSet<>();
    private final LinkedHashSet<Session> laden = new LinkedHashSet<>();

    /// What is known of one session. Guarded by its queue.
    static final class Asking {
        /// How many more jobs its next pull will take.
        int rest;

        /// It asked again at once, the last time.
        private boolean quick;

        private boolean answered;
        private long answeredNanos;
        private long ladenNanos;
        private final ArrayDeque<Assignment> jobs = new ArrayDeque<>(0);

        /// Its newest pull, when that had to wait.
        @Nullable
        Pull pull;
    }

    /// A pull of this session is about to be answered with so many jobs.
    void answering(Pull pull, int count, long nowNanos) {
        Asking asking = pull.session.asking;
        asking.rest = pull.max - count;
        asking.answered = asking.rest > 0;
        asking.answeredNanos = nowNanos;
        if (asking.quick && asking.answered) {
            expected.add(pull.session);
        }
    }

    /// A pull came. What waits for it, at most its `max`.
    List<Assignment> asked(Pull pull, long nowNanos) {
        Session session = pull.session;
        Asking asking = session.asking;
        if (asking.answered) {
            asking.quick = nowNanos - asking.answeredNanos < QUICK.toNanos();
            asking.answered = false;
        }
        asking.rest = 0;
        expected.remove(session);
        List<Assignment> taken = take(session, pull.max);
        // One that is about to be answered is nobody else's to answer.
        asking.pull = taken.isEmpty() ? pull : null;
        return taken;
    }

    /// A pull to come that a new job can be written for.
    ///
    /// @param before so many slots of its session must stay free
    @Nullable
    Pull next(int before, long nowNanos) {
        for (Iterator<Session> all = expected.iterator(); all.hasNext(); ) {
            Session session = all.next();
            boolean late = nowNanos - session.asking.answeredNanos > QUICK.toNanos();
            if (late || session.asking.rest <= 0 || session.ended || session.link == null) {
                all.remove();
            } else if (session.credit() > before) {
                return Pull.expected(session, session.asking.rest);
            }
        }
        return null;
    }

    /// The session's newest pull; null when that has been answered or withdrawn.
    @Nullable
    Pull open(Session session) {
        Pull newest = session.asking.pull;
        return newest == null || newest.jobs.isDone() ? null : newest;
    }

    /// True when the session will fetch what is put here for it.
    boolean keeps(Session session) {
        return session.asking.quick && session.link != null && !session.ended;
    }

    /// Keeps jobs for the next pull.
    void put(Session session, List<Assignment> jobs, long nowNanos) {
        Asking asking = session.asking;
        if (asking.jobs.isEmpty()) {
            asking.ladenNanos = nowNanos;
        }
        asking.jobs.addAll(jobs);
        laden.add(session);
        jobs.forEach(job -> mark(session, job, true));
    }

    /// Jobs that have been taken from the session meanwhile are left out.
    private List<Assignment> take(Session session, int max) {
        List<Assignment> taken = new ArrayList<>();
        ArrayDeque<Assignment> jobs = session.asking.jobs;
        while (!jobs.isEmpty() && taken.size() < max) {
            Assignment job = jobs.remove();
            if (mark(session, job, false)) {
                taken.add(job);
            }
        }
        if (jobs.isEmpty()) {
            laden.remove(session);
        }
        return taken;
    }

    /// False when the session does not hold it any more.
    private static boolean mark(Session session, Assignment job, boolean waits) {
        Session.Held held = session.held.get(job.job().id());
        if (held == null || !held.key.equals(job.key())) {
            return false;
        }
        held.waits = waits;
        return true;
    }

    /// What has waited too long, or all there is; no session holds it any more.
    List<Assignment> overdue(long nowNanos, boolean all) {
        List<Assignment> overdue = new ArrayList<>();
        for (Session session : List.copyOf(laden)) {
            if (all || nowNanos - session.asking.ladenNanos > PATIENCE.toNanos()) {
                session.asking.quick = false;
                for (Assignment job : take(session, Integer.MAX_VALUE)) {
                    session.held.remove(job.job().id());
                    overdue.add(job);
                }
            }
        }
        return overdue;
    }
}
