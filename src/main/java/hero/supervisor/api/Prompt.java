package hero.supervisor.api;

/// A method that never blocks: decode, begin, and say what its answer hangs on. Runs on the thread that reads the
/// connection, so thousands of its calls may be open without a thread of their own. Throws like [Handler].
@FunctionalInterface
public interface Prompt {

    /// What the answer hangs on.
    Pending<?> begin(Call call);

    /// False when this call of this peer would block after all: then it gets a thread.
    default boolean fits(Peer peer) {
        return true;
    }
}
