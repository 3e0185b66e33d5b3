package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// An open `runner.pull`. Complete or cancel the future to withdraw it; jobs that were under way to it go
/// back.
final class Pull {
    final Session session;
    /// Grows, while its session is elsewhere.
    volatile int max;
    /// False: one look into the queue answers it, also with nothing.
    final boolean patient;

    final CompletableFuture<List<Assignment>> jobs = new CompletableFuture<>();

    /// What writes have brought while others were still under way. Guarded by the queue, as all below.
    final List<Assignment> brought = new ArrayList<>(0);

    /// Claims and batches under way that may bring jobs: it is answered when the last of them is known.
    int writes;

    /// Places that those may fill.
    int promised;

    Pull(Session session, int max, boolean patient) {
        this.session = session;
        this.max = max;
        this.patient = patient;
    }

    /// True while another write may bring it a job. None may any more once one has: others that come and come
    /// would put its answer off for ever.
    boolean takes() {
        return brought.isEmpty() && promised < max && !jobs.isDone();
    }

    /// How many more it would take now.
    int room() {
        return takes() ? Math.min(max - promised, session.credit()) : 0;
    }
}
