package hero.supervisor.engine.sim;

import hero.supervisor.domain.Time;
import java.time.Instant;

/// The clocks of one process: the world's, plus what they have jumped. The database's never jump.
final class SimTime implements Time {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final World world;
    private long wallJumped;
    private long jumped;

    SimTime(World world) {
        this.world = world;
    }

    @Override
    public Instant instant() {
        return START.plusNanos(world.now() + wallJumped);
    }

    @Override
    public long nanoTime() {
        return world.now() + jumped;
    }

    /// The wall clock jumps either way; the monotonic one only ahead, as that of a machine that slept.
    void jump(long wallNanos, long nanos) {
        wallJumped += wallNanos;
        jumped += nanos;
    }
}
