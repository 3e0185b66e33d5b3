package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Report;
import hero.supervisor.engine.EngineFixture.Link;
import hero.supervisor.store.JobStore;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the simulation found, one case each: writes whose outcome is unknown, and sessions that move between
/// gateways. The seeds are those of its first campaign.
class UnknownOutcomeTest {
    private final EngineFixture a = new EngineFixture();
    private final EngineFixture b = new EngineFixture(a, "b");
    private final Tail news = a.tail(a.flaky.store());

    @BeforeEach
    void readNews() {
        news.run();
    }

    private static Connect.Resume resume(Link link) {
        return new Connect.Resume(link.session().id(), List.of());
    }

    private static Job once(String id) {
        return job(id, "r1", 60, new Job.Extras(OptionalInt.empty(), null, OptionalInt.empty(), null, null, true));
    }

    private Assignment take(EngineFixture engine, Link link) {
        return engine.runners.pull(link.session(), link, 1).join().getFirst();
    }

    /// A connection whose pull was answered with `j1`, of which its runner says nothing.
    private Link lostAnswer() {
        Link link = a.connect("r1", 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        take(a, link);
        return link;
    }

    private void end(Link link, Assignment given, JobResult result) {
        a.runners.complete(link.session(), List.of(new Report(given.key(), result)), Origin.NONE);
    }

    @Test
    void a_waiter_hears_of_a_result_whose_commit_was_in_doubt() { // seed 2
        Link link = a.connect("r1", 1);
        var wait = a.jobs.run(job("j1"), Origin.NONE);
        Assignment given = take(a, link);
        a.flaky.refuseAfter("complete");
        a.runners.complete(link.session(), List.of(new Report(given.key(), new JobResult.Success("42"))), Origin.NONE);
        assertFalse(wait.isDone());
        news.run();
        assertEquals(new JobResult.Success("42"), wait.join());
    }

    @Test
    void a_job_whose_claim_was_in_doubt_goes_back_after_two_beats() { // seed 3
        Link link = a.connect("r1", 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        a.flaky.refuseAfter("claim");
        a.runners.pull(link.session(), link, 1).cancel(false);
        assertEquals(JobStatus.RUNNING, a.jobs.state("j1").status());
        a.runners.beat(link.session(), List.of()).join().answer();
        a.runners.beat(link.session(), List.of()).join().answer();
        assertEquals(JobStatus.QUEUED, a.jobs.state("j1").status());
    }

    @Test
    void a_job_whose_start_was_in_doubt_goes_back_after_two_beats() {
        Link link = a.connect("r1", 1);
        var parked = a.runners.pull(link.session(), link, 1);
        a.jobs.create(job("j1"), Origin.NONE).join();
        a.flaky.refuseAfter("start");
        assertTrue(a.jobs.start("j1", Origin.NONE).isCompletedExceptionally());
        assertEquals(JobStatus.RUNNING, a.jobs.state("j1").status());
        assertFalse(parked.isDone());
        parked.cancel(false);
        assertEquals(0, link.session().reserved.get());
        assertTrue(a.jobs.start("j1", Origin.NONE).isDone(), "once more: it runs already");
        a.runners.beat(link.session(), List.of()).join().answer();
        a.runners.beat(link.session(), List.of()).join().answer();
        assertEquals(JobStatus.QUEUED, a.jobs.state("j1").status());
    }

    @Test
    void a_job_at_most_once_that_no_beat_names_fails_and_is_not_handed_out_again() { // seeds 3, 5
        Link link = a.connect("r1", 1);
        a.jobs.createAndStart(once("j1"), Origin.NONE).join();
        take(a, link);
        a.runners.beat(link.session(), List.of()).join().answer();
        a.runners.beat(link.session(), List.of()).join().answer();
        assertEquals(
                new JobResult.Failure("runner lost", null), a.jobs.result("j1").join());
    }

    @Test
    void a_late_end_of_the_old_socket_does_not_touch_a_session_that_has_moved() {
        Link old = a.connect("r1", 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        take(a, old);
        b.connect("r1", 1, resume(old));
        a.runners.disconnected(old.session(), old);
        a.time.advance(a.settings.resumeGrace().plusSeconds(1));
        assertEquals(List.of(), a.store.rescue(Duration.ZERO, 2).sessions());
        assertEquals(0, a.runners.connected());
    }

    @Test
    void who_beats_for_a_session_that_another_connection_has_at_another_gateway_is_superseded() {
        Link old = a.connect("r1", 1);
        b.connect("r1", 1, resume(old));
        assertTrue(a.runners.beat(old.session(), List.of()).isCompletedExceptionally());
        assertEquals(List.of(4002), old.closes);
    }

    @Test
    void a_session_that_comes_back_keeps_what_it_was_given_elsewhere() {
        Link first = a.connect("r1", 1);
        Link second = b.connect("r1", 1, resume(first));
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Assignment given = take(b, second);
        Hold hold = new Hold("j1", given.attempt());
        Link third = a.connect("r1", 1, new Connect.Resume(first.session().id(), List.of(hold)));
        assertEquals(
                List.of(new Connect.Verdict(hold, true)),
                third.connected == null ? List.of() : third.connected.answer().verdicts());
    }

    @Test
    void a_session_that_another_gateway_called_lost_is_forgotten() { // seed 1
        Link link = a.connect("r1", 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        take(a, link);
        a.runners.disconnected(link.session(), link);
        a.time.advance(a.settings.lease().plus(a.settings.resumeGrace()).plusSeconds(1));
        b.store.rescue(Duration.ZERO, 2);
        a.runners.holds().tidy();
        assertEquals(0, a.runners.connected());
    }

    @Test
    void a_stop_that_comes_before_the_hand_over_is_not_lost() {
        Link link = a.connect("r1", 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        a.flaky.meanwhile("claim", () -> a.jobs.stop("j1", Origin.NONE));
        take(a, link);
        assertEquals(1, a.runners.stops(link.session()).size());
    }

    @Test
    void a_refused_delete_leaves_no_waiter() {
        a.connect("r1", 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        a.flaky.refuseAfter("delete");
        assertThrows(Refusal.class, () -> a.jobs.delete("j1", Origin.NONE));
        assertEquals(0, a.results.waiting());
    }

    @Test
    void a_wait_from_before_the_first_look_at_the_log_is_not_forgotten() {
        Link link = b.connect("r1", 1);
        b.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Assignment given = take(b, link);
        var wait = a.jobs.result("j1");
        b.runners.complete(link.session(), List.of(new Report(given.key(), new JobResult.Success("42"))), Origin.NONE);
        var unborn = a.results.creating("j2");
        a.tail(a.store).run();
        assertTrue(wait.isDone());
        assertFalse(unborn.isDone(), "about to be created"); // seed 54
    }

    @Test
    void a_session_that_has_ended_gets_no_jobs_and_its_pulls_are_answered() {
        Link link = a.connect("r1", 1);
        var pull = a.runners.pull(link.session(), link, 1);
        a.runners.holds().lost(List.of(link.session().id()));
        assertEquals(List.of(), pull.join());
        assertEquals(0, link.session().credit());
    }

    @Test
    void a_job_that_ends_while_it_is_read_what_its_runner_holds_leaves_its_slot_free() {
        Link link = a.connect("r1", 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Assignment given = take(a, link);
        a.flaky.meanwhile("held", () -> end(link, given, new JobResult.Success("42")));
        a.runners.holds().read(link.session());
        assertEquals(Set.of(), link.session().held.keySet());
        assertEquals(1, link.session().credit());
    }

    @Test
    void a_job_that_is_handed_back_while_it_is_read_what_its_runner_holds_leaves_its_slot_free() {
        Link link = a.connect("r1", 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Assignment given = take(a, link);
        a.flaky.meanwhile("held", () -> a.runners.release(link.session(), List.of(given.key())));
        a.runners.holds().read(link.session());
        assertEquals(1, link.session().credit());
    }

    @Test
    void a_next_attempt_that_is_handed_over_while_it_is_read_what_its_runner_holds_stays_in_its_hands() {
        Link link = a.connect("r1", 1);
        Job.Extras again = new Job.Extras(OptionalInt.of(1), 0.0, OptionalInt.empty(), null, null, null);
        a.jobs.createAndStart(job("j1", "r1", 60, again), Origin.NONE).join();
        Assignment first = take(a, link);
        List<Assignment> second = new ArrayList<>();
        a.flaky.meanwhile("held", () -> {
            end(link, first, new JobResult.Failure("not yet", null));
            second.add(take(a, link));
        });
        a.runners.holds().read(link.session());
        assertEquals(
                List.of(second.getFirst().key()),
                link.session().held.values().stream().map(held -> held.key).toList());
        end(link, second.getFirst(), new JobResult.Success("42"));
        assertEquals(1, link.session().credit());
    }

    @Test
    void an_answer_that_was_lost_with_the_connection_goes_back_at_the_first_beat_of_the_next() {
        Link first = lostAnswer();
        Link second = a.connect("r1", 1, resume(first));
        assertEquals(JobStatus.RUNNING, a.jobs.state("j1").status(), "a resumed session keeps its jobs");
        a.runners.beat(second.session(), List.of()).join().answer();
        assertEquals(JobStatus.QUEUED, a.jobs.state("j1").status());
        assertEquals("j1", take(a, second).job().id());
    }

    @Test
    void an_answer_that_no_beat_and_no_resumption_names_goes_back_when_connections_do_not_last_for_a_beat() {
        Link first = lostAnswer();
        Link second = a.connect("r1", 1, resume(first));
        Link third = a.connect("r1", 1, resume(second));
        assertEquals(JobStatus.QUEUED, a.jobs.state("j1").status());
        assertEquals("j1", take(a, third).job().id());
    }

    @Test
    void a_resumption_that_cannot_write_leaves_what_it_does_not_name_to_the_next_beat() {
        Link first = lostAnswer();
        a.runners.beat(first.session(), List.of()).join().answer();
        a.flaky.refuseAfter("release");
        Link second = a.connect("r1", 1, resume(first));
        a.runners.beat(second.session(), List.of()).join().answer();
        assertEquals("j1", take(a, second).job().id());
        assertEquals(0, second.session().credit());
    }

    @Test
    void a_waiter_hears_of_a_result_whose_event_a_crash_of_the_database_has_put_before_the_place_of_the_reader() {
        Link link = a.connect("r1", 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Assignment given = take(a, link);
        AtomicBoolean away = new AtomicBoolean();
        Tail deaf = b.tail(deaf(b.store, away));
        deaf.run();
        var wait = b.jobs.result("j1");
        end(link, given, new JobResult.Success("42"));
        deaf.run();
        assertFalse(wait.isDone(), "it was told nothing");
        away.set(true);
        assertThrows(Refusal.class, deaf::run);
        deaf.run();
        assertEquals(new JobResult.Success("42"), wait.join());
    }

    /// A store whose log tells nothing, and cannot be read once when it is said to be away.
    private static JobStore deaf(JobStore real, AtomicBoolean away) {
        return (JobStore) Proxy.newProxyInstance(
                JobStore.class.getClassLoader(), new Class<?>[] {JobStore.class}, (_, method, args) -> {
                    if (!method.getName().equals("news")) {
                        return method.invoke(real, args);
                    } else if (away.getAndSet(false)) {
                        throw Refusal.busy("the database cannot be reached", 1000);
                    }
                    return new JobStore.Events(List.of(), (JobStore.Position) args[0], false);
                });
    }

    @Test
    void a_result_that_was_written_by_the_first_try_of_a_batch_is_told_to_who_waits() {
        Link link = a.connect("r1", 1);
        var wait = a.jobs.run(job("j1"), Origin.NONE);
        Assignment given = take(a, link);
        JobResult done = new JobResult.Success("42");
        a.store.complete(new JobStore.Completion(given.key(), done)).join();
        end(link, given, done);
        assertEquals(done, wait.join());
    }
}
