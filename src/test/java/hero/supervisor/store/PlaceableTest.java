package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobFixture;
import hero.supervisor.store.JobStore.Place;
import hero.supervisor.store.JobStore.Placing;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// When a batch of new jobs need not wait for runners to ask.
class PlaceableTest {
    private final List<String> asked = new ArrayList<>();

    private CreateBatch.Create create(String runner, boolean near, int places) {
        Job job = JobFixture.job("j", runner, 60, Job.Extras.NONE);
        return CreateBatch.Create.of(job, true, null, new Placing() {
            @Override
            public @Nullable Place place(Object batch) {
                return null;
            }

            @Override
            public boolean isNear() {
                return near;
            }

            @Override
            public int room() {
                asked.add(runner);
                return places;
            }
        });
    }

    @Test
    void each_runner_is_asked_once_for_all_its_jobs() {
        assertEquals(3, Placeable.placed(List.of(create("a", true, 2), create("a", true, 2), create("b", true, 1))));
        assertEquals(List.of("a", "b"), asked);
    }

    @Test
    void one_runner_without_room_is_reason_to_wait_for_the_first_job_that_has_none_and_those_behind_it() {
        assertEquals(
                2,
                Placeable.placed(List.of(
                        create("a", true, 9), create("b", true, 1), create("b", true, 1), create("a", true, 9))));
    }

    @Test
    void a_runner_that_nobody_here_knows_is_not_waited_for() {
        assertEquals(2, Placeable.placed(List.of(create("a", false, 0), create("b", true, 1))));
        assertEquals(List.of("b"), asked);
    }
}
