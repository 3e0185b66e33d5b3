package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Explanation;
import hero.supervisor.domain.Explanation.Reason;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobFixture;
import hero.supervisor.domain.JobResult;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@org.jspecify.annotations.NullUnmarked // The fields are set before each test.
class PostgresFactStoreTest {
    private Database database;
    private PostgresJobStore jobs;
    private PostgresRunnerStore runners;
    private PostgresFactStore facts;

    @BeforeEach
    void open() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
        jobs = new PostgresJobStore(database, "a", 1000, 100);
        runners = new PostgresRunnerStore(database);
        facts = new PostgresFactStore(database);
        runners.register("r1", "q1");
    }

    @AfterEach
    void close() {
        jobs.close();
        database.close();
    }

    private Explanation explain(String jobId) {
        return Explanation.of(facts.facts(jobId).orElseThrow());
    }

    private void queue(String jobId) {
        jobs.create(JobFixture.job(jobId), true).join();
    }

    private void connect(int slots) {
        runners.openSession(
                new RunnerStore.Session("s1", "r1", "a", slots, List.of("sh"), Map.of()), false, Duration.ofMinutes(1));
    }

    private JobStore.Slot slot(long lease) {
        return new JobStore.Slot("s1", lease);
    }

    @Test
    void a_job_that_does_not_exist_has_no_facts() {
        assertTrue(facts.facts("nope").isEmpty());
    }

    @Test
    void what_keeps_a_job_from_running_is_told_in_the_order_in_which_it_must_be_mended() {
        jobs.create(JobFixture.job("j1"), false).join();
        assertEquals(Reason.NOT_STARTED, explain("j1").reason());
        jobs.start("j1").join();
        assertEquals(Reason.RUNNER_OFFLINE, explain("j1").reason());
        runners.setOpen("r1", false);
        assertEquals(Reason.RUNNER_STOPPED, explain("j1").reason());
        runners.remove("r1");
        assertEquals(Reason.NO_RUNNER, explain("j1").reason());
        runners.register("r1", "q1");
        connect(1);
        Explanation next = explain("j1");
        assertEquals(Reason.NEXT, next.reason());
        assertTrue(next.message().contains("executor 'osis'"), next.message());
        runners.drain(List.of("s1"));
        assertEquals(Reason.RUNNER_OFFLINE, explain("j1").reason(), "it takes no more jobs");
    }

    @Test
    void the_place_in_the_queue_is_told_and_the_start_guessed_from_the_last_jobs() {
        connect(1);
        queue("done");
        var done = jobs.claim("q1", List.of(slot(1))).join().getFirst();
        jobs.complete(new JobStore.Completion(done.key(), new JobResult.Success("x")))
                .join();
        queue("running");
        jobs.claim("q1", List.of(slot(2))).join();
        queue("first");
        queue("second");
        var urgent = new Job.Extras(OptionalInt.empty(), null, OptionalInt.of(9), null, null, null);
        jobs.create(JobFixture.job("urgent", "r1", 60, urgent), true).join();
        Explanation second = explain("second");
        assertEquals(Reason.NO_FREE_SLOT, second.reason());
        assertEquals(2, second.facts().ahead());
        assertNotNull(second.expectedStart());
        assertEquals(0, explain("urgent").facts().ahead());
    }

    @Test
    void a_running_job_names_its_holder_and_a_stop_that_was_asked_for() {
        connect(1);
        queue("j1");
        jobs.claim("q1", List.of(slot(1))).join();
        Explanation running = explain("j1");
        assertEquals(Reason.RUNNING, running.reason());
        assertEquals(
                "s1",
                running.facts().holder() == null
                        ? null
                        : running.facts().holder().sessionId());
        jobs.stop("j1");
        assertEquals(Reason.STOPPING, explain("j1").reason());
    }

    @Test
    void a_start_in_the_future_is_what_a_job_waits_for() {
        connect(1);
        var later = new Job.Extras(OptionalInt.empty(), null, OptionalInt.empty(), "2099-01-01T00:00:00Z", null, null);
        jobs.create(JobFixture.job("j1", "r1", 60, later), true).join();
        Explanation waiting = explain("j1");
        assertEquals(Reason.WAITING_FOR_TIME, waiting.reason());
        assertEquals("2099-01-01T00:00:00Z", String.valueOf(waiting.expectedStart()));
    }
}
