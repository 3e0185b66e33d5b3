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
    /// No connection, no permission, no answer in time, or no way to write what came.
    static final int CONNECTION = 3;
    /// A bug: the command ended as nobody meant it to.
    static final int BUG = 70;

    /// Whoever read the output has left: what a shell says of a program that SIGPIPE ended.
    static final int READER_LEFT = 141;

    private Exit() {}
}
