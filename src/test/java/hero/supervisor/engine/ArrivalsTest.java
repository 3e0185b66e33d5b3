package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ArrivalsTest {
    private final Arrivals arrivals = new Arrivals();
    private final Object batch = new Object();

    private static List<Assignment> claimed(String... jobs) {
        return Arrays.stream(jobs)
                .map(id -> new Assignment(job(id), 1, 1, "s", Instant.EPOCH))
                .toList();
    }

    private void coming(String... jobs) {
        for (String job : jobs) {
            arrivals.coming(batch, job);
        }
    }

    @Test
    void with_the_first_that_is_told_its_whole_batch_waits() {
        coming("a", "b");
        assertEquals(0, arrivals.waiting());
        assertEquals(2, arrivals.before());
        assertTrue(arrivals.written(batch, "a", true));
        assertEquals(2, arrivals.waiting());
        assertTrue(arrivals.written(batch, "b", false), "that one was refused");
        assertEquals(1, arrivals.waiting());
    }

    @Test
    void a_claim_that_is_faster_than_the_news_of_the_commit_leaves_nothing_behind() {
        coming("a", "b");
        arrivals.seek(9);
        assertEquals(0, arrivals.found(claimed("a", "b"), false));
        arrivals.written(batch, "a", true);
        arrivals.written(batch, "b", true);
        assertEquals(0, arrivals.before());
    }

    @Test
    void what_a_claim_is_to_find_is_before_nobody_and_what_it_left_waits_again() {
        coming("a", "b", "c");
        arrivals.written(batch, "a", true);
        arrivals.seek(9);
        assertEquals(0, arrivals.before());
        assertEquals(0, arrivals.found(claimed("b"), false));
        assertEquals(2, arrivals.waiting());
        arrivals.seek(9);
        assertEquals(1, arrivals.found(claimed("a", "of another gateway"), true));
        assertEquals(0, arrivals.waiting(), "the third was claimed elsewhere");
    }

    @Test
    void what_a_claim_has_no_slot_for_is_before_others_all_the_time() {
        coming("a", "b", "c");
        arrivals.written(batch, "a", true);
        arrivals.seek(1);
        assertEquals(2, arrivals.before());
        arrivals.found(claimed("a"), false);
        assertEquals(2, arrivals.before());
    }

    @Test
    void of_two_writes_about_one_job_the_one_that_wrote_it_counts() {
        Object other = new Object();
        coming("a");
        arrivals.coming(other, "a");
        arrivals.written(batch, "a", true);
        arrivals.written(other, "a", false);
        assertEquals(1, arrivals.waiting());
        arrivals.coming(other, "b");
        arrivals.coming(batch, "b");
        arrivals.written(other, "b", false);
        arrivals.written(batch, "b", true);
        assertEquals(2, arrivals.waiting());
    }

    @Test
    void a_batch_that_is_written_in_halves_waits_half_by_half() {
        Object first = new Object();
        Object second = new Object();
        coming("a", "b");
        arrivals.again(batch, "a", first);
        arrivals.written(first, "a", true);
        assertEquals(1, arrivals.waiting());
        arrivals.again(batch, "b", second);
        assertEquals(2, arrivals.before());
        arrivals.seek(9);
        assertEquals(0, arrivals.found(claimed("a"), true));
        arrivals.written(second, "b", true);
        assertEquals(1, arrivals.waiting(), "the claim was before it");
    }

    @Test
    void too_many_are_not_remembered() {
        for (int i = 0; i < Arrivals.MAX; i++) {
            coming("j" + i);
        }
        assertTrue(arrivals.written(batch, "j0", true));
        arrivals.coming(batch, "one more");
        assertFalse(arrivals.written(batch, "one more", true));
        assertEquals(0, arrivals.before());
    }
}
