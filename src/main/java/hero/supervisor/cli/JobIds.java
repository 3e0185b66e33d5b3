package hero.supervisor.cli;

import hero.supervisor.domain.Time;
import java.util.UUID;
import java.util.random.RandomGenerator;

/// Ids for jobs that name none. Made here rather than by the server, so that a caller whose connection breaks can
/// still ask for the result. UUID version 7: RFC 9562 §5.7.
final class JobIds {
    private JobIds() {}

    static String next(Time time, RandomGenerator random) {
        long high = (time.millis() << 16) | 0x7000L | (random.nextLong() & 0x0fffL);
        long low = (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low).toString();
    }
}
