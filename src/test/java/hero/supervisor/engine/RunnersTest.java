package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Outcome;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Report;
import hero.supervisor.engine.EngineFixture.Link;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class RunnersTest {
    private final EngineFixture engine = new EngineFixture();

    private Assignment handOver(Link link, String jobId) {
        var result = engine.jobs.run(job(jobId), Origin.NONE);
        List<Assignment> jobs = engine.runners.pull(link.session(), link, 1).join();
        assertFalse(result.isDone());
        assertEquals(1, jobs.size());
        return jobs.getFirst();
    }

    private Outcome report(Link link, Assignment.Key key, JobResult result) {
        return engine.runners
                .complete(link.session(), List.of(new Report(key, result)), Origin.NONE)
                .getFirst()
                .join();
    }

    private JobStatus status(String jobId) {
        return engine.jobs.state(jobId).status();
    }

    /// The loss of the old socket is noticed while the new one takes the session up.
    @Test
    void a_session_that_is_being_closed_is_not_taken_up() {
        List<Runnable> between = new ArrayList<>();
        EngineFixture racing = new EngineFixture(engine, "a", between);
        Link old = racing.connect("r1", 1);
        String id = old.session().id();
        between.add(() -> racing.runners.disconnected(old.session(), old));
        Link link = racing.connect("r1", 1, new Connect.Resume(id, List.of()));
        assertTrue(between.isEmpty());
        assertFalse(
                racing.runners.beat(link.session(), List.of()).join().answer().drain());
        racing.jobs.run(job("j1"), Origin.NONE);
        assertEquals(1, racing.runners.pull(link.session(), link, 1).join().size());
    }

    @Test
    void a_session_that_is_taken_up_again_on_its_own_connection_is_not_superseded() {
        Link link = engine.connect("r1", 1);
        String id = link.session().id();

        var again = engine.runners.connect(
                new Connect("r1", null, 1, List.of("osis"), Map.of(), new Connect.Resume(id, List.of())),
                link,
                Origin.NONE);

        assertEquals(id, again.session().id());
        assertEquals(List.of(), link.closes);
    }

    @Test
    void a_name_that_another_gateway_has_removed_gets_no_more_jobs_here() {
        var there = new EngineFixture(engine, "b");
        Link link = engine.connect("r1", 1);
        var parked = engine.runners.pull(link.session(), link, 1);
        engine.runners.control().refresh();
        assertFalse(engine.runners.drains(link.session()));

        there.runners.control().remove("r1", Origin.NONE);
        engine.runners.control().refresh();

        assertTrue(engine.runners.drains(link.session()));
        assertEquals(List.of(), parked.join());
    }

    @Test
    void a_name_that_another_gateway_has_given_another_queue_serves_that_one_after_it_has_come_back() {
        var there = new EngineFixture(engine, "b");
        Link old = engine.connect("r1", 1);
        there.runners.control().remove("r1", Origin.NONE);
        there.runners.control().register("r1", "another", Origin.NONE);
        engine.runners.control().refresh();
        assertTrue(engine.runners.drains(old.session()));

        Link link = engine.connect("r1", 1, new Connect.Resume(old.session().id(), List.of()));

        assertEquals("another", link.session().queue);
        engine.runners.control().refresh();
        assertFalse(engine.runners.drains(link.session()));
        var parked = engine.runners.pull(link.session(), link, 1);
        engine.jobs.run(job("j1"), Origin.NONE);
        assertEquals("j1", parked.join().getFirst().job().id());
    }

    @Test
    void a_connection_that_is_superseded_gets_no_jobs() {
        Link old = engine.connect("r1", 1);
        var before = engine.runners.pull(old.session(), old, 1);
        Link link = engine.connect("r1", 1, new Connect.Resume(old.session().id(), List.of()));
        assertEquals(List.of(), before.join());
        var late = engine.runners.pull(old.session(), old, 1);
        var parked = engine.runners.pull(link.session(), link, 1);
        engine.jobs.run(job("j1"), Origin.NONE);
        assertFalse(late.isDone());
        assertEquals("j1", parked.join().getFirst().job().id());
    }

    @Test
    void a_pushed_result_wakes_every_caller() {
        Link link = engine.connect("r1", 2);
        var run = engine.jobs.run(job("j1"), Origin.NONE);
        var wait = engine.jobs.result("j1");
        Assignment a = engine.runners.pull(link.session(), link, 1).join().getFirst();
        assertEquals(Outcome.RECORDED, report(link, a.key(), new JobResult.Success("42")));
        assertEquals(new JobResult.Success("42"), run.join());
        assertEquals(new JobResult.Success("42"), wait.join());
        assertEquals(0, engine.results.waiting());
        assertEquals(Outcome.DUPLICATE, report(link, a.key(), new JobResult.Success("42")));
    }

    @Test
    void queues_are_looked_into_while_a_pull_is_parked() {
        Link link = engine.connect("r1", 1);
        assertEquals(List.of(), engine.runners.dispatch().asked());
        var pull = engine.runners.pull(link.session(), link, 1);
        assertEquals(List.of("r1"), engine.runners.dispatch().asked());
        pull.cancel(false);
        assertEquals(List.of(), engine.runners.dispatch().asked());
    }

    @Test
    void who_beats_in_time_keeps_no_thread_for_a_pull() {
        Link link = engine.connect("r1", 1);
        engine.time.advance(engine.settings.heartbeat().plusSeconds(1));
        assertFalse(engine.runners.mustTell(link.session()), "the beat is on its way");
        engine.time.advance(engine.settings.heartbeat());
        assertTrue(engine.runners.mustTell(link.session()));
    }

    @Test
    void a_parked_pull_is_answered_by_the_next_job_and_a_cancelled_one_is_not() {
        Link link = engine.connect("r1", 2);
        var gone = engine.runners.pull(link.session(), link, 1);
        gone.cancel(false);
        var parked = engine.runners.pull(link.session(), link, 1);
        assertFalse(parked.isDone());
        engine.jobs.run(job("j1"), Origin.NONE);
        assertEquals("j1", parked.join().getFirst().job().id());
    }

    @Test
    void a_started_job_of_this_gateway_goes_to_the_waiting_runner_without_a_claim() {
        Link link = engine.connect("r1", 1);
        var parked = engine.runners.pull(link.session(), link, 1);
        engine.jobs.create(job("j1"), Origin.NONE).join();
        List<String> claims = new ArrayList<>();
        engine.flaky.meanwhile("claim", () -> claims.add("claimed"));
        engine.jobs.start("j1", Origin.NONE).join();
        assertEquals("j1", parked.join().getFirst().job().id());
        assertEquals(List.of(), claims);
        assertEquals(1, link.session().held.size());
    }

    @Test
    void a_job_of_another_gateway_is_started_into_its_queue() {
        var there = new EngineFixture(engine, "b");
        Link link = engine.connect("r1", 1);
        var parked = engine.runners.pull(link.session(), link, 1);
        there.jobs.create(job("j1"), Origin.NONE).join();
        List<String> claims = new ArrayList<>();
        engine.flaky.meanwhile("claim", () -> claims.add("claimed"));
        engine.jobs.start("j1", Origin.NONE).join();
        assertEquals(List.of("claimed"), claims);
        assertEquals("j1", parked.join().getFirst().job().id());
    }

    @Test
    void a_runner_never_gets_more_than_its_slots() {
        Link link = engine.connect("r1", 2);
        for (int i = 0; i < 5; i++) {
            engine.jobs.run(job("j" + i), Origin.NONE);
        }
        List<Assignment> first = engine.runners.pull(link.session(), link, 10).join();
        assertEquals(2, first.size());
        var parked = engine.runners.pull(link.session(), link, 10);
        assertFalse(parked.isDone());
        report(link, first.getFirst().key(), new JobResult.Success(""));
        assertEquals(1, parked.join().size(), "the freed slot is filled");
    }

    @Test
    void work_is_spread_over_the_pulls_that_wait() {
        Link one = engine.connect("r1", 4);
        Link two = engine.connect("r1", 4);
        for (int i = 0; i < 4; i++) {
            engine.jobs.create(job("j" + i), Origin.NONE).join();
        }
        engine.runners.control().stop("r1", false, Origin.NONE);
        var first = engine.runners.pull(one.session(), one, 4);
        var second = engine.runners.pull(two.session(), two, 4);
        for (int i = 0; i < 4; i++) {
            engine.jobs.start("j" + i, Origin.NONE).join();
        }
        assertFalse(first.isDone(), "a stopped runner gets nothing");
        engine.runners.control().start("r1", Origin.NONE);
        assertTrue(first.isDone());
        assertEquals(4, first.join().size() + (second.isDone() ? second.join().size() : 0));
    }

    @Test
    void what_an_idle_session_holds_is_not_read_again_and_again() {
        List<String> reads = new ArrayList<>();
        Link link = engine.connect("r1", 2);
        engine.time.advance(engine.settings.lease().plusSeconds(1));
        engine.flaky.meanwhile("held", () -> reads.add("idle"));
        engine.runners.beat(link.session(), List.of()).join().answer();
        assertEquals(List.of(), reads, "its beat has seen that there is nothing");
        handOver(link, "j1");
        List<Hold> running = List.of(new Hold("j1", 1));
        engine.runners.beat(link.session(), running).join().answer();
        assertEquals(List.of(), reads, "it is known here");
        engine.time.advance(engine.settings.lease().plusSeconds(1));
        engine.runners.beat(link.session(), running).join().answer();
        assertEquals(List.of("idle"), reads);
    }

    @Test
    void a_job_that_two_beats_do_not_name_goes_back_without_burning_its_attempt() {
        Link link = engine.connect("r1", 2);
        handOver(link, "j1");
        engine.runners.beat(link.session(), List.of()).join().answer();
        assertEquals(JobStatus.RUNNING, status("j1"));
        engine.runners.beat(link.session(), List.of()).join().answer();
        assertEquals(JobStatus.QUEUED, status("j1"));
        Assignment again = engine.runners.pull(link.session(), link, 1).join().getFirst();
        assertEquals(1, again.attempt());
    }

    @Test
    void a_beat_tells_the_runner_what_to_abandon() {
        Link link = engine.connect("r1", 2);
        handOver(link, "j1");
        var beat = engine.runners
                .beat(link.session(), List.of(new Hold("j1", 1), new Hold("other", 3)))
                .join()
                .answer();
        assertEquals(List.of(new Hold("other", 3)), beat.abandon());
    }

    @Test
    void stopping_is_told_again_until_the_job_ends_and_ends_it_in_any_case() {
        Link link = engine.connect("r1", 2);
        var wait = engine.jobs.result(handOver(link, "j1").job().id());
        engine.jobs.stop("j1", Origin.NONE);
        assertFalse(link.stops.getFirst().kill());
        assertEquals(
                1,
                engine.runners
                        .beat(link.session(), List.of(new Hold("j1", 1)))
                        .join()
                        .answer()
                        .stops()
                        .size());
        engine.time.advance(engine.settings.stopGrace());
        engine.runners.stops().watch();
        assertTrue(link.stops.getLast().kill());
        assertFalse(wait.isDone());
        engine.time.advance(engine.settings.stopGrace());
        engine.runners.stops().watch();
        assertEquals(new JobResult.Failure("stopped", null), wait.join());
        assertEquals(JobStatus.FAILED, status("j1"));
    }

    @Test
    void a_stopped_job_fails_as_stopped_whatever_error_its_runner_reports() {
        Link link = engine.connect("r1", 2);
        Assignment a = handOver(link, "j1");
        engine.jobs.stop("j1", Origin.NONE);
        report(link, a.key(), new JobResult.Failure("killed by signal 15", 143));
        assertEquals(
                new JobResult.Failure("stopped", 143), engine.jobs.result("j1").join());
    }

    @Test
    void the_server_ends_an_overdue_job_and_a_late_result_is_stale() {
        Link link = engine.connect("r1", 2);
        Assignment a = handOver(link, "j1");
        var wait = engine.jobs.result("j1");
        engine.time.advance(Duration.ofSeconds(62));
        engine.runners.stops().watch();
        assertEquals(new JobResult.Failure("timed out after 60 s", null), wait.join());
        assertEquals(JobStatus.TIMEOUT, status("j1"));
        assertEquals(Outcome.STALE, report(link, a.key(), new JobResult.Success("late")));
        assertEquals("timeout", link.stops.getLast().reason());
    }

    @Test
    void a_resumed_session_keeps_its_jobs_and_supersedes_the_old_socket() {
        Link link = engine.connect("r1", 2);
        Assignment a = handOver(link, "j1");
        Link again = engine.connect(
                "r1", 2, new Connect.Resume(link.session().id(), List.of(new Hold("j1", 1), new Hold("j2", 1))));
        assertEquals(List.of(4002), link.closes);
        assertEquals(link.session().id(), again.session().id());
        assertEquals(
                List.of(new Connect.Verdict(new Hold("j1", 1), true), new Connect.Verdict(new Hold("j2", 1), false)),
                again.connected == null ? List.of() : again.connected.answer().verdicts());
        engine.runners.disconnected(link.session(), link);
        assertEquals(Outcome.RECORDED, report(again, a.key(), new JobResult.Success("42")));
    }

    @Test
    void a_lost_runner_costs_an_attempt_and_a_late_result_of_it_is_stale() {
        Link link = engine.connect("r1", 2);
        Assignment a = handOver(link, "j1");
        engine.runners.disconnected(link.session(), link);
        engine.time.advance(engine.settings.resumeGrace().plusSeconds(1));
        var rescued = engine.store.rescue(Duration.ZERO, 2);
        engine.runners.holds().lost(rescued.sessions());
        assertEquals(JobStatus.QUEUED, status("j1"));
        Link other = engine.connect("r1", 2);
        Assignment second =
                engine.runners.pull(other.session(), other, 1).join().getFirst();
        assertEquals(2, second.attempt());
        assertEquals(Outcome.STALE, report(link, a.key(), new JobResult.Success("late")));
        assertEquals(Outcome.RECORDED, report(other, second.key(), new JobResult.Success("42")));
    }

    @Test
    void another_queue_for_a_known_name_is_a_conflict() {
        engine.runners.control().register("r1", "q1", Origin.NONE);
        Refusal refusal =
                assertThrows(Refusal.class, () -> engine.runners.control().register("r1", "q2", Origin.NONE));
        assertEquals(Refusal.Kind.CONFLICT, refusal.kind());
        assertEquals(
                "q1", engine.runners.control().register("r1", null, Origin.NONE).queue());
    }

    @Test
    void deleting_a_running_job_stops_it_first_and_its_waiters_hear_that_it_is_gone() {
        Link link = engine.connect("r1", 2);
        Assignment a = handOver(link, "j1");
        var waits = engine.jobs.result("j1");
        var deleted = engine.jobs.delete("j1", Origin.NONE);
        assertFalse(deleted.isDone());
        report(link, a.key(), new JobResult.Failure("killed", null));
        deleted.join();
        assertEquals(
                Refusal.Kind.JOB_NOT_FOUND,
                assertInstanceOf(
                                Refusal.class,
                                assertThrows(CompletionException.class, waits::join)
                                        .getCause())
                        .kind());
        assertThrows(Refusal.class, () -> engine.jobs.state("j1"));
        assertEquals(0, engine.results.waiting());
    }
}
