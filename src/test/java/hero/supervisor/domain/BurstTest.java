package hero.supervisor.domain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
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
    void what_steps_put_off_comes_after_them_the_last_sixteen_on_the_same_thread() {
        Burst.run(18, i -> {
            Burst.later(executor, () -> done.add("later " + i));
            done.add("step");
        });
        assertEquals(Collections.nCopies(18, "step"), done.subList(0, 18));
        List<String> later = done.subList(18, done.size());
        assertEquals(List.of("handed", "later 0", "later 1"), later.subList(0, 3));
        assertEquals("later 17", later.getLast());
        assertEquals(19, later.size());
    }

    @Test
    void a_long_burst_hands_on_what_it_has_now_and_then() {
        Burst.run(65, i -> Burst.later(executor, () -> done.add("later " + i)));
        assertEquals(4, Collections.frequency(done, "handed"), "sixteen each");
        assertEquals(65 + 4, done.size());
        assertEquals("later 64", done.getLast());
    }

    @Test
    void a_task_that_fails_costs_no_other() {
        assertThrows(
                IllegalStateException.class,
                () -> Burst.run(
                        3,
                        i -> Burst.later(executor, () -> {
                            done.add("later " + i);
                            if (i == 1) {
                                throw new IllegalStateException("a bug");
                            }
                        })));
        assertEquals(List.of("later 0", "later 1", "later 2"), done);
    }

    @Test
    void outside_a_burst_it_is_done_now() {
        Burst.later(executor, () -> done.add("now"));
        assertEquals(List.of("now"), done);
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
