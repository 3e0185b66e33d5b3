package hero.supervisor.domain;

/// What became of a result that a runner pushed.
public enum Outcome {
    /// It is the job's outcome now (or started its next attempt), durably.
    RECORDED("recorded"),
    /// The same hand-over has been answered before; that outcome stands. For a runner this is success.
    DUPLICATE("duplicate"),
    /// The hand-over no longer holds: another attempt, a timeout, a stop or a deletion came first. Nothing
    /// changed.
    STALE("stale");

    private final String word;

    Outcome(String word) {
        this.word = word;
    }

    public String word() {
        return word;
    }
}
