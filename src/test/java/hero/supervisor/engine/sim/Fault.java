package hero.supervisor.engine.sim;

/// What can go wrong, and how often where it can. Each seed switches some of them on.
enum Fault {
    // ---- the network ----
    DROP(0.03),
    DUPLICATE(0.05),
    REORDER(0.1),
    DELAY(0.05),
    /// A connection that one side believes in for long after the other has left.
    HALF_OPEN(0.5),
    DISCONNECT(0.03),

    // ---- gateways ----
    NODE_CRASH(0.012),
    NODE_STALL(0.008),
    NODE_RESTART(0.008),
    CLOCK_JUMP(0.02),
    SWEEPER_STALL(0.05),
    /// The event log is not looked at for long.
    LOST_NEWS(0.1),
    /// What one gateway says to another one does not come, or comes twice.
    LOST_WORD(0.05),
    WORD_TWICE(0.05),

    // ---- the database, as one call to it sees it ----
    STORE_BEFORE(0.04),
    /// Done, but the caller is told otherwise.
    STORE_AFTER(0.04),
    /// Done after the caller was told otherwise.
    STORE_LATE(0.02),
    STORE_SLOW(0.05),

    // ---- runners ----
    RUNNER_CRASH(0.01),
    RUNNER_STALL(0.015),
    FORGET_HANDOVER(0.05),
    RESULT_AGAIN(0.2),
    RESULT_LATE(0.2),
    /// It gives back what it has ended already, which may run again elsewhere.
    RELEASE_LATE(0.2),
    /// It ignores that it was told to stop or to abandon a job.
    DEAF(0.3);

    final double likelihood;

    Fault(double likelihood) {
        this.likelihood = likelihood;
    }
}
