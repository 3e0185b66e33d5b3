package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Report;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/// Jobs that wait for a time are handed out when it comes, not at the next look that is due anyway.
final class TimersTest {
    private final EngineFixture a = new EngineFixture();
    private final Timers timers = a.runners.dispatch().timers();

    private Job in(String id, long ms) {
        String time = a.time.instant().plusMillis(ms).toString();
        return job(id, "r1", 60, new Job.Extras(OptionalInt.empty(), null, OptionalInt.empty(), time, null, null));
    }

    private boolean isWoken() {
        return timers.loop().isWoken();
    }

    @Test
    void a_look_hands_out_what_is_due_and_says_when_the_next_is() {
        EngineFixture.Link link = a.connect("r1", 2);
        a.jobs.createAndStart(in("j1", 300), Origin.NONE).join();
        a.jobs.createAndStart(in("j2", 700), Origin.NONE).join();
        var pull = a.runners.pull(link.session(), link, 1);
        assertEquals(Duration.ofMillis(300), timers.look());
        assertFalse(pull.isDone());
        a.time.advance(Duration.ofMillis(300));
        assertEquals(Duration.ofMillis(400), timers.look());
        assertEquals("j1", pull.join().getFirst().job().id());
        a.time.advance(Duration.ofMillis(400));
        assertEquals(Duration.ofSeconds(1), timers.look());
    }

    @Test
    void a_job_that_starts_later_makes_them_look_and_others_do_not() {
        a.connect("r1", 1);
        a.jobs.createAndStart(job("now"), Origin.NONE).join();
        assertFalse(isWoken());
        a.jobs.createAndStart(in("later", 300), Origin.NONE).join();
        assertTrue(isWoken());
    }

    @Test
    void a_created_job_that_is_started_makes_them_look() {
        a.connect("r1", 1);
        a.jobs.create(in("later", 300), Origin.NONE).join();
        assertFalse(isWoken());
        a.jobs.start("later", Origin.NONE).join();
        assertTrue(isWoken());
    }

    @Test
    void an_attempt_that_failed_makes_them_look() {
        EngineFixture.Link link = a.connect("r1", 1);
        Job.Extras again = new Job.Extras(OptionalInt.of(1), 0.3, OptionalInt.empty(), null, null, null);
        a.jobs.createAndStart(job("j1", "r1", 60, again), Origin.NONE).join();
        Assignment given = a.runners.pull(link.session(), link, 1).join().getFirst();
        assertFalse(isWoken());
        Report report = new Report(given.key(), new JobResult.Failure("not yet", null));
        a.runners.complete(link.session(), List.of(report), Origin.NONE);
        assertTrue(isWoken());
        assertEquals(Duration.ofMillis(300), timers.look());
    }

    @Test
    void a_look_that_failed_after_a_long_time_is_made_again_at_once() {
        a.flaky.meanwhile("ripen", () -> {
            a.time.advance(Duration.ofSeconds(5));
            throw Refusal.busy("the database cannot be reached", 1000);
        });
        assertThrows(Refusal.class, timers::look);
        assertEquals(Duration.ofSeconds(1), timers.look());
        a.connect("r1", 1);
        a.jobs.createAndStart(in("j1", 300), Origin.NONE).join();
        assertEquals(Duration.ofMillis(300), timers.look());
    }

    @Test
    void a_look_that_took_long_is_followed_by_a_rest_and_not_by_more() {
        a.connect("r1", 1);
        a.jobs.createAndStart(in("j1", 300), Origin.NONE).join();
        a.flaky.meanwhile("ripen", () -> a.time.advance(Duration.ofMillis(100)));
        timers.look();
        assertEquals(Duration.ofMillis(400), timers.look());
        a.time.advance(Duration.ofMillis(400));
        assertEquals(Duration.ofSeconds(1), timers.look(), "j1 was due and is queued");
    }
}
