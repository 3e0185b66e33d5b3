package hero.supervisor.store;

/// What a beat has found its session to be.
public enum Pulse {
    /// It is gone.
    LOST,
    /// It has been resumed at another gateway.
    MOVED,
    /// It lives, and no job is in its hands.
    IDLE,
    /// It lives, and jobs may be in its hands.
    HOLDING;

    /// It is still the gateway's that asked.
    public boolean isAlive() {
        return this == IDLE || this == HOLDING;
    }
}
