package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Report;
import hero.supervisor.engine.EngineFixture.Link;
import hero.supervisor.store.Lending;
import hero.supervisor.store.Notice;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Callers at gateway `a`, a runner at gateway `b`, which lends its slots. What one says the other hears at once,
/// unless a test holds it back; nobody reads the log, and nobody hears of jobs that wait.
class LoansTest {
    private final EngineFixture a = new EngineFixture();
    private final EngineFixture b = new EngineFixture(a, "b");
    private final Sweeper atA = sweeper(a);
    private final Sweeper atB = sweeper(b);
    private final List<Lending> said = new ArrayList<>();
    /// The pull that was lent first.
    private CompletableFuture<List<Assignment>> opened = new CompletableFuture<>();
    /// What `a` says from now on is not heard.
    private boolean mute;

    private static Sweeper sweeper(EngineFixture engine) {
        Secrets secrets = new Secrets(new SteppedEngine.NoSecrets(), new SplittableRandom(1), engine.time, _ -> {});
        Feed feed = new Feed(engine.store, engine.time, Runnable::run, new SilentStreams());
        return new Sweeper(engine.store, engine.results, engine.runners, secrets, feed, engine.settings, engine.time);
    }

    @BeforeEach
    void wire() {
        a.store.onSay(word -> {
            said.add(word);
            if (!mute) {
                atB.heard("a", word);
            }
        });
        b.store.onSay(word -> {
            said.add(word);
            atA.heard("b", word);
        });
    }

    @AfterEach
    void close() {
        atA.close();
        atB.close();
    }

    /// `b` hears that `a` brings jobs.
    private void demand() {
        atB.heard(new Notice("a", List.of(), List.of("r1"), List.of(), true, List.of(), Instant.EPOCH));
    }

    /// A runner at `b` whose first pull is lent.
    private Link lent(int slots, int max) {
        Link link = b.connect("r1", slots);
        opened = pull(link, max);
        demand();
        b.runners.dispatch().wake("r1");
        assertEquals(1, says(Lending.Lent.class));
        return link;
    }

    private CompletableFuture<List<Assignment>> pull(Link link, int max) {
        return b.runners.pull(link.session(), link, max);
    }

    private void complete(Link link, Assignment done) {
        b.runners.complete(link.session(), List.of(new Report(done.key(), new JobResult.Success("42"))), Origin.NONE);
        atA.heard(new Notice("b", List.of(), List.of(), List.of(done.job().id()), false, List.of(), Instant.EPOCH));
    }

    private static List<String> ids(CompletableFuture<List<Assignment>> pull) {
        assertTrue(pull.isDone());
        return pull.join().stream().map(given -> given.job().id()).toList();
    }

    private JobStatus status(String id) {
        return a.store.state(id).orElseThrow().status();
    }

    private long says(Class<? extends Lending> kind) {
        return said.stream().filter(kind::isInstance).count();
    }

    private void pass(Duration time) {
        a.time.advance(time);
        atA.watch();
        atB.watch();
    }

    @Test
    void new_jobs_go_to_the_runner_of_the_other_gateway_without_their_queue() {
        Link link = lent(2, 2);
        var first = opened;
        var result = a.jobs.run(job("j1"), Origin.NONE);
        assertEquals(List.of("j1"), ids(first));
        Assignment given = first.join().getFirst();
        assertEquals(link.session().id(), given.sessionId());
        assertEquals(1, b.runners.running());
        var second = pull(link, 1);
        a.jobs.run(job("j2"), Origin.NONE);
        assertEquals(List.of("j2"), ids(second));
        complete(link, given);
        assertEquals(new JobResult.Success("42"), result.join());
        assertEquals(1, says(Lending.Lent.class), "one loan serves pull after pull");
    }

    @Test
    void a_gateway_that_brings_no_jobs_or_takes_no_loans_gets_none() {
        Link link = b.connect("r1", 1);
        atB.heard(new Notice("old", List.of(), List.of("r1"), List.of(), false, List.of(), Instant.EPOCH));
        pull(link, 1);
        assertEquals(List.of(), said);
        atB.heard(new Notice("a", List.of(), List.of("other"), List.of(), true, List.of(), Instant.EPOCH));
        demand();
        b.time.advance(Duration.ofSeconds(2));
        b.runners.dispatch().wake("r1");
        assertEquals(List.of(), said);
    }

    @Test
    void no_job_is_written_without_an_open_pull_and_a_free_slot() {
        Link link = lent(2, 2);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        a.jobs.createAndStart(job("j2"), Origin.NONE).join();
        assertEquals(JobStatus.QUEUED, status("j2"), "the pull is answered already");
        var second = pull(link, 1);
        assertEquals(List.of("j2"), ids(second));
        a.jobs.createAndStart(job("j3"), Origin.NONE).join();
        var third = pull(link, 1);
        assertFalse(third.isDone());
        complete(link, second.join().getFirst());
        assertEquals(List.of("j3"), ids(third));
    }

    @Test
    void a_pull_takes_more_jobs_when_slots_become_free() {
        Link link = b.connect("r1", 3);
        var own = pull(link, 1);
        b.jobs.createAndStart(job("own"), Origin.NONE).join();
        b.time.advance(Duration.ofSeconds(2));
        demand();
        var pull = pull(link, 3);
        assertEquals(2, ((Lending.Pulled) said.getLast()).places());
        complete(link, own.join().getFirst());
        assertEquals(3, ((Lending.Widened) said.getLast()).places());
        Lending.Widened again = (Lending.Widened) said.getLast();
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        assertEquals(List.of("j1"), ids(pull));
        atA.heard("b", again);
        a.jobs.createAndStart(job("j2"), Origin.NONE).join();
        assertEquals(JobStatus.QUEUED, status("j2"), "that pull is filled");
    }

    @Test
    void a_pull_that_is_given_up_is_not_filled_and_what_was_on_its_way_to_it_waits_again() {
        Link link = lent(2, 1);
        var first = opened;
        first.cancel(false);
        assertEquals(1, says(Lending.Withdrawn.class));
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        assertEquals(JobStatus.QUEUED, status("j1"));
        var second = pull(link, 1);
        assertEquals(List.of("j1"), ids(second));
        var third = pull(link, 1);
        mute = true;
        a.jobs.createAndStart(job("j2"), Origin.NONE).join();
        Lending unheard = said.getLast();
        third.cancel(false);
        assertEquals(JobStatus.RUNNING, status("j2"));
        mute = false;
        atB.heard("a", unheard);
        assertEquals(JobStatus.QUEUED, status("j2"));
        assertTrue(link.session().lent != null, "the loan goes on");
    }

    @Test
    void jobs_that_are_said_in_parts_answer_their_pull_together() {
        lent(200, 200);
        var pull = opened;
        for (int i = 0; i < 9; i++) {
            a.store.create(job("x".repeat(1900) + i), true).join();
        }
        mute = true;
        a.runners.dispatch().wake("r1");
        List<Lending.Filled> parts = said.stream()
                .filter(Lending.Filled.class::isInstance)
                .map(Lending.Filled.class::cast)
                .toList();
        assertEquals(4, parts.size());
        for (Lending.Filled part : parts) {
            assertFalse(pull.isDone());
            atB.heard("a", part);
        }
        assertEquals(4, ids(pull).size());
        assertEquals(4, b.runners.running());
    }

    @Test
    void a_gateway_that_brings_jobs_itself_wants_its_runners_back() {
        Link link = lent(2, 2);
        b.jobs.createAndStart(job("own"), Origin.NONE).join();
        assertEquals(1, says(Lending.Recalled.class));
        assertNull(link.session().lent);
        assertEquals(JobStatus.RUNNING, status("own"));
        pull(link, 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        assertEquals(JobStatus.QUEUED, status("j1"), "nothing is lent now");
    }

    @Test
    void what_nobody_uses_goes_back_after_a_second() {
        Link link = lent(9, 9);
        pass(Duration.ofMillis(900));
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        pull(link, 8);
        pass(Duration.ofMillis(900));
        assertTrue(link.session().lent != null);
        b.time.advance(Duration.ofSeconds(2));
        pass(Duration.ZERO);
        assertNull(link.session().lent);
        assertEquals(8, link.session().credit());
        assertEquals(1, says(Lending.Lent.class));
    }

    @Test
    void a_runner_that_is_gone_is_not_lent_and_what_is_written_for_it_later_waits_again() {
        Link link = lent(2, 2);
        mute = true;
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Lending unheard = said.getLast();
        assertEquals(JobStatus.RUNNING, status("j1"));
        b.runners.disconnected(link.session(), link);
        assertEquals(1, says(Lending.Recalled.class));
        assertNull(link.session().lent);
        mute = false;
        atB.heard("a", unheard);
        assertEquals(JobStatus.QUEUED, status("j1"));
        a.jobs.createAndStart(job("j2"), Origin.NONE).join();
        assertEquals(JobStatus.QUEUED, status("j2"), "the loan is over there too");
    }

    @Test
    void who_says_nothing_for_too_long_is_not_waited_for() {
        Link link = lent(2, 2);
        mute = true;
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Lending unheard = said.getLast();
        pass(Duration.ofSeconds(3));
        assertNull(link.session().lent);
        assertTrue(b.runners.holds().isDoubtful(link.session()), "what was written is looked for");
        assertEquals(0, b.runners.running());
        atB.heard("a", unheard);
        atB.heard("a", unheard);
        assertEquals(1, b.runners.running(), "it went back to its queue, and from there to the open pull");
        assertTrue(a.store.held(link.session().id()).stream()
                .noneMatch(held -> ((Lending.Filled) unheard).jobs().contains(held.key())));
    }

    @Test
    void what_is_said_twice_is_given_once() {
        Link link = lent(3, 1);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Lending filled = said.getLast();
        var next = pull(link, 2);
        atB.heard("a", filled);
        assertFalse(next.isDone());
        assertEquals(JobStatus.RUNNING, status("j1"), "its runner has it");
        pass(Duration.ofSeconds(3));
        assertNull(link.session().lent, "that loan is over");
        atB.heard("a", filled);
        assertFalse(next.isDone());
        assertEquals(JobStatus.RUNNING, status("j1"), "its runner has it");
    }

    @Test
    void a_stopped_or_draining_runner_is_not_lent() {
        Link link = lent(2, 2);
        b.runners.control().stop("r1", false, Origin.NONE);
        assertNull(link.session().lent);
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        assertEquals(JobStatus.QUEUED, status("j1"));
        b.runners.control().start("r1", Origin.NONE);
        var pull = pull(link, 1);
        b.runners.drain(link.session());
        assertTrue(pull.isDone());
        assertNull(link.session().lent);
    }

    @Test
    void a_pull_whose_jobs_are_gone_goes_on_unless_the_runner_is_to_drain() {
        Link link = lent(2, 2);
        var pull = opened;
        mute = true;
        a.jobs.createAndStart(job("j1"), Origin.NONE).join();
        Lending.Filled unheard = (Lending.Filled) said.getLast();
        a.store.release(unheard.jobs());
        a.store.stop("j1");
        atB.heard("a", unheard);
        assertFalse(pull.isDone());
        a.jobs.createAndStart(job("j2"), Origin.NONE).join();
        Lending.Filled again = (Lending.Filled) said.getLast();
        a.store.release(again.jobs());
        a.store.stop("j2");
        link.session().draining = true;
        atB.heard("a", again);
        assertEquals(List.of(), ids(pull));
    }

    @Test
    void a_look_finds_what_waits_although_the_runner_was_lent() {
        Link link = lent(2, 1);
        a.shared.runner("r1", "r1");
        a.store.create(job("j1"), true).join();
        a.store.create(job("j2"), true).join();
        var look = b.runners.look(link.session(), link, 1);
        assertNull(link.session().lent);
        assertEquals(List.of("j2"), ids(look), "the pull that was open before has the first one");
    }

    @Test
    void a_gateway_that_leaves_gives_back_and_takes_no_more() {
        Link link = lent(2, 2);
        a.runners.drain();
        assertNull(link.session().lent);
        demand();
        pull(link, 2);
        assertNull(link.session().lent);
        assertEquals(JobStatus.QUEUED, queued("j1"));
    }

    private JobStatus queued(String id) {
        a.store.create(job(id), true).join();
        return status(id);
    }
}
