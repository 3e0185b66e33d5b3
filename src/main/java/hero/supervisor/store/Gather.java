package hero.supervisor.store;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/// When the first write of a batch waits for others.
///
/// @param time how long at most
/// @param each so much longer for every one that waits, up to [#LONGEST] in all; asked of the first one
/// @param after whether a batch does that comes after one of these; asked with none before the first
/// @param enough how many of these, the first ones, need not wait longer: asked when at least so many have come
/// as the smaller of the last two batches had, and when somebody says so ([GroupCommit#look]). When it is so many
/// or more they are written, the rest is the beginning of the next batch. Under the queue's lock, so it must
/// return at once.
record Gather<C>(Duration time, Function<C, Duration> each, Predicate<List<C>> after, ToIntFunction<List<C>> enough) {
    private static final Duration LONGEST = Duration.ofMillis(10);
    private static final Duration WAVE = Duration.ofMillis(2);

    static <C> Gather<C> never() {
        return new Gather<>(Duration.ZERO, _ -> Duration.ZERO, _ -> false, List::size);
    }

    static <C> Gather<C> always(Duration time) {
        return new Gather<>(time, _ -> Duration.ZERO, _ -> true, _ -> 0);
    }

    /// The callers of a wave come back together, and one statement for all of them costs much less than two. A
    /// wave of one waits for nobody, but maybe for what makes it enough.
    static <C> Gather<C> waves(Function<C, Duration> each, Predicate<C> any, ToIntFunction<List<C>> enough) {
        return new Gather<>(WAVE, each, last -> last.stream().anyMatch(any), enough);
    }

    /// How long so many writes wait at most.
    long forNs(int writes, C first) {
        long more = each.apply(first).toNanos() * writes;
        return Math.max(time.toNanos(), Math.min(time.toNanos() + more, LONGEST.toNanos()));
    }
}
