package hero.supervisor.store;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// Lets a few at a time to the database, in the order in which they came. What takes long (a page of jobs that
/// few fit) or comes by the thousand (stops) would else hold all connections, and what everybody waits for would
/// have to stand behind it: commits and signs of life. Safe for any thread.
final class Lane {
    private static final int LANES = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Semaphore free;
    private final Duration patience;

    /// @param patience how long one waits for its turn before it is refused as `busy`
    Lane(int width, Duration patience) {
        this.free = new Semaphore(width, true);
        this.patience = patience;
    }

    /// A third of all connections, with ten seconds of patience.
    static Lane of(Database database) {
        return new Lane(Math.max(1, database.pool().max() / LANES), PATIENCE);
    }

    <R> R through(Supplier<R> call) {
        try {
            if (!free.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw Outage.exhausted();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Outage.exhausted();
        }
        try {
            return call.get();
        } finally {
            free.release();
        }
    }
}
