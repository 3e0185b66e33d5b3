package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.slots;
import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import hero.supervisor.store.JobStore.Completed;
import hero.supervisor.store.JobStore.Created;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What comes by the thousand at one moment. A statement that compares each row with all others does not end
/// within the time that it is given.
@SuppressWarnings("NullAway.Init")
final class ManyAtOnceTest {
    private static final int MANY = 10_000;

    private StoreFixture fixture;
    private PostgresJobStore store;

    @BeforeEach
    void connect() {
        fixture = new StoreFixture(2 * MANY, 1000);
        store = fixture.store;
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private List<Assignment> held(Duration lease) {
        fixture.open("s1", MANY, lease);
        List<CompletableFuture<Created>> created = IntStream.range(0, MANY)
                .mapToObj(n -> store.create(job("j" + n), true))
                .toList();
        created.forEach(JobFixture::get);
        List<Assignment> taken = new ArrayList<>();
        for (List<Assignment> some = List.of(); taken.isEmpty() || !some.isEmpty(); ) {
            some = get(store.claim("queue", slots("s1", 1000)));
            taken.addAll(some);
        }
        assertEquals(MANY, taken.size());
        return taken;
    }

    @Test
    void all_jobs_of_a_lost_runner_are_queued_again_by_one_sweep() {
        held(Duration.ofMillis(-1));

        JobStore.Rescued rescued = store.rescue(Duration.ZERO, 5);

        assertEquals(List.of("s1"), rescued.sessions());
        assertEquals(MANY, fixture.number("select count(*) from job_queue"));
        assertEquals(MANY, fixture.number("select count(*) from job_attempts"));
    }

    @Test
    void jobs_that_run_out_of_time_together_end_together() {
        List<JobStore.Ending> endings = held(Duration.ofHours(1)).stream()
                .limit(500)
                .map(job -> new JobStore.Ending(job.key(), JobStatus.TIMEOUT, "timed out after 300 s"))
                .toList();

        List<Completed> done = store.end(endings);

        assertEquals(
                500,
                done.stream().filter(one -> one.outcome() == Outcome.RECORDED).count());
        assertEquals(
                1,
                fixture.number("select count(distinct xid) from job_events where status = 'timeout'"),
                "transactions");
    }
}
