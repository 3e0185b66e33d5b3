package hero.supervisor.domain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

final class BurstTest {
    private final List<String> done = new ArrayList<>();

    /// Notes that it was asked, and does it.
    private final Executor executor = work -> {
        done.add("handed");
        work.run();
    };

    @Test
    void what_steps_put_off_comes_after_them_and_the_last_on_the_same_thread() {
        Burst.run(2, i -> {
            Burst.later(executor, () -> done.add("later " + i));
            done.add("step " + i);
        });
        assertEquals(List.of("step 0", "step 1", "handed", "later 0", "later 1"), done);
    }

    @Test
    void a_long_burst_hands_on_what_it_has_now_and_then() {
        Burst.run(65, i -> Burst.later(executor, () -> done.add("later " + i)));
        assertEquals(64 * 2 + 1, done.size());
        assertEquals("later 64", done.getLast());
    }

    @Test
    void outside_a_burst_it_is_the_executors_now() {
        Burst.later(executor, () -> done.add("now"));
        assertEquals(List.of("handed", "now"), done);
    }

    @Test
    void an_executor_that_takes_nothing_more_costs_no_step() {
        Executor shut = work -> {
            throw new RejectedExecutionException();
        };
        Burst.run(200, i -> Burst.later(shut, () -> done.add("later " + i)));
        assertEquals(200, done.size());
    }
}
