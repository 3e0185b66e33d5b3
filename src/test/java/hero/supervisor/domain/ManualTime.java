package hero.supervisor.domain;

import java.time.Duration;
import java.time.Instant;

/// Clocks that move when a test says so.
public final class ManualTime implements Time {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private long nanos;

    @Override
    public synchronized Instant instant() {
        return now;
    }

    @Override
    public synchronized long nanoTime() {
        return nanos;
    }

    public synchronized void advance(Duration by) {
        now = now.plus(by);
        nanos += by.toNanos();
    }
}
