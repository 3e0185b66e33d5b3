package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.JobStore.Slot;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// What a claim asks for, and when.
final class ClaimTest extends DirectFixture {
    private final Queue queue = new Queue("q");
    private final AtomicLong lease = new AtomicLong();

    private Pull park(Session session, int max) {
        Pull pull = new Pull(session, session.link, max, true);
        queue.park(pull);
        return pull;
    }

    private Claim begun() {
        assertTrue(queue.claim());
        return new Claim(queue, lease::incrementAndGet);
    }

    private static List<String> sessions(Claim claim) {
        return claim.slots().stream().map(Slot::sessionId).toList();
    }

    private void ended(Claim claim) {
        claim.answered();
        claim.ends(List.of(), false);
    }

    @Test
    void pulls_that_come_before_its_slots_are_chosen_are_served_too_and_no_later_ones() {
        park(session("a", 1), 1);
        Claim claim = begun();
        park(session("b", 2), 2);
        assertFalse(queue.claim(), "one is waiting");
        assertFalse(queue.claim(), "and still is");
        assertEquals(List.of("a", "b", "b"), sessions(claim));
        park(session("c", 1), 1);
        assertEquals(List.of("a", "b", "b"), sessions(claim), "a batch that is done again has the same slots");
        assertFalse(queue.claim(), "one is at work");
        claim.answered();
        assertTrue(claim.ends(List.of(), false), "one has come meanwhile");
    }

    @Test
    void each_pull_gets_what_its_slots_were_given() {
        Pull a = park(session("a", 2), 2);
        Pull b = park(session("b", 1), 1);
        Claim claim = begun();
        List<Slot> slots = claim.slots();
        List<Assignment> found = new ArrayList<>();
        for (int i : List.of(0, 2)) {
            found.add(new Assignment(
                    job("j" + i), 1, slots.get(i).lease(), slots.get(i).sessionId(), Instant.EPOCH));
        }
        Assignment stray = new Assignment(job("stray"), 1, 99, "a", Instant.EPOCH);
        found.add(stray);
        List<Assignment> homeless = new ArrayList<>();
        List<Claim.Given> given = claim.given(found, homeless);
        assertEquals(List.of(a, b), given.stream().map(each -> each.pull).toList());
        assertEquals(List.of(2, 1), given.stream().map(each -> each.promised).toList());
        assertEquals(
                List.of(found.subList(0, 2), List.of()),
                given.stream().map(each -> each.jobs).toList());
        assertEquals(List.of(stray), homeless);
    }

    @Test
    void one_that_is_refused_before_its_slots_are_chosen_asks_for_none_and_another_one_may_be_made() {
        Session session = session("a", 1);
        park(session, 1);
        Claim claim = begun();
        claim.answered();
        assertEquals(List.of(), claim.slots(), "too late");
        assertEquals(List.of(), claim.sessionIds());
        assertFalse(claim.ends(List.of(), true), "not at once");
        nothingIsReserved(session);
        assertEquals(List.of("a"), sessions(begun()));
    }

    @Test
    void one_whose_pulls_have_gone_asks_for_none_and_ends_with_another_look() {
        Pull pull = park(session("a", 1), 1);
        Claim claim = begun();
        queue.forget(pull);
        assertEquals(List.of(), claim.slots());
        assertFalse(queue.claim(), "it is still at the store");
        claim.answered();
        assertTrue(claim.ends(List.of(), false));
        assertFalse(queue.claim(), "nobody asks");
        pull = park(session("b", 1), 1);
        claim = begun();
        queue.forget(pull);
        assertEquals(List.of(), claim.slots());
        claim.answered();
        assertFalse(claim.ends(List.of(), true), "with others of its batch");
        park(session("c", 1), 1);
        assertEquals(List.of("c"), sessions(begun()));
    }

    @Test
    void it_waits_for_runners_that_are_about_to_ask_again() {
        Session b = session("b", 1);
        Session c = session("c", 1);
        park(session("a", 1), 1);
        Claim claim = begun();
        assertTrue(claim.isEnough());
        queue.freed(b);
        queue.freed(c);
        assertFalse(claim.isEnough());
        park(b, 1);
        assertFalse(claim.isEnough());
        park(c, 1);
        assertTrue(claim.isEnough());
        queue.freed(b);
        assertTrue(claim.isEnough(), "it has asked");
        assertEquals(List.of("a", "b", "c"), sessions(claim));
    }

    @Test
    void it_does_not_wait_when_those_that_have_asked_take_all_or_are_many_or_want_an_answer_now() {
        ended(begunWith(session("first", 1)));
        Object batch = new Object();
        for (int i = 0; i < 2; i++) {
            queue.arrivals.coming(batch, "j" + i);
        }
        queue.written(batch, "j0", true);
        park(session("a", 1), 1);
        queue.freed(session("late", 1));
        assertFalse(queue.hasAsked(), "two wait, and one slot is asked for");
        park(session("b", 1), 1);
        assertTrue(queue.hasAsked());
        queue.wake();
        queue.light = false;
        assertFalse(queue.hasAsked(), "nobody knows how many wait");
        Pull many = park(session("many", 64), 62);
        assertTrue(queue.hasAsked());
        queue.forget(many);
        assertFalse(queue.hasAsked());
        Session now = session("now", 1);
        queue.park(new Pull(now, now.link, 1, false));
        assertTrue(queue.hasAsked());
    }

    @Test
    void a_pull_that_is_withdrawn_while_a_claim_is_under_way_ends_with_it() {
        Session session = session("s", 2);
        CompletableFuture<List<Assignment>> looking = new CompletableFuture<>();
        waiting.add(looking);
        Pull pull = parked(session, 1);
        dispatch.withdraw(pull);
        assertFalse(pull.jobs.isDone(), "the claim may have found something");
        looking.complete(List.of());
        assertEquals(List.of(), ids(pull));
        nothingIsReserved(session);
    }

    private Claim begunWith(Session session) {
        park(session, 1);
        Claim claim = begun();
        claim.slots();
        return claim;
    }

    @Test
    void who_asks_too_late_is_waited_for_ever_more_rarely_until_it_asks_in_time() {
        Session late = session("late", 2);
        List<Integer> waited = new ArrayList<>();
        for (int round = 1; round <= 60; round++) {
            queue.wake();
            queue.light = false;
            park(session("s" + round, 1), 1);
            Claim claim = begun();
            queue.freed(late);
            if (!claim.isEnough()) {
                waited.add(round);
            }
            claim.slots();
            queue.forget(park(late, 1));
            ended(claim);
        }
        assertEquals(List.of(1, 2, 3, 6, 13, 28, 59), waited);
        for (int pulls = 0; pulls < 60; pulls++) {
            queue.forget(park(late, 1));
        }
        queue.freed(late);
        queue.forget(park(late, 1));
        queue.light = false;
        queue.wake();
        queue.freed(late);
        assertFalse(queue.hasAsked(), "the one before was in time");
    }

    @Test
    void who_has_no_slot_or_an_open_pull_is_not_waited_for() {
        Session full = session("full", 0);
        queue.freed(full);
        assertTrue(queue.hasAsked());
        Session asking = session("asking", 2);
        park(asking, 1);
        queue.freed(asking);
        assertTrue(queue.hasAsked());
    }

    @Test
    void whose_session_is_over_is_forgotten() {
        parked(session("stays", 1), 1);
        Queue known = Objects.requireNonNull(dispatch.home("r1"));
        Session gone = session("gone", 1);
        dispatch.freed(gone);
        known.light = false;
        known.wake();
        assertFalse(known.hasAsked());
        gone.ended = true;
        dispatch.dismiss("q");
        assertTrue(known.hasAsked());
    }

    @Test
    void a_slot_is_free_when_its_job_is_reported_before_that_is_written() {
        Session session = session("s", 1);
        Assignment first = new Assignment(job("first"), 1, 1, "s", Instant.EPOCH);
        session.put(new Session.Held(first.key(), 60, false, 0));
        dispatch.pull(session, session.link, 1, true);
        assertEquals(List.of(), claims, "it has no slot");
        session.report(first.key());
        dispatch.reported(session);
        assertEquals(1, claims.size());
        assertEquals(1, claims.getFirst().size());
    }

    @Test
    void a_reported_job_frees_one_slot_once_and_at_most_as_many_as_there_are() {
        Session session = session("s", 2);
        List<Assignment.Key> keys = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            keys.add(new Assignment.Key("j" + i, 1, i));
            session.put(new Session.Held(keys.getLast(), 60, false, 0));
        }
        assertEquals(0, session.credit());
        session.report(new Assignment.Key("j0", 2, 7));
        assertEquals(0, session.credit(), "another hand-over of it");
        session.report(keys.get(0));
        session.report(keys.get(0));
        assertEquals(1, session.credit());
        assertEquals(0, session.idle(), "its runner was not told yet");
        assertTrue(session.drop(keys.get(0)));
        assertFalse(session.drop(keys.get(0)));
        assertEquals(1, session.credit());
        assertEquals(1, session.idle());
        session.report(keys.get(1));
        session.put(new Session.Held(new Assignment.Key("j1", 2, 8), 60, false, 0));
        assertEquals(1, session.credit(), "it has it again");
        for (int i = 2; i < 6; i++) {
            Assignment.Key key = new Assignment.Key("j" + i, 1, i);
            session.put(new Session.Held(key, 60, false, 0));
            session.report(key);
        }
        assertEquals(0, session.credit(), "one works, four are reported, there are two slots");
        assertNotNull(session.held.get("j5"));
    }
}
