package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.end;
import static hero.supervisor.store.JobFixture.fail;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.retried;
import static hero.supervisor.store.JobFixture.slots;
import static hero.supervisor.store.JobFixture.startingAt;
import static hero.supervisor.store.JobFixture.succeed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Outcome;
import hero.supervisor.store.JobStore.Answer;
import hero.supervisor.store.JobStore.Completed;
import hero.supervisor.store.JobStore.Completion;
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Deleted;
import hero.supervisor.store.JobStore.Stopped;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// What every [JobStore] does, the real one and its twins: the life of one job, each fence, each refusal.
abstract class JobStoreContract extends JobStoreLifeContract {
    // ---- end, release, stop, delete ----

    @Test
    void a_late_result_after_the_servers_timeout_is_stale() {
        queued("a");
        Assignment.Key key = claimOne(store()).key();
        Completed ended = end(store(), key, JobStatus.TIMEOUT, "timed out after 300 s");
        assertEquals(
                new Completed(
                        Outcome.RECORDED,
                        new JobResult.Failure("timed out after 300 s", null),
                        null,
                        JobStatus.TIMEOUT),
                ended);
        assertEquals(JobStatus.TIMEOUT, status("a"));
        assertEquals(Outcome.STALE, succeed(store(), key).outcome());
        assertEquals(
                Outcome.STALE, end(store(), key, JobStatus.TIMEOUT, "again").outcome());
    }

    @Test
    void a_servers_timeout_uses_up_one_attempt() {
        get(store().create(retried("a", 1, 0), true));
        Assignment.Key first = claimOne(store()).key();
        assertEquals(
                new Completed(Outcome.RECORDED, null, "queue", JobStatus.QUEUED),
                end(store(), first, JobStatus.TIMEOUT, "timed out after 300 s"));
        assertEquals(Outcome.STALE, succeed(store(), first).outcome());
        Assignment.Key second = claimOne(store()).key();
        assertEquals(2, second.attempt());
        Completed end = store().end(List.of(new JobStore.Ending(second, JobStatus.FAILED, "runner gone")))
                .getFirst();
        assertEquals(new JobResult.Failure("runner gone", null), end.result());
    }

    @Test
    void a_released_job_keeps_its_place_and_its_attempt() {
        queued("a", "b");
        Assignment given = claimOne(store());
        queued("c");
        assertEquals(List.of("queue"), store().release(List.of(given.key(), new Assignment.Key("b", 1, 1))));
        assertEquals(Outcome.STALE, succeed(store(), given.key()).outcome());
        assertEquals(List.of(), store().release(List.of(given.key())));
        assertEquals(List.of(), store().held("s1"));
        List<Assignment> again = get(store().claim("queue", slots("s1", 3)));
        assertEquals(
                List.of("a", "b", "c"),
                again.stream().map(next -> next.job().id()).toList());
        assertEquals(1, again.getFirst().attempt());
        assertNotEquals(given.lease(), again.getFirst().lease());
    }

    @Test
    void what_a_session_was_handed_is_read_back_while_it_has_it() {
        queued("a", "b");
        List<Assignment> given = get(store().claim("queue", slots("s1", 2)));
        List<Assignment.Key> keys = given.stream().map(Assignment::key).toList();
        assertEquals(given, store().handed("s1", keys));
        assertEquals(List.of(), store().handed("s2", keys));
        Assignment.Key first = keys.getFirst();
        assertEquals(
                List.of(),
                store().handed(
                                "s1",
                                List.of(
                                        new Assignment.Key("a", first.attempt() + 1, first.lease()),
                                        new Assignment.Key("a", first.attempt(), first.lease() + 1),
                                        new Assignment.Key("nobody", 1, 1))));
        succeed(store(), first);
        assertEquals(given.subList(1, 2), store().handed("s1", keys));
    }

    @Test
    void a_released_job_whose_stop_was_asked_for_ends() {
        queued("a");
        Assignment.Key key = claimOne(store()).key();
        store().stop("a");
        assertEquals(List.of(), store().release(List.of(key)));
        assertEquals(new Answer.Done(new JobResult.Failure("stopped", null)), store().answer("a"));
    }

    @Test
    void stop_in_each_state() {
        assertEquals(new Stopped.NoJob(), store().stop("nobody"));
        JobResult stopped = new JobResult.Failure("stopped", null);
        get(store().create(job("created"), false));
        assertEquals(new Stopped.Ended(stopped), store().stop("created"));
        queued("queued");
        assertEquals(new Stopped.Ended(stopped), store().stop("queued"));
        assertEquals(new Stopped.AlreadyFinal(), store().stop("queued"));
        assertEquals(new Answer.Done(stopped), store().answer("queued"));
        get(store().create(startingAt("later", FAR), true));
        assertEquals(new Stopped.Ended(stopped), store().stop("later"));
        queued("running");
        Assignment given = claimOne(store());
        assertEquals("running", given.job().id());
        assertEquals(new Stopped.Running(given.key(), "s1"), store().stop("running"));
        assertEquals(new Stopped.Running(given.key(), "s1"), store().stop("running"));
        assertTrue(store().held("s1").getFirst().stopRequested());
        assertEquals(
                new JobResult.Failure("stopped", 143),
                fail(store(), given.key(), "killed", 143).result());
        assertEquals(new Stopped.AlreadyFinal(), store().stop("running"));
    }

    @Test
    void a_success_that_is_reported_after_a_stop_does_not_count() {
        queued("a");
        Assignment.Key key = claimOne(store()).key();
        store().stop("a");
        Completed done = get(store().complete(new Completion(key, new JobResult.Success("done"))));
        assertEquals(Outcome.RECORDED, done.outcome());
        assertEquals(new JobResult.Failure("stopped", null), done.result());
        assertEquals(new Answer.Done(new JobResult.Failure("stopped", null)), store().answer("a"));
        assertEquals(
                Outcome.DUPLICATE,
                get(store().complete(new Completion(key, new JobResult.Success("done"))))
                        .outcome());
    }

    @Test
    void a_stopped_job_is_not_tried_again() {
        get(store().create(retried("a", 5, 0), true));
        Assignment.Key key = claimOne(store()).key();
        store().stop("a");
        assertEquals(
                new JobResult.Failure("stopped", null),
                end(store(), key, JobStatus.TIMEOUT, "timed out").result());
    }

    @Test
    void a_job_that_is_to_be_deleted_when_it_ends_is_gone_for_who_waits() {
        queued("a");
        Assignment.Key key = claimOne(store()).key();
        store().delete("a", 0);
        assertEquals(new Answer.Pending(), store().answer("a"));
        assertEquals(List.of(), store().deleteEnded());
        fail(store(), key, "killed", null);
        assertEquals(new Answer.NoJob(), store().answer("a"));
        assertEquals(JobStatus.FAILED, store().state("a").orElseThrow().status());
        assertEquals(List.of("a"), store().deleteEnded());
        assertEquals(Optional.empty(), store().state("a"));
        assertEquals(List.of(), store().deleteEnded());
    }

    @Test
    void only_the_job_of_the_number_is_deleted() {
        queued("a");
        long number = store().number("a").orElseThrow();
        assertEquals(new Deleted.NoJob(), store().delete("a", number + 1));
        assertEquals(JobStatus.QUEUED, store().state("a").orElseThrow().status());
        assertEquals(new Deleted.Gone(), store().delete("a", number));
    }

    @Test
    void delete_in_each_state() {
        assertEquals(new Deleted.NoJob(), store().delete("nobody", 0));
        queued("queued");
        assertEquals(new Deleted.Gone(), store().delete("queued", 0));
        assertEquals(new Deleted.NoJob(), store().delete("queued", 0));
        assertEquals(new Answer.NoJob(), store().answer("queued"));
        assertEquals(List.of(), claim(1));
        queued("a");
        Assignment given = claimOne(store());
        assertEquals(new Deleted.Running(given.key(), "s1", store().number("a").orElseThrow()), store().delete("a", 0));
        assertTrue(store().held("s1").getFirst().stopRequested());
        fail(store(), given.key());
        assertEquals(new Deleted.Gone(), store().delete("a", 0));
        assertEquals(Outcome.STALE, succeed(store(), given.key()).outcome());
        assertEquals(new Created.New("queue"), get(store().create(job("a"), false)));
        assertEquals(new Deleted.Gone(), store().delete("a", 0));
    }

    // ---- reads ----

    @Test
    void pages_are_newest_first_and_filtered() {
        for (int i = 0; i < 5; i++) {
            get(store().create(job("j" + i), i == 2));
        }
        JobStore.Page first = store().page(JobFilter.ALL, Long.MAX_VALUE, 3);
        assertEquals(
                List.of("j4", "j3", "j2"), first.jobs().stream().map(Job::id).toList());
        assertEquals(store().number("j2").orElseThrow(), first.next());
        JobStore.Page second = store().page(JobFilter.ALL, first.next(), 3);
        assertEquals(List.of("j1", "j0"), second.jobs().stream().map(Job::id).toList());
        assertEquals(0, second.next());
        JobFilter queued = new JobFilter(JobStatus.QUEUED, "runner", "python", "caller", "context", null, null);
        assertEquals(
                List.of("j2"),
                store().page(queued, Long.MAX_VALUE, 3).jobs().stream()
                        .map(Job::id)
                        .toList());
        JobFilter other = new JobFilter(null, "other", null, null, null, null, null);
        assertEquals(List.of(), store().page(other, Long.MAX_VALUE, 3).jobs());
        assertTrue(store().number("nobody").isEmpty());
    }

    @Test
    void details_tell_state_result_and_attempts() {
        queued("a");
        assertEquals(List.of(), store().details("a").orElseThrow().attempts());
        Assignment given = claimOne(store());
        JobDetails running = store().details("a").orElseThrow();
        assertEquals("running", running.attempts().getFirst().status());
        assertEquals(given.startedAt(), running.state().startedAt());
        assertNull(running.result());
        succeed(store(), given.key());
        JobDetails done = store().details("a").orElseThrow();
        assertEquals(new JobResult.Success("done"), done.result());
        assertEquals("completed", done.attempts().getFirst().status());
        assertEquals(done.state().completedAt(), done.attempts().getFirst().endedAt());
        assertTrue(store().details("nobody").isEmpty());
    }
}
