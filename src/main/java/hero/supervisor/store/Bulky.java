package hero.supervisor.store;

import hero.supervisor.domain.LogAppend;

/// A write that may be large.
interface Bulky {
    /// About how many bytes it keeps in memory: one for each character, of which the JVM may need two.
    long bytes();

    /// Of any write; 0 for one that is small.
    static long of(Object write) {
        return switch (write) {
            case Bulky bulky -> bulky.bytes();
            case LogAppend append -> append.data().length();
            default -> 0;
        };
    }
}
