package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Refusal;
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Place;
import hero.supervisor.store.JobStore.Slot;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A new job goes straight to a parked pull.
final class DirectTest extends DirectFixture {
    @Test
    void a_job_goes_to_a_parked_pull_without_a_claim_and_takes_a_slot() {
        Session session = session("s", 1);
        Pull pull = parked(session, 1);
        int before = claims.size();
        Direct direct = direct(job("j"));
        Place place = direct.place(new Object());
        assertEquals("q", Objects.requireNonNull(place).queue());
        assertEquals(0, session.credit());
        direct.created(handed("j", place), null);
        assertEquals(List.of("j"), ids(pull));
        assertEquals(before, claims.size());
        nothingIsReserved(session);
        assertEquals(0, session.credit());
    }

    @Test
    void jobs_wait_for_a_pull_only_while_one_would_take_them() {
        Session session = session("s", 4);
        Pull pull = parked(session, 3);
        Direct direct = direct(job("j"));
        assertEquals(3, direct.room(), "the pull asks for three, the next one may for one more");
        pull.jobs.complete(List.of());
        assertEquals(0, direct.room(), "it is gone, and the next one comes soon");
        parked(session, 9);
        assertEquals(Integer.MAX_VALUE, direct.room(), "it asks for all four slots: no more will be asked for");
        session.held.put("other", new Session.Held(new Assignment.Key("other", 1, 1), 60, false, 0));
        parked(session("full", 0), 1);
        assertEquals(Integer.MAX_VALUE, direct.room(), "who asked last has no slot");
        assertEquals(
                Integer.MAX_VALUE,
                direct(job("j", "r2", 60, Job.Extras.NONE)).room(),
                "nobody asked here for such jobs");
    }

    @Test
    void jobs_that_others_may_be_before_wait_for_no_pull() {
        CompletableFuture<List<Assignment>> claim = new CompletableFuture<>();
        waiting.add(claim);
        parked(session("s", 2), 1);
        Direct direct = direct(job("j"));
        assertEquals(Integer.MAX_VALUE, direct.room(), "nobody knows yet what the queue holds");
        claim.complete(List.of());
        assertEquals(1, direct.room());
    }

    @Test
    void a_batch_that_failed_is_written_again_in_halves_with_the_same_places() {
        Session session = session("s", 4);
        Pull pull = parked(session, 4);
        Object batch = new Object();
        Direct good = direct(job("j"));
        Direct bad = direct(job("j"));
        Place first = good.place(batch);
        Place second = bad.place(batch);
        assertSame(first, good.place(new Object()));
        good.created(handed("good", first), null);
        assertFalse(pull.jobs.isDone(), "the other half may bring more");
        assertSame(second, bad.place(new Object()));
        bad.created(null, new IllegalStateException("a bad row"));
        assertEquals(List.of("good"), ids(pull));
        assertEquals(List.of("s"), doubted);
        nothingIsReserved(session);
        assertEquals(3, session.credit());
    }

    @Test
    void a_batch_that_was_refused_leaves_the_pull_parked_and_the_session_in_doubt() {
        Session session = session("s", 1);
        Pull pull = parked(session, 1);
        Direct direct = direct(job("j"));
        assertNotNull(direct.place(new Object()));
        direct.created(null, Refusal.busy("no database", 1000));
        assertEquals(List.of("s"), doubted);
        nothingIsReserved(session);
        nextGoesTo(pull);
    }

    @Test
    void a_repeated_id_leaves_the_pull_parked() {
        Session session = session("s", 1);
        Pull pull = parked(session, 1);
        Direct direct = direct(job("j"));
        assertNotNull(direct.place(new Object()));
        direct.created(new Created.Same(JobStatus.COMPLETED, "q"), null);
        nothingIsReserved(session);
        nextGoesTo(pull);
    }

    @Test
    void a_runner_that_never_pulled_here_has_no_place() {
        Pull pull = parked(session("s", 1), 1);
        Direct direct = direct(job("j", "r2", 60, Job.Extras.NONE));
        assertNull(direct.place(new Object()));
        direct.created(new Created.NoRunner(), null);
        nextGoesTo(pull);
    }

    @Test
    void a_job_whose_queue_has_changed_waits_there_and_the_pull_here() {
        Session session = session("s", 1);
        Pull pull = parked(session, 1);
        Direct direct = direct(job("j"));
        assertNotNull(direct.place(new Object()));
        direct.created(new Created.New("other"), null);
        nothingIsReserved(session);
        nextGoesTo(pull);
    }

    @Test
    void a_pull_that_is_withdrawn_meanwhile_gives_its_job_back() {
        Session session = session("s", 1);
        Pull pull = parked(session, 1);
        Direct direct = direct(job("j"));
        Place place = direct.place(new Object());
        pull.jobs.cancel(false);
        direct.created(handed("j", place), null);
        assertEquals(List.of("j"), released);
        assertEquals(released, returned);
        assertTrue(session.held.isEmpty());
        nothingIsReserved(session);
    }

    @Test
    void a_pull_that_is_withdrawn_meanwhile_is_not_parked_again() {
        Session session = session("s", 1);
        Pull pull = parked(session, 1);
        Direct direct = direct(job("j"));
        assertNotNull(direct.place(new Object()));
        pull.jobs.cancel(false);
        direct.created(new Created.Different(), null);
        Direct next = direct(job("j"));
        assertNull(next.place(new Object()));
        next.created(new Created.New("q"), null);
        nothingIsReserved(session);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_session_that_is_lost_or_drains_meanwhile_gives_its_job_back_and_its_pull_is_answered(boolean drains) {
        Session session = session("s", 1);
        Pull pull = parked(session, 1);
        Direct direct = direct(job("j"));
        Place place = direct.place(new Object());
        session.draining = drains;
        session.ended = !drains;
        dispatch.dismiss("q");
        direct.created(handed("j", place), null);
        assertEquals(List.of("j"), released);
        assertEquals(released, returned);
        assertEquals(List.of(), ids(pull));
        assertTrue(session.held.isEmpty());
        nothingIsReserved(session);
    }

    @Test
    void a_session_that_drains_meanwhile_has_its_pull_answered() {
        Session session = session("s", 1);
        Pull pull = parked(session, 1);
        Direct direct = direct(job("j"));
        assertNotNull(direct.place(new Object()));
        session.draining = true;
        dispatch.dismiss("q");
        direct.created(new Created.Different(), null);
        assertEquals(List.of(), ids(pull));
        nothingIsReserved(session);
    }

    @Test
    void the_jobs_of_a_batch_spread_over_the_pulls_and_no_runner_gets_more_than_its_slots() {
        Session a = session("a", 3);
        Session b = session("b", 1);
        Pull one = parked(a, 5);
        Pull two = parked(b, 5);
        Object batch = new Object();
        List<Direct> all = new ArrayList<>();
        List<@Nullable Place> places = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            all.add(direct(job("j" + i)));
            places.add(all.getLast().place(batch));
        }
        assertNull(places.getLast(), "four slots, five jobs");
        for (int i = 0; i < 4; i++) {
            all.get(i).created(handed("j" + i, places.get(i)), null);
        }
        all.getLast().created(new Created.New("q"), null);
        assertEquals(List.of("j0", "j2", "j3"), ids(one));
        assertEquals(List.of("j1"), ids(two));
        nothingIsReserved(a, b);
    }

    @Test
    void no_younger_job_takes_the_slot_of_an_older_one_on_its_way_into_the_queue() {
        Session session = session("s", 1);
        Direct early = direct(job("early"));
        parked(session("other", 0), 1);
        assertNull(early.place(new Object()), "nobody has a free slot");
        Pull pull = parked(session, 2);
        Direct late = direct(job("late"));
        assertNull(late.place(new Object()));
        waiting.add(CompletableFuture.completedFuture(List.of()));
        early.created(new Created.New("q"), null);
        Direct later = direct(job("later"));
        assertNull(later.place(new Object()), "one is still on its way");
        late.created(new Created.New("q"), null);
        later.created(new Created.New("q"), null);
        nextGoesTo(pull);
    }

    @Test
    void a_claim_asks_for_what_is_known_to_wait_and_leaves_the_other_slots_of_a_pull_to_new_jobs() {
        twoWait();
        CompletableFuture<List<Assignment>> looking = new CompletableFuture<>();
        waiting.add(looking);
        Session session = session("s", 64);
        Pull pull = parked(session, 64);
        List<Slot> asked = claims.getLast();
        assertEquals(2 + 4, asked.size());
        Direct next = direct(job("next"));
        Place place = next.place(new Object());
        looking.complete(List.of(
                new Assignment(job("a"), 1, asked.get(0).lease(), "s", Instant.EPOCH),
                new Assignment(job("b"), 1, asked.get(1).lease(), "s", Instant.EPOCH)));
        next.created(handed("next", place), null);
        assertEquals(Set.of("a", "b", "next"), Set.copyOf(ids(pull)));
        nothingIsReserved(session);
    }

    @Test
    void a_pull_that_takes_fewer_than_wait_does_not_send_new_jobs_into_the_queue_for_good() {
        twoWait();
        Session session = session("s", 64);
        CompletableFuture<List<Assignment>> looking = new CompletableFuture<>();
        waiting.add(looking);
        dispatch.pull(session, session.link, 1, true);
        looking.complete(
                List.of(new Assignment(job("a"), 1, claims.getLast().getFirst().lease(), "s", Instant.EPOCH)));
        CompletableFuture<List<Assignment>> last = new CompletableFuture<>();
        waiting.add(last);
        Pull pull = parked(session, 64);
        assertEquals(1 + 4, claims.getLast().size(), "one is known to be left");
        Direct next = direct(job("next"));
        Place place = next.place(new Object());
        assertNotNull(place, "there are slots for both");
        last.complete(
                List.of(new Assignment(job("b"), 1, claims.getLast().getFirst().lease(), "s", Instant.EPOCH)));
        next.created(handed("next", place), null);
        assertEquals(Set.of("b", "next"), Set.copyOf(ids(pull)));
        nothingIsReserved(session);
    }

    @Test
    void who_waits_and_finds_no_slot_in_the_claim_under_way_is_before_new_jobs() {
        twoWait();
        Session session = session("s", 2);
        waiting.add(new CompletableFuture<>());
        parked(session, 1);
        assertEquals(1, claims.getLast().size());
        parked(session, 1);
        assertNull(direct(job("next")).place(new Object()), "the second pull is for the second job");
    }

    @Test
    void while_a_claim_looks_into_the_queue_nothing_goes_past_it() {
        Session session = session("s", 1);
        CompletableFuture<List<Assignment>> looking = new CompletableFuture<>();
        waiting.add(looking);
        Pull pull = parked(session, 1);
        Direct direct = direct(job("j"));
        assertNull(direct.place(new Object()));
        direct.created(new Created.New("q"), null);
        Slot slot = claims.getLast().getFirst();
        looking.complete(List.of(new Assignment(job("old"), 1, slot.lease(), "s", Instant.EPOCH)));
        assertEquals(List.of("old"), ids(pull));
        nothingIsReserved(session);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_claim_and_a_batch_on_their_way_to_one_pull_both_arrive(boolean claimFirst) {
        Session session = session("s", 8);
        Pull pull = parked(session, 8);
        CompletableFuture<List<Assignment>> looking = new CompletableFuture<>();
        waiting.add(looking);
        dispatch.wake("q");
        Direct direct = direct(job("j"));
        Place place = direct.place(new Object());
        assertNotNull(place, "there are slots for what the claim may find, and more");
        Slot slot = claims.getLast().getFirst();
        List<Assignment> old = List.of(new Assignment(job("old"), 1, slot.lease(), "s", Instant.EPOCH));
        if (claimFirst) {
            looking.complete(old);
        } else {
            direct.created(handed("new", place), null);
        }
        assertFalse(pull.jobs.isDone(), "more is on its way to it");
        assertNull(direct(job("j")).place(new Object()), "nothing that is not on its way may put it off");
        if (claimFirst) {
            direct.created(handed("new", place), null);
        } else {
            looking.complete(old);
        }
        assertEquals(Set.of("old", "new"), Set.copyOf(ids(pull)));
        assertEquals(List.of(), released);
        nothingIsReserved(session);
    }

    @Test
    void a_pull_that_does_not_wait_is_answered_once_what_it_was_offered_is_known() {
        Session session = session("s", 1);
        CompletableFuture<List<Assignment>> looking = new CompletableFuture<>();
        waiting.add(looking);
        Pull pull = dispatch.pull(session, session.link, 1, false);
        assertFalse(pull.jobs.isDone());
        looking.complete(List.of());
        assertEquals(List.of(), ids(pull));
        nothingIsReserved(session);
    }

    @Test
    void a_credit_that_a_failed_job_gives_back_goes_to_another_pull_of_the_session() {
        Session session = session("s", 2);
        Pull first = parked(session, 2);
        Pull second = parked(session, 2);
        Object batch = new Object();
        Direct a = direct(job("j"));
        Direct b = direct(job("j"));
        Place toFirst = a.place(batch);
        Place toSecond = b.place(batch);
        a.created(handed("a", toFirst), null);
        b.created(new Created.Different(), null);
        assertNotNull(toSecond);
        assertEquals(List.of("a"), ids(first));
        nextGoesTo(second);
        nothingIsReserved(session);
    }

    /// `a` and `b` wait in a queue that had been found empty.
    private void twoWait() {
        parked(session("one", 1), 1).jobs.complete(List.of());
        Object batch = new Object();
        List<Direct> queued = List.of(direct(job("a")), direct(job("b")));
        queued.forEach(direct -> assertNull(direct.place(batch)));
        queued.forEach(direct -> direct.created(new Created.New("q"), null));
    }

    /// The next new job goes to this pull.
    private void nextGoesTo(Pull pull) {
        assertFalse(pull.jobs.isDone());
        Direct next = direct(job("j"));
        Place place = next.place(new Object());
        assertNotNull(place);
        next.created(handed("next", place), null);
        assertEquals(List.of("next"), ids(pull));
    }
}
