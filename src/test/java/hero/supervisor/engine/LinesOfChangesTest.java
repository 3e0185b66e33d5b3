package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Report;
import hero.supervisor.engine.EngineFixture.Link;
import hero.supervisor.store.JobStore;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.slf4j.LoggerFactory;

/// One line per change of a state, with the job, and with the call that caused it where one did. Alone, as it
/// hears every engine of this JVM.
@Isolated
final class LinesOfChangesTest {
    private final EngineFixture engine = new EngineFixture();
    private final Logger logger = (Logger) LoggerFactory.getLogger("hero.supervisor.engine");
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    private @Nullable Level before;

    @BeforeEach
    void listen() {
        lines.start();
        before = logger.getLevel();
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
    }

    @AfterEach
    void leave() {
        logger.detachAppender(lines);
        logger.setLevel(before);
    }

    private static Origin call(String request) {
        return new Origin("c-1", request, null);
    }

    /// The lines about that job, each as `message peer request`.
    private List<String> about(String jobId) {
        return List.copyOf(lines.list).stream()
                .filter(line -> jobId.equals(value(line, "job_id")))
                .map(line -> (line.getMessage() + " " + value(line, "peer") + " " + value(line, "request")).strip())
                .toList();
    }

    private static String value(ILoggingEvent line, String key) {
        return line.getKeyValuePairs() == null
                ? ""
                : line.getKeyValuePairs().stream()
                        .filter(pair -> pair.key.equals(key))
                        .map(pair -> String.valueOf(pair.value))
                        .findFirst()
                        .orElse("");
    }

    @Test
    void each_change_names_the_call_that_caused_it() {
        Link link = engine.connect("r1", 1);
        engine.jobs.create(job("j1"), call("\"a\"")).join();
        engine.jobs.start("j1", call("2")).join();
        var given = engine.runners.pull(link.session(), link, 1).join().getFirst();
        engine.jobs.stop("j1", call("3"));
        engine.runners.complete(
                link.session(), List.of(new Report(given.key(), new JobResult.Failure("stopped", null))), call("4"));
        engine.jobs.delete("j1", call("5")).join();
        assertEquals(
                List.of(
                        "job accepted c-1 \"a\"",
                        "job queued c-1 2",
                        "job running",
                        "job stop requested c-1 3",
                        "result c-1 4",
                        "job deleted c-1 5"),
                about("j1"));
    }

    @Test
    void how_an_attempt_ended_is_told_and_that_one_was_handed_back() {
        Link link = engine.connect("r1", 1);
        Job.Extras again = new Job.Extras(OptionalInt.of(1), 0.0, OptionalInt.empty(), null, null, null);
        engine.jobs.createAndStart(job("j1", "r1", 60, again), Origin.NONE).join();
        engine.runners.release(link.session(), List.of(take(link)));
        assertEquals("job handed back", about("j1").getLast());
        List<Assignment.Key> given = new ArrayList<>();
        for (JobResult result : List.of(new JobResult.Failure("no", 1), new JobResult.Success("42"))) {
            given.add(take(link));
            report(link, given.getLast(), result);
        }
        report(link, given.getLast(), new JobResult.Success("42"));
        assertEquals(
                List.of("recorded queued", "recorded completed", "duplicate "),
                List.copyOf(lines.list).stream()
                        .filter(line -> line.getMessage().equals("result"))
                        .map(line -> value(line, "outcome") + " " + value(line, "status"))
                        .toList());
    }

    private Assignment.Key take(Link link) {
        return engine.runners.pull(link.session(), link, 1).join().getFirst().key();
    }

    private void report(Link link, Assignment.Key key, JobResult result) {
        engine.runners.complete(link.session(), List.of(new Report(key, result)), Origin.NONE);
    }

    @Test
    void an_id_that_a_caller_made_long_is_cut() {
        engine.connect("r1", 1);
        engine.jobs.create(job("j1"), call("1".repeat(500))).join();
        assertEquals(List.of("job accepted c-1 " + "1".repeat(64) + "…"), about("j1"));
    }

    /// A claim may commit just after its session was ended: then the next sweep frees a job of no session.
    @Test
    void callers_hear_of_a_job_that_was_freed_without_a_lost_session() {
        engine.connect("r1", 1);
        var waiting = engine.jobs.run(job("j1"), Origin.NONE);
        engine.jobs.create(job("j2"), Origin.NONE).join();
        var failure = new JobResult.Failure("runner lost", null);
        var rescued = new JobStore.Rescued(
                List.of(), List.of("r1"), List.of("j2"), List.of(new JobStore.Ended("j1", failure)));
        JobStore store = (JobStore) Proxy.newProxyInstance(
                JobStore.class.getClassLoader(),
                new Class<?>[] {JobStore.class},
                (_, method, args) -> method.getName().equals("rescue") ? rescued : method.invoke(engine.store, args));
        Secrets secrets = new Secrets(new SteppedEngine.NoSecrets(), new SplittableRandom(1), engine.time, _ -> {});
        Feed feed = new Feed(store, engine.time, Runnable::run, new SilentStreams());
        try (Sweeper sweeper =
                new Sweeper(store, engine.results, engine.runners, secrets, feed, engine.settings, engine.time)) {
            for (long waited = 0; waited <= engine.settings.lease().toMillis(); waited += 1000) {
                engine.time.advance(java.time.Duration.ofSeconds(1));
                sweeper.sweep();
            }
        }
        assertEquals(failure, waiting.join());
        assertTrue(
                about("j1").contains("job failed, runner lost"),
                () -> about("j1").toString());
        assertTrue(
                about("j2").contains("job queued again, runner lost"),
                () -> about("j2").toString());
    }
}
