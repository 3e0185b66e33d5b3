package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/// The last step to a runner: jobs that are written as running for a session, and the pull that brings them there.
/// Safe for any thread.
final class Handing {
    private final JobStore store;
    private final Time time;
    private final Executor executor;
    private final Handover handover;
    private final Consumer<String> wake;
    private volatile boolean stopped;

    /// Notes that a session holds jobs, before it is told. False when the session has ended.
    interface Handover {
        boolean held(Session session, List<Assignment> jobs);

        /// A write was refused that may have been done all the same: the sessions may hold more than is known
        /// here.
        void doubt(Collection<String> sessionIds);
    }

    /// @param wake there may be work in this queue
    Handing(JobStore store, Time time, Executor executor, Handover handover, Consumer<String> wake) {
        this.store = store;
        this.time = time;
        this.executor = executor;
        this.handover = handover;
        this.wake = wake;
    }

    /// Nothing waits for a pull any more.
    void stop() {
        stopped = true;
    }

    /// Gives the pull the jobs that are written for it. What it does not take waits for the session's next pull
    /// when that is sure to come, else it is added to `homeless`.
    void hand(Dispatch.Queue queue, Pull pull, List<Assignment> jobs, List<Assignment> homeless) {
        if (!handover.held(pull.session, jobs)) {
            homeless.addAll(jobs);
            return;
        }
        List<Assignment> left = pull.expected ? jobs : answer(queue, pull, jobs);
        while (!left.isEmpty()) {
            Pull open;
            synchronized (queue) {
                open = queue.ahead.open(pull.session);
                if (open == null && !stopped && queue.ahead.keeps(pull.session)) {
                    queue.ahead.put(pull.session, left, time.nanoTime());
                    return;
                }
            }
            if (open == null) {
                left.forEach(job -> pull.session.held.remove(job.job().id()));
                homeless.addAll(left);
                return;
            }
            left = answer(queue, open, left);
        }
    }

    /// Gives a pull as much as it takes, unless it was answered or withdrawn; returns what is left.
    private List<Assignment> answer(Dispatch.Queue queue, Pull pull, List<Assignment> jobs) {
        List<Assignment> part = List.copyOf(jobs.subList(0, Math.min(pull.max, jobs.size())));
        synchronized (queue) {
            if (pull.jobs.isDone()) {
                return jobs;
            }
            queue.ahead.answering(pull, part.size(), time.nanoTime());
        }
        return pull.jobs.complete(part) ? jobs.subList(part.size(), jobs.size()) : jobs;
    }

    /// Back to the queue, their attempts not counted; on another thread.
    void giveBack(List<Assignment> homeless) {
        if (!homeless.isEmpty()) {
            executor.execute(() -> release(homeless));
        }
    }

    private void release(List<Assignment> homeless) {
        try {
            store.release(homeless.stream().map(Assignment::key).toList()).forEach(wake);
        } catch (RuntimeException e) {
            handover.doubt(homeless.stream().map(Assignment::sessionId).toList());
            throw e;
        }
    }
}
