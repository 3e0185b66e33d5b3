package hero.supervisor.engine;

import hero.supervisor.domain.Time;
import java.util.UUID;
import java.util.random.RandomGenerator;

/// Ids that sort by time and cannot be guessed: UUID version 7. Source: RFC 9562 §5.7. Safe for any thread if
/// `random` is.
public final class Ids {
    private final RandomGenerator random;
    private final Time time;

    public Ids(RandomGenerator random, Time time) {
        this.random = random;
        this.time = time;
    }

    /// 48 bits of milliseconds, then 74 random bits around version and variant.
    public String next() {
        long high = (time.millis() << 16) | 0x7000 | (random.nextLong() & 0x0fff);
        long low = (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low).toString();
    }
}
