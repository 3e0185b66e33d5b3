package hero.supervisor.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Refusal;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Answer;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ResultsTest {
    private final Deque<CompletableFuture<Answer>> answers = new ArrayDeque<>();
    private final Results results = new Results((JobStore) Proxy.newProxyInstance(
            JobStore.class.getClassLoader(), new Class<?>[] {JobStore.class}, (_, _, _) -> answers.remove()));

    @Test
    void a_look_that_fails_ends_no_wait_and_is_done_again() {
        JobResult done = new JobResult.Success("done");
        answers.add(CompletableFuture.completedFuture(new Answer.Pending()));
        Results.Wait wait = results.of("j");
        answers.add(CompletableFuture.failedFuture(Refusal.busy("the database is away", 1000)));
        results.readAll();
        assertFalse(wait.result().isDone(), () -> "ended: " + wait.result());

        answers.add(CompletableFuture.completedFuture(new Answer.Done(done)));
        results.readUnread();
        assertEquals(done, wait.result().join());
        results.readUnread();
        assertEquals(0, answers.size());
    }
}
