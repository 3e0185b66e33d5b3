package hero.supervisor.store;

import hero.supervisor.domain.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// The in-memory twin keeps the contract of the real store; tests of everything above the store rely on that.
class MemoryJobStoreTest extends JobStoreContract {
    private final MemoryDatabase shared = new MemoryDatabase(new Ticking());
    private final MemoryJobStore store = new MemoryJobStore(shared, "one");

    MemoryJobStoreTest() {
        shared.runner("runner", "queue");
        new MemoryRunnerStore(shared)
                .openSession(
                        new RunnerStore.Session("s1", "runner", "one", 5, List.of(), Map.of()),
                        false,
                        Duration.ofHours(1));
    }

    @Override
    JobStore store() {
        return store;
    }

    /// Moves by a millisecond whenever somebody looks.
    private static final class Ticking implements Time {
        private Instant now = Instant.parse("2026-01-01T00:00:00Z");

        @Override
        public Instant instant() {
            now = now.plusMillis(1);
            return now;
        }

        @Override
        public long nanoTime() {
            return now.toEpochMilli() * 1_000_000;
        }
    }
}
