package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.fail;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.prioritised;
import static hero.supervisor.store.JobFixture.retried;
import static hero.supervisor.store.JobFixture.slots;
import static hero.supervisor.store.JobFixture.startingAt;
import static hero.supervisor.store.JobFixture.succeed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
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
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Place;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.JobStore.Ripened;
import hero.supervisor.store.JobStore.Slot;
import hero.supervisor.store.JobStore.Started;
import hero.supervisor.store.JobStore.Stopped;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The first half of the contract of every [JobStore]: from creation to the outcome that a runner reports. Runner
/// `runner` with queue `queue` exists and session `s1` lives.
abstract class JobStoreLifeContract {
    static final String FAR = "2999-01-01T00:00:00Z";

    /// The store of one gateway.
    abstract JobStore store();

    final void queued(String... ids) {
        for (String id : ids) {
            get(store().create(job(id), true));
        }
    }

    final JobStatus status(String id) {
        return store().state(id).orElseThrow().status();
    }

    final List<String> claim(int count) {
        return get(store().claim("queue", slots("s1", count))).stream()
                .map(given -> given.job().id())
                .toList();
    }

    // ---- create and start ----

    @Test
    void a_created_job_waits_for_its_start_and_then_in_the_queue() {
        assertEquals(new Created.New("queue"), get(store().create(job("a"), false)));
        assertEquals(JobStatus.CREATED, status("a"));
        assertEquals(List.of(), claim(1));
        assertEquals(new Started.Queued("queue"), get(store().start("a")));
        assertEquals(new Started.Already(), get(store().start("a")));
        assertEquals(JobStatus.QUEUED, status("a"));
        assertEquals(List.of("a"), claim(5));
        assertEquals(new Started.Already(), get(store().start("a")));
        assertEquals(new Started.NoJob(), get(store().start("nobody")));
    }

    private Started startAt(String id, String queue, long lease) {
        return get(store().start(id, "runner", _ -> new Place(queue, new Slot("s1", lease))));
    }

    @Test
    void a_job_that_is_started_may_go_straight_to_a_runner() {
        get(store().create(job("a"), false));
        Position head = store().head();
        Assignment given = assertInstanceOf(Started.Handed.class, startAt("a", "queue", 77))
                .job();
        assertEquals(job("a"), given.job());
        assertEquals(new Assignment.Key("a", 1, 77), given.key());
        assertEquals("s1", given.sessionId());
        assertEquals(JobStatus.RUNNING, status("a"));
        assertEquals(List.of(), claim(1));
        assertEquals(List.of(given), store().handed("s1", List.of(given.key())));
        assertEquals(
                List.of("queued 0", "running 1"),
                store().events(head, 10).events().stream()
                        .map(event -> event.status() + " " + event.attempt())
                        .toList());
        succeed(store(), given.key());
        assertEquals(JobStatus.COMPLETED, status("a"));
    }

    @Test
    void a_place_is_not_taken_in_another_queue_before_its_time_or_twice() {
        List.of(job("other"), startingAt("later", FAR), job("twice"), job("done"))
                .forEach(job -> get(store().create(job, false)));
        assertEquals(new Started.Queued("queue"), startAt("other", "elsewhere", 1));
        assertEquals(new Started.Queued("queue"), startAt("later", "queue", 2));
        assertEquals(List.of("other"), claim(5));
        assertInstanceOf(Started.Handed.class, startAt("twice", "queue", 3));
        assertEquals(new Started.Already(), startAt("twice", "queue", 4));
        Started.Handed done = assertInstanceOf(Started.Handed.class, startAt("done", "queue", 5));
        succeed(store(), done.job().key());
        assertEquals(new Started.Final(JobStatus.COMPLETED), startAt("done", "queue", 6));
        assertEquals(new Started.NoJob(), startAt("nobody", "queue", 7));
        assertEquals(
                3,
                store().handed("s1", List.of(new Assignment.Key("twice", 1, 3)))
                        .getFirst()
                        .lease());
    }

    @Test
    void a_job_comes_back_as_it_was_sent() {
        Job.Extras extras = new Job.Extras(
                OptionalInt.of(3), 0.25, OptionalInt.of(-7), FAR, Map.of("team", "ops", "note", "a\tb"), false);
        Job sent = job("a", "line one\nline two \"x\"", 0.5, extras);
        get(store().create(sent, false));
        assertEquals(sent, store().details("a").orElseThrow().job());
        assertEquals(
                List.of(sent), store().page(JobFilter.ALL, Long.MAX_VALUE, 10).jobs());
        queued("b");
        assertEquals(job("b"), claimOne(store()).job());
    }

    @Test
    void the_same_content_again_is_answered_like_the_first_time_and_changes_nothing() {
        get(store().create(job("a"), false));
        assertEquals(new Created.Same(JobStatus.CREATED, "queue"), get(store().create(job("a"), true)));
        assertEquals(JobStatus.CREATED, status("a"));
        assertEquals(List.of(), claim(1));
        assertEquals(new Created.Different(), get(store().create(job("a", "other", 300, Job.Extras.NONE), false)));
        get(store().start("a"));
        assertEquals(new Created.Same(JobStatus.QUEUED, "queue"), get(store().create(job("a"), true)));
        assertEquals(List.of("a"), claim(5));
    }

    @Test
    void an_unknown_runner_is_refused_and_leaves_nothing() {
        Job a = job("a");
        Job lost = new Job(
                a.id(),
                a.callerId(),
                a.contextId(),
                a.payload(),
                "nobody",
                a.executor(),
                a.timeoutS(),
                a.envVars(),
                a.createdAt(),
                a.updatedAt(),
                a.extras());
        assertEquals(new Created.NoRunner(), get(store().create(lost, true)));
        assertTrue(store().state("a").isEmpty());
    }

    @Test
    void one_id_many_times_at_once_is_accepted_once() {
        List<CompletableFuture<Created>> all = IntStream.range(0, 50)
                .mapToObj(n -> store().create(n % 2 == 0 ? job("a") : job("a", "odd", 1, Job.Extras.NONE), true))
                .toList();
        List<Created> answers = all.stream().map(JobFixture::get).toList();
        assertEquals(1, answers.stream().filter(Created.New.class::isInstance).count());
        assertEquals(
                25, answers.stream().filter(Created.Different.class::isInstance).count());
        assertEquals(1, claim(10).size());
    }

    @Test
    void a_start_many_times_at_once_queues_once() {
        get(store().create(job("a"), false));
        List<CompletableFuture<Started>> all =
                IntStream.range(0, 20).mapToObj(n -> store().start("a")).toList();
        assertEquals(
                1,
                all.stream()
                        .map(JobFixture::get)
                        .filter(Started.Queued.class::isInstance)
                        .count());
        assertEquals(1, claim(10).size());
    }

    // ---- claim ----

    @Test
    void higher_priority_goes_first_then_first_come_first_served() {
        queued("a");
        get(store().create(prioritised("low", -1), true));
        queued("b");
        get(store().create(prioritised("high", 5), true));
        queued("c");
        assertEquals(List.of("high", "a", "b"), claim(3));
        assertEquals(List.of("c", "low"), claim(3));
    }

    @Test
    void jobs_sent_at_once_are_handed_out_in_the_order_they_were_sent() {
        List<CompletableFuture<Created>> all = new ArrayList<>();
        List<String> ids =
                IntStream.range(0, 300).mapToObj(n -> "j" + (n * 7919) % 1000).toList();
        ids.forEach(id -> all.add(store().create(job(id), true)));
        all.forEach(JobFixture::get);
        assertEquals(ids, claim(1000));
    }

    @Test
    void the_nth_job_goes_to_the_nth_slot() {
        queued("a", "b");
        List<JobStore.Slot> slots = slots("s1", 3);
        List<Assignment> given = get(store().claim("queue", slots));
        assertEquals(
                List.of(slots.get(0).lease(), slots.get(1).lease()),
                given.stream().map(Assignment::lease).toList());
        assertEquals(List.of(1, 1), given.stream().map(Assignment::attempt).toList());
        assertEquals("s1", given.getFirst().sessionId());
        assertEquals(JobStatus.RUNNING, status("a"));
        assertEquals(
                given.stream().map(Assignment::key).toList(),
                store().held("s1").stream().map(JobStore.Held::key).toList());
    }

    @Test
    void two_claims_of_one_queue_at_once_and_claims_of_other_queues_are_kept_apart() {
        queued("a", "b", "c");
        var first = store().claim("queue", slots("s1", 2));
        var second = store().claim("queue", slots("s1", 2));
        var other = store().claim("other", slots("s1", 2));
        List<String> both = new ArrayList<>();
        get(first).forEach(given -> both.add(given.job().id()));
        get(second).forEach(given -> both.add(given.job().id()));
        assertEquals(List.of("a", "b", "c"), both);
        assertEquals(List.of(), get(other));
    }

    @Test
    void a_claim_whose_pulls_have_gone_claims_nothing_and_takes_nothing_from_others() {
        queued("a");
        var none = store().claim("queue", List.of());
        var other = store().claim("other", slots("s1", 1));
        assertEquals(List.of(), get(none));
        assertEquals(List.of(), get(other));
        assertEquals(List.of("a"), claim(1));
    }

    // ---- complete ----

    @Test
    void a_success_is_recorded_once() {
        queued("a");
        Assignment.Key key = claimOne(store()).key();
        assertEquals(new Answer.Pending(), store().answer("a"));
        assertEquals(
                new Completed(Outcome.RECORDED, new JobResult.Success("done"), null, JobStatus.COMPLETED),
                succeed(store(), key));
        assertEquals(Completed.refused(Outcome.DUPLICATE), succeed(store(), key));
        assertEquals(Outcome.DUPLICATE, fail(store(), key).outcome());
        assertEquals(new Answer.Done(new JobResult.Success("done")), store().answer("a"));
        assertEquals(JobStatus.COMPLETED, status("a"));
        assertEquals(new Started.Final(JobStatus.COMPLETED), get(store().start("a")));
        assertEquals(List.of(), store().held("s1"));
    }

    @Test
    void the_same_report_twice_at_once_is_recorded_then_duplicate() {
        queued("a");
        Assignment.Key key = claimOne(store()).key();
        var one = store().complete(new JobStore.Completion(key, new JobResult.Success("1")));
        var two = store().complete(new JobStore.Completion(key, new JobResult.Success("2")));
        assertEquals(Outcome.RECORDED, get(one).outcome());
        assertEquals(Outcome.DUPLICATE, get(two).outcome());
        assertEquals(new Answer.Done(new JobResult.Success("1")), store().answer("a"));
    }

    @Test
    void another_attempt_or_lease_or_an_unknown_job_is_stale() {
        queued("a");
        Assignment.Key key = claimOne(store()).key();
        assertEquals(
                Outcome.STALE,
                succeed(store(), new Assignment.Key("a", key.attempt() + 1, key.lease()))
                        .outcome());
        assertEquals(
                Outcome.STALE,
                succeed(store(), new Assignment.Key("a", key.attempt(), key.lease() + 1))
                        .outcome());
        assertEquals(
                Outcome.STALE,
                succeed(store(), new Assignment.Key("nobody", 1, 1)).outcome());
        assertEquals(JobStatus.RUNNING, status("a"));
        succeed(store(), key);
        assertEquals(
                Outcome.STALE,
                succeed(store(), new Assignment.Key("a", key.attempt(), key.lease() + 1))
                        .outcome());
    }

    @Test
    void a_failure_keeps_its_message_and_exit_code() {
        queued("a");
        JobResult failure = new JobResult.Failure("broken", 3);
        assertEquals(
                new Completed(Outcome.RECORDED, failure, null, JobStatus.FAILED),
                fail(store(), claimOne(store()).key()));
        assertEquals(new Answer.Done(failure), store().answer("a"));
        assertEquals(JobStatus.FAILED, status("a"));
    }

    @Test
    void a_failure_after_the_timeout_is_a_timeout() {
        get(store().create(job("a", "p", 0.000001, Job.Extras.NONE), true));
        Assignment.Key key = claimOne(store()).key();
        JobResult expected = new JobResult.Failure("timed out after 1e-06 s", 9);
        assertEquals(expected, fail(store(), key, "killed", 9).result());
        assertEquals(JobStatus.TIMEOUT, status("a"));
    }

    @Test
    void a_failure_with_retries_left_is_queued_again_and_a_late_report_told_apart() {
        get(store().create(retried("a", 1, 0), true));
        Assignment.Key first = claimOne(store()).key();
        assertEquals(new Completed(Outcome.RECORDED, null, "queue", JobStatus.QUEUED), fail(store(), first));
        assertEquals(JobStatus.QUEUED, status("a"));
        assertEquals(Outcome.DUPLICATE, fail(store(), first).outcome());
        Assignment.Key second = claimOne(store()).key();
        assertEquals(2, second.attempt());
        assertEquals(Outcome.DUPLICATE, fail(store(), first).outcome());
        assertEquals(
                Outcome.STALE,
                fail(store(), new Assignment.Key("a", 1, first.lease() + 1)).outcome());
        assertEquals(new JobResult.Failure("broken", 3), fail(store(), second).result());
        assertEquals(
                List.of("failed", "failed"),
                store().details("a").orElseThrow().attempts().stream()
                        .map(JobDetails.Attempt::status)
                        .toList());
    }

    @Test
    void a_retry_waits_for_its_delay() {
        get(store().create(retried("a", 1, 3600), true));
        assertEquals("queue", fail(store(), claimOne(store()).key()).requeued());
        assertEquals(JobStatus.QUEUED, status("a"));
        Ripened ripened = store().ripen(10);
        assertEquals(List.of(), ripened.queues());
        long nextS = Objects.requireNonNull(ripened.next()).toSeconds();
        assertTrue(nextS > 3000 && nextS <= 3600, () -> nextS + " s");
        assertEquals(List.of(), claim(1));
        assertInstanceOf(Stopped.Ended.class, store().stop("a"));
    }

    @Test
    void a_job_that_starts_later_is_not_handed_out_before() {
        get(store().create(startingAt("a", FAR), true));
        get(store().create(startingAt("past", "2020-01-01t00:00:00z"), true));
        get(store().create(startingAt("b", FAR), false));
        get(store().start("b"));
        assertEquals(JobStatus.QUEUED, status("a"));
        assertEquals(List.of(), store().ripen(10).queues());
        assertEquals(List.of("past"), claim(10));
    }
}
