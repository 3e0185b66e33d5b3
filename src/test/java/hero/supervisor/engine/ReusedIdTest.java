package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Report;
import hero.supervisor.engine.EngineFixture.Link;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A job is deleted and another one is run under its id: what is told of the first one is not about the second.
class ReusedIdTest {
    private static final JobResult DONE = new JobResult.Success("42");

    private final EngineFixture a = new EngineFixture();
    private final EngineFixture b = new EngineFixture(a, "b");
    private final Tail news = a.tail(a.flaky.store());
    private final Link runner = a.connect("r1", 1);

    @BeforeEach
    void readNews() {
        news.run();
    }

    private static Assignment take(EngineFixture engine, Link link) {
        return engine.runners.pull(link.session(), link, 1).join().getFirst();
    }

    private void end(Assignment given) {
        a.runners.complete(runner.session(), List.of(new Report(given.key(), DONE)), Origin.NONE);
    }

    @Test
    void a_wait_for_the_next_job_goes_on_when_the_deletion_of_the_one_before_is_heard() {
        b.jobs.create(job("j1"), Origin.NONE).join();
        b.jobs.delete("j1", Origin.NONE).join();
        CompletableFuture<JobResult> wait = a.jobs.run(job("j1"), Origin.NONE);
        news.run();
        assertFalse(wait.isDone(), () -> "ended: " + wait);
        end(take(a, runner));
        assertEquals(DONE, wait.join());
    }

    @Test
    void nothing_ends_the_wait_of_who_creates_a_job_before_it_is_there() {
        a.flaky.meanwhile("create", () -> {
            a.results.finished("j1", DONE);
            a.results.ended("j1");
        });
        CompletableFuture<JobResult> wait = a.jobs.run(job("j1"), Origin.NONE);
        assertFalse(wait.isDone(), () -> "ended: " + wait);
    }

    @Test
    void who_runs_a_job_hears_of_an_end_that_came_before_the_answer_of_its_creation() {
        Link other = b.connect("r2", 1);
        a.flaky.meanwhile("create", () -> {
            Assignment given = take(b, other);
            b.runners.complete(other.session(), List.of(new Report(given.key(), DONE)), Origin.NONE);
            news.run();
        });
        assertEquals(
                DONE,
                a.jobs.run(job("j1", "r2", 60, Job.Extras.NONE), Origin.NONE).join());
    }

    @Test
    void a_stop_of_the_job_before_does_not_stop_the_next_one() {
        b.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Link other = b.connect("r1", 1);
        Assignment first = take(b, other);
        a.jobs.stop("j1", Origin.NONE);
        b.runners.complete(
                other.session(), List.of(new Report(first.key(), new JobResult.Failure("gone", null))), Origin.NONE);
        a.jobs.delete("j1", Origin.NONE).join();
        CompletableFuture<JobResult> wait = a.jobs.run(job("j1"), Origin.NONE);
        Assignment next = take(a, runner);
        assertEquals(first.attempt(), next.attempt());
        news.run();
        assertEquals(List.of(), a.runners.stops(runner.session()));
        assertEquals(JobStatus.RUNNING, a.jobs.state("j1").status());
        end(next);
        assertEquals(DONE, wait.join());
    }

    @Test
    void a_stop_at_another_gateway_is_heard_from_the_log() {
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Assignment given = take(a, runner);
        b.jobs.stop("j1", Origin.NONE);
        assertEquals(List.of(), a.runners.stops(runner.session()));
        news.run();
        assertEquals(
                List.of(given.key().jobId()),
                a.runners.stops(runner.session()).stream()
                        .map(stop -> stop.hold().jobId())
                        .toList());
    }
}
