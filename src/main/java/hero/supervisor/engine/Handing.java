package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.JobStore;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/// The last step to a runner: jobs that are written as running for a session, and the pull that brings them there.
/// Safe for any thread.
final class Handing {
    private final JobStore store;
    private final Executor executor;
    private final Handover handover;
    private final Consumer<String> wake;
    private final Consumer<Collection<String>> doubt;

    /// Notes that a session holds jobs, before it is told. False when the session has ended, or is on another
    /// connection than the pull.
    interface Handover {
        boolean held(Pull pull, List<Assignment> jobs);

        /// These are in their queues again: their sessions do not hold them, whatever was read before.
        void returned(List<Assignment> jobs);

        /// A write was refused that may have been done all the same: the sessions may hold more than is known
        /// here.
        void doubt(Collection<String> sessionIds);
    }

    /// @param wake there may be work in this queue
    /// @param doubt these sessions, here or elsewhere, may hold more than is known
    Handing(
            JobStore store,
            Executor executor,
            Handover handover,
            Consumer<String> wake,
            Consumer<Collection<String>> doubt) {
        this.doubt = doubt;
        this.store = store;
        this.executor = executor;
        this.handover = handover;
        this.wake = wake;
    }

    /// Gives the pull the jobs that are written for it; adds them to `homeless` when it takes nothing any more.
    void hand(Pull pull, List<Assignment> jobs, List<Assignment> homeless) {
        if (pull.session.elsewhere) {
            // What it holds is its own gateway's to know.
            if (!pull.jobs.complete(List.copyOf(jobs))) {
                homeless.addAll(jobs);
            }
        } else if (!handover.held(pull, jobs)) {
            homeless.addAll(jobs);
        } else if (!pull.jobs.complete(List.copyOf(jobs))) {
            jobs.forEach(job -> pull.session.drop(job.key()));
            homeless.addAll(jobs);
        }
    }

    /// Back to the queue, their attempts not counted; on another thread.
    void giveBack(List<Assignment> homeless) {
        if (!homeless.isEmpty()) {
            executor.execute(() -> release(homeless));
        }
    }

    private void release(List<Assignment> homeless) {
        try {
            List<String> queues =
                    store.release(homeless.stream().map(Assignment::key).toList());
            handover.returned(homeless);
            queues.forEach(wake);
        } catch (RuntimeException e) {
            doubt.accept(homeless.stream().map(Assignment::sessionId).toList());
            throw e;
        }
    }
}
