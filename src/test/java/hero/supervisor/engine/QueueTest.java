package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a gateway knows of a queue from its claims.
final class QueueTest {
    private static final List<Assignment> ONE = List.of(new Assignment(job("other"), 1, 1, "s", Instant.EPOCH));

    private final Queue queue = new Queue("q");

    private static Assignment given(String payload) {
        return new Assignment(large(payload), 1, 1, "s", Instant.EPOCH);
    }

    private static Job large(String payload) {
        return new Job("j", "c", "c", payload, "r", "python", 1, Map.of(), "", "", Job.Extras.NONE);
    }

    private void foundEmpty() {
        queue.claimBegins(5);
        assertFalse(queue.claimEnds(List.of(), 5, false));
    }

    @Test
    void what_was_found_empty_holds_nothing_until_it_is_woken() {
        assertTrue(queue.mayHold(), "nobody has looked");
        foundEmpty();
        assertFalse(queue.mayHold());
        assertTrue(queue.light);
        queue.wake();
        assertTrue(queue.mayHold());
    }

    @Test
    void what_is_over_is_let_go() {
        Object batch = new Object();
        queue.begin(batch);
        queue.asking = new Session("s", "r", "q", 1);
        queue.asking.ended = true;

        queue.tidy();

        assertNull(queue.shares(batch));
        assertNull(queue.asking);
    }

    @Test
    void who_asked_last_is_known_while_it_is_there() {
        Session here = new Session("s", "r", "q", 1);
        queue.asking = here;

        queue.tidy();

        assertSame(here, queue.asking);
    }

    @Test
    void a_wake_during_a_claim_leads_to_another_look() {
        queue.claimBegins(5);
        queue.wake();
        assertTrue(queue.claimEnds(List.of(), 5, false));
        assertTrue(queue.mayHold());
    }

    @Test
    void a_claim_that_finds_jobs_of_others_asks_for_more_next_time() {
        foundEmpty();
        assertEquals(4, queue.ask());
        queue.claimBegins(1);
        assertTrue(queue.claimEnds(ONE, 1, false), "there may be more");
        assertFalse(queue.light);
        assertEquals(4, queue.ask());
        queue.claimBegins(4);
        assertFalse(queue.claimEnds(ONE, 4, true), "a claim that failed is not repeated at once");
        assertTrue(queue.mayHold());
        assertEquals(16, queue.ask());
    }

    @Test
    void after_a_claim_of_large_jobs_the_next_asks_for_as_many_as_have_a_place_in_memory() {
        Assignment large = given("x".repeat(1 << 20));
        queue.claimBegins(64);
        queue.claimEnds(Collections.nCopies(64, large), 64, false);
        assertEquals(7, queue.ask(), "of 8 MiB");
        queue.claimBegins(7);
        queue.claimEnds(Collections.nCopies(7, given("small")), 7, false);
        assertEquals(28, queue.ask());
    }

    @Test
    void when_more_have_come_than_can_be_known_only_a_later_claim_finds_it_empty() {
        foundEmpty();
        queue.claimBegins(5);
        Object batch = new Object();
        for (int i = 0; i <= Arrivals.MAX; i++) {
            queue.arrivals.coming(batch, "j" + i);
        }
        queue.written(batch, "j0", true);
        assertTrue(queue.claimEnds(List.of(), 5, false), "it began before they were written");
        assertTrue(queue.mayHold());
        assertFalse(queue.light);
        foundEmpty();
        assertTrue(queue.light);
    }
}
