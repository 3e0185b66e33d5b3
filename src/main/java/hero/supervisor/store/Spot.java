package hero.supervisor.store;

import org.jspecify.annotations.Nullable;

/// Where jobs wait that came back to their queue with the place that they had before.
///
/// @param queue or [Notifications#ALL]
/// @param place of the first one; null when it is not known
public record Spot(String queue, @Nullable Place place) {
    /// @param seq the lowest among those of this priority
    public record Place(int priority, long seq) {}

    static Spot in(String queue) {
        return new Spot(queue, null);
    }

    static Spot of(String queue, int priority, long seq) {
        return new Spot(queue, new Place(priority, seq));
    }
}
