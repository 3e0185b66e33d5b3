package hero.supervisor.store;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/// When numbers of transactions were given out, by the database's clock: at that time all from there on were still
/// to come, or had just begun. So whatever a transaction of a later number has written was written later, however
/// long others run and hold it back. Safe for any thread.
final class Epochs {
    private static final Duration EVERY = Duration.ofMinutes(1);
    private static final int KEPT = 2000;

    /// @param next one more than the highest number that had ended
    private record Epoch(long next, Instant at) {}

    private final ArrayDeque<Epoch> newestFirst = new ArrayDeque<>();

    /// Remembers one a minute, for a day and more.
    synchronized void seen(long next, Instant at) {
        Epoch last = newestFirst.peekFirst();
        boolean isTime = last == null || Duration.between(last.at(), at).abs().compareTo(EVERY) >= 0;
        if (isTime) {
            newestFirst.addFirst(new Epoch(next, at));
            if (newestFirst.size() > KEPT) {
                newestFirst.removeLast();
            }
        }
    }

    /// A time before which no transaction of this number or a later one has written anything; the latest that is
    /// known. Null when none is.
    synchronized @Nullable Instant before(long number) {
        Iterator<Epoch> epochs = newestFirst.iterator();
        while (epochs.hasNext()) {
            Epoch epoch = epochs.next();
            if (epoch.next() <= number) {
                return epoch.at();
            }
        }
        return null;
    }
}
