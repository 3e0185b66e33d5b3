package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Report;
import hero.supervisor.engine.EngineFixture.Link;
import hero.supervisor.store.Notice;
import hero.supervisor.store.Notifications;
import hero.supervisor.store.Spot;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A caller at one gateway and a runner at another one, neither of which reads the log.
class HeardTest {
    private final EngineFixture callers = new EngineFixture();
    private final EngineFixture runners = new EngineFixture(callers, "b");
    private final Sweeper atCallers = sweeper(callers);
    private final Sweeper atRunners = sweeper(runners);

    private static Sweeper sweeper(EngineFixture engine) {
        Secrets secrets = new Secrets(new SteppedEngine.NoSecrets(), new SplittableRandom(1), engine.time, _ -> {});
        Feed feed = new Feed(engine.store, engine.time, Runnable::run, new SilentStreams());
        return new Sweeper(engine.store, engine.results, engine.runners, secrets, feed, engine.settings, engine.time);
    }

    @AfterEach
    void close() {
        atCallers.close();
        atRunners.close();
    }

    private static Notice notice(List<String> queues, List<String> ended, @Nullable Instant since) {
        return new Notice("other", List.of(), queues, ended, false, List.of(), since);
    }

    @Test
    void a_pull_hears_of_a_job_and_the_caller_of_its_end() {
        Link link = runners.connect("r1", 1);
        var pull = runners.runners.pull(link.session(), link, 1);
        var result = callers.jobs.run(job("j1"), Origin.NONE);
        assertFalse(pull.isDone());
        atRunners.heard(notice(List.of("another"), List.of(), Instant.EPOCH));
        assertFalse(pull.isDone());
        atRunners.heard(notice(List.of("r1"), List.of(), Instant.EPOCH));
        Assignment given = pull.join().getFirst();
        runners.runners.complete(
                link.session(), List.of(new Report(given.key(), new JobResult.Success("42"))), Origin.NONE);
        atCallers.heard(notice(List.of(), List.of("j0"), Instant.EPOCH));
        assertFalse(result.isDone());
        atCallers.heard(notice(List.of(), List.of("j1"), Instant.EPOCH));
        assertEquals(new JobResult.Success("42"), result.join());
    }

    /// Each is only a hint: an end that was told too early ends no wait.
    @Test
    void an_end_that_is_not_there_is_waited_for() {
        runners.connect("r1", 1);
        var result = callers.jobs.run(job("j1"), Origin.NONE);
        atCallers.heard(notice(List.of(), List.of("j1"), Instant.EPOCH));
        assertFalse(result.isDone());
        assertTrue(callers.results.waiting() > 0);
    }

    @Test
    void what_names_nothing_wakes_every_queue_only_when_it_says_so() {
        Link link = runners.connect("r1", 1);
        var pull = runners.runners.pull(link.session(), link, 1);
        callers.jobs.createAndStart(job("j1"), Origin.NONE).join();
        atRunners.heard(notice(List.of(), List.of(), null));
        assertFalse(pull.isDone());
        atRunners.heard(new Notice(
                "other", List.of(new Spot(Notifications.ALL, null)), List.of(), List.of(), false, List.of(), null));
        assertEquals("j1", pull.join().getFirst().job().id());
    }
}
