package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ShareTest extends DirectFixture {
    /// New jobs and starts have a writer each.
    @Test
    void two_batches_that_are_put_together_at_once_fill_a_pull_each() {
        Pull one = parked(session("one", 4), 4);
        Pull two = parked(session("two", 4), 4);
        Object creates = new Object();
        Object starts = new Object();
        List<Runnable> written = new ArrayList<>();
        List<String> sessions = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String id = "j" + i;
            Direct direct = direct(job(id));
            var place = Objects.requireNonNull(direct.place(i % 2 == 0 ? creates : starts), id);
            sessions.add(place.slot().sessionId());
            written.add(() -> direct.created(handed(id, place), null));
        }
        written.forEach(Runnable::run);
        assertEquals(List.of("one", "two", "one", "two", "one", "two", "one", "two"), sessions);
        assertEquals(List.of("j0", "j2", "j4", "j6"), ids(one));
        assertEquals(List.of("j1", "j3", "j5", "j7"), ids(two));
    }
}
