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
    /// Nobody has asked yet.
    final boolean expected;

    final CompletableFuture<List<Assignment>> jobs = new CompletableFuture<>();

    Pull(Session session, int max, boolean patient) {
        this(session, max, patient, false);
    }

    private Pull(Session session, int max, boolean patient, boolean expected) {
        this.session = session;
        this.max = max;
        this.patient = patient;
        this.expected = expected;
    }

    static Pull expected(Session session, int max) {
        return new Pull(session, max, true, true);
    }

    /// One slot of its session is meant for it.
    void reserve() {
        session.reserved.incrementAndGet();
        session.asking.rest -= expected ? 1 : 0;
    }

    /// So many slots of those that were meant for it are left after all. Guarded by the queue.
    void more(int slots) {
        session.asking.rest += expected ? slots : 0;
    }
}
