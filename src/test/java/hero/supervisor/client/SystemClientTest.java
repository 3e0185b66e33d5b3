package hero.supervisor.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Time;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Two servers of one system, played by hand.
@Timeout(30)
final class SystemClientTest {
    private final FakeServer first = new FakeServer();
    private final FakeServer second = new FakeServer();
    private final SystemClient client =
            new SystemClient(List.of(first.url(), second.url()), null, Time.system(), new Random(1));

    @AfterEach
    void stop() {
        client.close();
        first.close();
        second.close();
    }

    private CompletableFuture<Object> begin(String method, Map<String, ?> params) {
        return CompletableFuture.supplyAsync(
                () -> String.valueOf(client.call(method, params)), Thread::startVirtualThread);
    }

    private static Object answer(CompletableFuture<Object> call) throws Exception {
        return call.get(20, TimeUnit.SECONDS);
    }

    @Test
    void a_wait_goes_on_at_the_next_server_when_its_own_shuts_down_with_the_time_that_is_left() throws Exception {
        CompletableFuture<Object> call = begin("job.result", Map.of("job_id", "j", "timeout", 60));
        first.next("job.result").refuse(-32007, "shutting_down", "leaving");
        FakeServer.Call again = second.next("job.result");
        assertEquals("j", again.params().get("job_id"));
        double left = ((Number) again.params().getOrDefault("timeout", 0)).doubleValue();
        assertTrue(left > 0 && left < 60, () -> "" + left);
        again.answer("done");
        assertEquals("done", answer(call));
    }

    @Test
    void a_call_goes_on_when_the_connection_is_closed_or_just_breaks() throws Exception {
        CompletableFuture<Object> call = begin("job.status", Map.of("job_id", "j"));
        first.next("job.status").connection().close(1012, "server restarts; retry_after_ms=1");
        second.next("job.status").connection().cut();
        first.next("job.status").answer("there");
        assertEquals("there", answer(call));
    }

    @Test
    void what_may_have_been_done_is_repeated_only_when_that_does_no_harm() throws Exception {
        CompletableFuture<Object> run = begin("job.run", Map.of("job", Map.of("id", "j")));
        first.next("job.run").connection().cut();
        second.next("job.run").answer("ran");
        assertEquals("ran", answer(run));
        CompletableFuture<Object> secret = begin("secrets.create", Map.of("name", "s"));
        second.next("secrets.create").connection().cut();
        ExecutionException lost = assertThrows(ExecutionException.class, () -> answer(secret));
        assertInstanceOf(ConnectionLost.class, lost.getCause());
        CompletableFuture<Object> nameless = begin("job.run", Map.of("job", Map.of("payload", "p")));
        second.next("job.run").connection().cut();
        lost = assertThrows(ExecutionException.class, () -> answer(nameless));
        assertInstanceOf(ConnectionLost.class, lost.getCause());
    }

    @Test
    void a_deletion_whose_answer_was_lost_has_succeeded_when_the_job_is_gone() throws Exception {
        CompletableFuture<Object> delete = begin("job.delete", Map.of("job_id", "j"));
        first.next("job.delete").connection().cut();
        second.next("job.delete").refuse(-32000, "job_not_found", "there is no such job");
        assertEquals("null", answer(delete));
    }

    @Test
    void a_wait_that_was_lost_also_waits_for_a_database_that_is_away() throws Exception {
        CompletableFuture<Object> call = begin("job.result", Map.of("job_id", "j"));
        first.next("job.result").connection().cut();
        second.next("job.result").refuse(-32005, "busy", "the database does not answer");
        first.next("job.result").answer("done");
        assertEquals("done", answer(call));
    }

    @Test
    void a_refusal_is_the_answer() {
        CompletableFuture<Object> call = begin("job.status", Map.of("job_id", "none"));
        first.next("job.status").refuse(-32000, "job_not_found", "there is no such job");
        ExecutionException refused = assertThrows(ExecutionException.class, () -> answer(call));
        assertInstanceOf(RemoteError.class, refused.getCause());
    }
}
