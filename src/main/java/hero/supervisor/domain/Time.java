package hero.supervisor.domain;

import java.time.Instant;
import java.time.InstantSource;

/// Both clocks, handed in so that tests own them: wall time for what is stored or shown, `nanoTime` for durations.
/// Leases and deadlines use the database's clock instead. Safe for any thread.
public interface Time extends InstantSource {

    /// Monotonic nanoseconds of arbitrary origin, as `System.nanoTime`.
    long nanoTime();

    /// The machine's clocks.
    static Time system() {
        return new Time() {
            @Override
            public Instant instant() {
                return InstantSource.system().instant();
            }

            @Override
            public long nanoTime() {
                return System.nanoTime();
            }
        };
    }
}
