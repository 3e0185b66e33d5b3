package hero.supervisor.store;

import hero.supervisor.store.JobStore.Place;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A write with the place that its job was offered when the batch was put together.
record Placed<W extends Placeable>(W write, @Nullable Place place) {
    /// Those of one batch.
    static <W extends Placeable> List<Placed<W>> of(List<W> writes) {
        Object batch = new Object();
        return writes.stream()
                .map(write -> new Placed<>(write, write.placing().place(batch)))
                .toList();
    }

    Placed<W> without() {
        return new Placed<>(write, null);
    }

    @Nullable
    String queue() {
        return place == null ? null : place.queue();
    }

    @Nullable
    String session() {
        return place == null ? null : place.slot().sessionId();
    }

    @Nullable
    Long lease() {
        return place == null ? null : place.slot().lease();
    }
}
