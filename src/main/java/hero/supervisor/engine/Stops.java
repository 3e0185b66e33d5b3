package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Stop;
import hero.supervisor.domain.Time;
import hero.supervisor.engine.Session.Held;
import hero.supervisor.store.JobStore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Ends what runs: asks the runner, repeats it, kills, and at last ends the job without the runner. The same for
/// a job that is over its time. Safe for any thread.
final class Stops {
    /// In one commit.
    private static final int END_MAX = 500;

    private final JobStore jobs;
    private final Holds holds;
    private final Settings settings;
    private final Time time;

    Stops(JobStore jobs, Holds holds, Settings settings, Time time) {
        this.jobs = jobs;
        this.holds = holds;
        this.settings = settings;
        this.time = time;
    }

    /// Tells the holder of a hand-over to stop; does nothing when it is not connected here.
    void stop(Assignment.Key key, String reason) {
        holds.stopping(key);
        for (Session session : holds.sessions()) {
            Held held = session.held.get(key.jobId());
            if (held != null && held.key.equals(key)) {
                holds.stopped(key);
                held.stop(reason, time.nanoTime());
                tell(session, held);
            }
        }
    }

    /// Somebody, here or elsewhere, has asked these jobs to stop.
    void heard(Collection<String> jobIds) {
        if (!jobIds.isEmpty()) {
            jobs.stopping(jobIds).forEach(key -> stop(key, "stopped"));
        }
    }

    /// What the session is to stop, as every answer to it repeats.
    List<Stop> of(Session session) {
        List<Stop> orders = new ArrayList<>();
        for (Held held : session.held.values()) {
            if (held.stopReason != null) {
                orders.add(order(held));
            }
        }
        return orders;
    }

    private void tell(Session session, Held held) {
        RunnerLink link = session.link;
        if (link != null) {
            link.stop(order(held));
        }
    }

    private Stop order(Held held) {
        String reason = held.stopReason;
        return new Stop(
                new Hold(held.key.jobId(), held.key.attempt()),
                reason == null ? "stopped" : reason,
                held.killing,
                settings.stopGrace().toMillis());
    }

    /// Ends what is over its time or has not stopped when asked. Called often; cheap when nothing is due.
    void watch() {
        long now = time.nanoTime();
        long grace = settings.stopGrace().toNanos();
        List<Over> over = new ArrayList<>();
        for (Session session : holds.holding()) {
            for (Held held : session.held.values()) {
                if (held.deadlineNanos - now <= 0) {
                    over.add(new Over(session, held, JobStatus.TIMEOUT, timedOut(held.timeoutS)));
                } else if (held.stopReason != null && now - held.stopNanos >= 2 * grace) {
                    over.add(new Over(session, held, JobStatus.FAILED, "stopped"));
                } else if (held.stopReason != null && !held.killing && now - held.stopNanos >= grace) {
                    held.killing = true;
                    tell(session, held);
                }
            }
        }
        for (int from = 0; from < over.size(); from += END_MAX) {
            end(over.subList(from, Math.min(over.size(), from + END_MAX)));
        }
    }

    /// The words for a job that ran out of time.
    private static String timedOut(double timeoutS) {
        boolean whole = timeoutS == Math.rint(timeoutS) && timeoutS < 1e15;
        return "timed out after " + (whole ? String.valueOf((long) timeoutS) : String.valueOf(timeoutS)) + " s";
    }

    private record Over(Session session, Held held, JobStatus status, String error) {}

    /// Thousands may run out of time at once.
    private void end(List<Over> over) {
        List<JobStore.Completed> done = jobs.end(over.stream()
                .map(one -> new JobStore.Ending(one.held.key, one.status, one.error))
                .toList());
        for (int i = 0; i < over.size(); i++) {
            Over one = over.get(i);
            one.held.overTime = one.status == JobStatus.TIMEOUT;
            one.held.killing = true;
            one.held.stop("timeout", time.nanoTime());
            tell(one.session, one.held);
            holds.completed(one.session, one.held.key, done.get(i), Origin.NONE);
        }
    }
}
