package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.retried;
import static hero.supervisor.store.JobFixture.slots;
import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Signals;
import hero.supervisor.domain.Time;
import hero.supervisor.store.Committed.News;
import hero.supervisor.store.JobStore.Completion;
import hero.supervisor.store.JobStore.Slot;
import hero.supervisor.store.RunnerStore.Session;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What each kind of commit says that it brought. The log has it too; what is missing here only comes later.
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class CommittedTest {
    private final BlockingQueue<News> brought = new LinkedBlockingQueue<>();
    private Database database;
    private PostgresJobStore store;

    @BeforeEach
    void setup() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
        new Partitions(database).ahead();
        var runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        runners.openSession(new Session("s", "runner", "one", 50, List.of(), Map.of()), false, Duration.ofSeconds(60));
        store = new PostgresJobStore(database, "one", 100, 100, brought::add, Signals.NONE, Time.system());
    }

    @AfterEach
    void close() {
        store.close();
        database.close();
    }

    /// What the last commit brought.
    private News last() {
        News last = News.NONE;
        for (News news = brought.poll(); news != null; news = brought.poll()) {
            last = news;
        }
        return new News(Set.copyOf(last.queues()), List.copyOf(last.ended()), last.isAll());
    }

    private static News queue() {
        return new News(Set.of("queue"), List.of(), true);
    }

    private static News nothing() {
        return new News(Set.of(), List.of(), true);
    }

    private Assignment claimed() {
        return get(store.claim("queue", slots("s", 1))).getFirst();
    }

    private void report(Assignment job, JobResult result) {
        get(store.complete(new Completion(job.key(), result)));
    }

    @Test
    void a_job_that_waits_names_its_queue() {
        get(store.create(job("waits"), true));
        assertEquals(queue(), last());
        get(store.create(job("later"), false));
        assertEquals(nothing(), last());
        get(store.start("later"));
        assertEquals(queue(), last());
        get(store.start("later"));
        assertEquals(nothing(), last());
    }

    @Test
    void one_that_was_handed_out_with_its_creation_names_none() {
        get(store.create(job("handed"), true, null, _ -> new JobStore.Place("queue", new Slot("s", 1))));
        assertEquals(nothing(), last());
        assertEquals(JobStatus.RUNNING, store.state("handed").orElseThrow().status());
    }

    @Test
    void a_claim_is_for_streams_only_and_one_that_found_nothing_for_nobody() {
        get(store.create(job("j"), true));
        last();
        claimed();
        assertEquals(1, brought.size());
        assertEquals(nothing(), last());
        get(store.claim("queue", slots("s", 1)));
        assertEquals(0, brought.size());
    }

    @Test
    void an_end_names_the_job_and_a_retry_the_queue() {
        get(store.create(retried("j", 1, 0), true));
        report(claimed(), new JobResult.Failure("once", 1));
        assertEquals(queue(), last());
        Assignment second = claimed();
        report(second, new JobResult.Success("out"));
        assertEquals(new News(Set.of(), List.of("j"), true), last());
        report(second, new JobResult.Success("out"));
        assertEquals(nothing(), last());
        get(store.create(job("k"), true));
        report(claimed(), new JobResult.Failure("no", 1));
        assertEquals(new News(Set.of(), List.of("k"), true), last());
    }

    @Test
    void what_else_may_be_waited_for_is_in_the_log() {
        get(store.create(job("j"), true));
        Assignment job = claimed();
        last();
        store.release(List.of(job.key()));
        assertEquals(false, last().isAll());
        store.stop("j");
        assertEquals(false, last().isAll());
        store.delete("j", 0);
        assertEquals(false, last().isAll());
    }
}
