package hero.supervisor.store;

/// What a beat has found its session to be.
public enum Pulse {
    /// It is gone, or has been resumed at another gateway.
    LOST,
    /// It lives, and no job is in its hands.
    IDLE,
    /// It lives, and jobs may be in its hands.
    HOLDING
}
