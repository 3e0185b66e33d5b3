package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.domain.ManualTime;
import hero.supervisor.store.QueueHeads.Begin;
import hero.supervisor.store.QueueHeads.Edges;
import hero.supervisor.store.QueueHeads.Part;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Each step is what a claim tells: the oldest transaction that ran when it began, its own, and the last number
/// drawn.
class QueueHeadsTest {
    private static final Part EVERYTHING = Part.between(1000, -1000);

    private final ManualTime time = new ManualTime();
    private final QueueHeads heads = new QueueHeads(time);

    private Begin begin() {
        return heads.begin("q");
    }

    private void claim(long oldest, long own, long drawn, Map<Integer, Long> taken, boolean all) {
        Begin begin = begin();
        heads.seen(new Edges(oldest, own, drawn));
        heads.passed(begin, new TreeMap<>(taken), all);
    }

    private long head(int priority) {
        return begin().parts().stream()
                .filter(part -> part.priority() == priority)
                .mapToLong(Part::head)
                .findFirst()
                .orElse(0);
    }

    /// Numbers up to 10 are settled, and all that were drawn have been taken.
    private void settled() {
        claim(100, 101, 10, Map.of(0, 10L), true);
        claim(102, 103, 10, Map.of(0, 10L), true);
        claim(104, 105, 10, Map.of(0, 10L), true);
        assertEquals(11, head(0));
    }

    @Test
    void a_claim_of_an_unknown_queue_looks_at_everything() {
        assertEquals(List.of(EVERYTHING), begin().parts());
        settled();
        assertEquals(List.of(EVERYTHING), heads.begin("other").parts());
    }

    @Test
    void what_was_drawn_is_passed_once_all_older_transactions_have_finished() {
        claim(100, 101, 10, Map.of(0, 10L), true);
        claim(102, 104, 12, Map.of(0, 12L), true);
        // One that is older than the second claim still runs, and may have drawn any number up to 10.
        claim(103, 106, 14, Map.of(0, 14L), true);
        assertEquals(1, head(0));
        claim(105, 107, 15, Map.of(0, 15L), true);
        assertEquals(11, head(0));
    }

    @Test
    void a_claim_that_took_nothing_moves_with_what_is_settled() {
        settled();
        claim(106, 0, 20, Map.of(), true);
        claim(106, 107, 30, Map.of(0, 25L), true);
        claim(108, 0, 30, Map.of(), true);
        assertEquals(21, head(0));
    }

    @Test
    void a_claim_that_was_filled_passes_what_it_took_and_the_better_priorities() {
        settled();
        claim(106, 107, 90, Map.of(5, 11L, 0, 12L, -3, 13L), true);
        claim(108, 109, 90, Map.of(), true);
        claim(110, 111, 99, Map.of(5, 70L, 0, 60L), false);
        assertEquals(91, head(5));
        assertEquals(61, head(0));
        assertEquals(11, head(-3));
        assertEquals(
                List.of(
                        Part.between(1000, 5),
                        Part.of(5, 91),
                        Part.between(5, 0),
                        Part.of(0, 61),
                        Part.between(0, -3),
                        Part.of(-3, 11),
                        Part.between(-3, -1000)),
                begin().parts());
    }

    @Test
    void a_filled_claim_knows_nothing_of_the_priorities_below() {
        settled();
        claim(106, 107, 20, Map.of(3, 12L), false);
        assertEquals(11, head(0));
    }

    @Test
    void a_job_that_comes_back_is_in_front_of_the_floor_again() {
        settled();
        heads.returned(Spot.of("q", 0, 4));
        heads.returned(Spot.of("other", 0, 2));
        assertEquals(4, head(0));
        claim(106, 107, 10, Map.of(0, 4L), true);
        assertEquals(11, head(0));
    }

    @Test
    void a_claim_under_way_does_not_pass_what_came_back_meanwhile() {
        settled();
        Begin begin = begin();
        heads.returned(Spot.of("q", 0, 4));
        heads.seen(new Edges(106, 107, 10));
        heads.passed(begin, new TreeMap<>(), true);
        assertEquals(4, head(0));
    }

    @Test
    void a_job_that_came_back_nobody_knows_where_is_looked_for_everywhere() {
        settled();
        heads.returned(Spot.in("q"));
        assertEquals(List.of(EVERYTHING), begin().parts());
        settled();
        heads.returned(Spot.in(Notifications.ALL));
        assertEquals(List.of(EVERYTHING), begin().parts());
    }

    @Test
    void a_claim_under_way_does_not_bring_back_what_was_forgotten() {
        settled();
        Begin begin = begin();
        heads.forget();
        heads.seen(new Edges(106, 107, 10));
        heads.passed(begin, new TreeMap<>(Map.of(0, 10L)), true);
        assertEquals(List.of(EVERYTHING), begin().parts());
    }

    @Test
    void numbers_that_go_back_are_those_of_another_server() {
        settled();
        claim(106, 107, 9, Map.of(0, 9L), true);
        assertEquals(List.of(EVERYTHING), begin().parts());
        claim(108, 109, 9, Map.of(), true);
        claim(90, 91, 10, Map.of(0, 10L), true);
        assertEquals(List.of(EVERYTHING), begin().parts());
    }

    @Test
    void more_priorities_than_are_kept_are_looked_through() {
        for (int priority = 0; priority < 40; priority++) {
            claim(100 + priority, 101 + priority, 10, Map.of(priority, 10L), true);
        }
        assertEquals(List.of(Part.of(15, 11), Part.of(14, 11)), begin().parts().subList(1, 3));
        assertEquals(Part.between(1000, 15), begin().parts().getFirst());
    }

    @Test
    void a_queue_in_which_nobody_has_looked_for_long_is_forgotten() {
        settled();
        time.advance(Duration.ofMinutes(10));
        assertEquals(List.of(Spot.of("q", 0, 11)), heads.all());
        time.advance(Duration.ofNanos(1));
        assertEquals(List.of(), heads.all());
    }
}
