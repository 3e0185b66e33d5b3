package hero.supervisor.store;

import java.util.Collection;
import java.util.List;

/// Told after commits what they have brought. Must return at once; called by any thread.
public interface Committed {
    Committed NOBODY = _ -> {};

    /// After each commit that may have written events.
    void news(News news);

    /// After each in which jobs became due and wait there, which writes no event.
    default void ripened(Collection<Spot> spots) {}

    /// What is to be said to another gateway about pulls.
    default void say(Lending word) {}

    /// What somebody at another gateway may wait for.
    ///
    /// @param queues in which new jobs wait, behind all that waited there before
    /// @param ended ids of jobs that ended
    /// @param isAll false when the events hold more of that kind
    record News(Collection<String> queues, Collection<String> ended, boolean isAll) {
        /// Nothing but what streams tell.
        static final News NONE = new News(List.of(), List.of(), true);

        /// The events have it.
        static final News LOGGED = new News(List.of(), List.of(), false);

        boolean isUrgent() {
            return !isAll || !queues.isEmpty() || !ended.isEmpty();
        }
    }
}
