package hero.supervisor.cli;

/// Exit codes. Source: contract §2.
final class Exit {
    static final int OK = 0;
    /// The job ended as failed or by timeout.
    static final int JOB_FAILED = 1;
    /// A case of `runner-check` failed.
    static final int CHECK_FAILED = 1;
    /// Wrong arguments or settings, or something named that is not there or not in a state for this.
    static final int USAGE = 2;
    /// No connection, no permission, or no answer in time.
    static final int CONNECTION = 3;
    /// A bug: the command ended as nobody meant it to.
    static final int BUG = 70;

    private Exit() {}
}
