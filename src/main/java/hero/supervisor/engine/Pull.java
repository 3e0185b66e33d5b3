package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// An open `runner.pull`. Complete or cancel the future to withdraw it; jobs that were under way to it go
/// back.
final class Pull {
    final Session session;
    final int max;
    /// False: one look into the queue answers it, also with nothing.
    final boolean patient;

    final CompletableFuture<List<Assignment>> jobs = new CompletableFuture<>();

    Pull(Session session, int max, boolean patient) {
        this.session = session;
        this.max = max;
        this.patient = patient;
    }
}
