package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Time;
import hero.supervisor.engine.Ids;
import hero.supervisor.store.JobStore.Created;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Jobs whose ids say that they have just been made: [FreshId].
@SuppressWarnings("NullAway.Init")
final class FreshJobsTest {
    private StoreFixture fixture;
    private PostgresJobStore store;

    @BeforeEach
    void connect() {
        fixture = new StoreFixture(1000, 100);
        store = fixture.store;
        fixture.open("s1", 5, Duration.ofHours(1));
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private long count(String table) {
        return fixture.number("select count(*) from " + table);
    }

    static String freshId() {
        return new Ids(RandomGenerator.getDefault(), Time.system()).next();
    }

    /// Such an id is taken for one that no job has.
    @Test
    void an_id_that_has_just_been_made_and_is_there_already_changes_nothing() {
        String id = freshId();
        Job first = job(id);
        assertEquals(new Created.New("queue"), get(store.create(first, true)));

        Created same = get(store.create(first, true));
        Created changed = get(store.create(job(id, "another", 300, Job.Extras.NONE), true));

        assertEquals(new Created.Same(JobStatus.QUEUED, "queue"), same);
        assertEquals(new Created.Different(), changed);
        assertEquals(1, count("jobs"));
        assertEquals(1, count("job_queue"));
        assertEquals(1, count("job_events"));
    }

    /// A row that stands for several events takes their numbers before its own; readers ask for those above 0.
    @Test
    void the_first_events_of_a_new_database_have_numbers_above_zero() {
        get(store.create(job("first"), true));

        assertTrue(fixture.number("select min(seq) from job_events") > 2);
    }

    @Test
    void a_job_that_is_written_with_one_that_is_there_still_gets_the_place_that_it_was_offered() {
        var creates = new CreateBatch("one", new Elders(Time.system()), Time.system());
        Job there = job(freshId());
        get(store.create(there, false));
        Job next = job(freshId());
        var place = new JobStore.Place("queue", new JobStore.Slot("s1", 7));

        List<Created> answers = fixture.database.statement(own -> creates.write(
                own,
                List.of(
                        CreateBatch.Create.of(there, false, null, JobStore.Placing.NONE),
                        CreateBatch.Create.of(next, true, null, _ -> place))));

        assertEquals(new Created.Same(JobStatus.CREATED, "queue"), answers.getFirst());
        assertEquals(7, ((Created.Handed) answers.getLast()).job().lease());
        assertEquals(2, count("jobs"));
        assertEquals(0, count("job_queue"));
        assertEquals(1, count("job_holds"));
    }

    @Test
    void a_job_with_an_id_that_has_just_been_made_needs_its_runner_too() {
        fixture.runners.remove("runner");

        assertEquals(new Created.NoRunner(), get(store.create(job(freshId()), true)));
    }
}
