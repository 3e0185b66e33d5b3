package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// An open `runner.pull`. Complete or cancel the future to withdraw it; jobs that were under way to it go
/// back.
@SuppressWarnings("ReferenceEquality") // A link is itself and no other, however equal.
final class Pull {
    final Session session;
    /// The connection that it came on; null when its session is elsewhere.
    private final @Nullable RunnerLink link;
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

    /// Nobody waits for it any more: it is answered with what is under way to it, or with nothing.
    boolean withdrawn;

    Pull(Session session, @Nullable RunnerLink link, int max, boolean patient) {
        this.session = session;
        this.link = link;
        this.max = max;
        this.patient = patient;
    }

    /// True while another write may bring it a job. None may any more once one has: others that come and come
    /// would put its answer off for ever.
    boolean takes() {
        return brought.isEmpty() && promised < max && !withdrawn && !jobs.isDone() && !isSuperseded();
    }

    /// Another connection has taken its session up, or none has it: an answer to this one reaches nobody.
    boolean isSuperseded() {
        return session.link != link;
    }

    /// How many more it would take now.
    int room() {
        return takes() ? Math.min(max - promised, session.credit()) : 0;
    }
}
