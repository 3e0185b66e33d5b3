package hero.supervisor.client;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Time;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// How a stream begins and goes on, against servers played by hand; against real ones: `app/StreamsTest`.
@Timeout(30)
final class EventStreamTest {
    private final FakeServer first = new FakeServer();
    private final FakeServer second = new FakeServer();

    @AfterEach
    void stop() {
        first.close();
        second.close();
    }

    /// What a stream over these addresses tells, up to the first final event.
    private static CompletableFuture<List<Object>> follow(URI... urls) {
        return CompletableFuture.supplyAsync(
                () -> {
                    List<Object> told = new ArrayList<>();
                    new EventStream(List.of(urls), null, Time.system(), new Random(1))
                            .follow("job.subscribe", Map.of("job_id", "j"), event -> {
                                told.add(event.get("status"));
                                return !Boolean.TRUE.equals(event.get("final"));
                            });
                    return told;
                },
                Thread::startVirtualThread);
    }

    private static void tell(FakeServer.Call call, String... statuses) {
        call.answer(Map.of("subscription", "sub_1", "seq", "1:0"));
        for (String status : statuses) {
            Map<String, Object> event = Map.of(
                    "subscription",
                    "sub_1",
                    "seq",
                    "1:1",
                    "job_id",
                    "j",
                    "status",
                    status,
                    "attempt",
                    1,
                    "final",
                    status.equals("completed"));
            call.connection().notify("job.event", event);
        }
    }

    @Test
    void it_begins_at_the_next_server_when_the_first_is_away_or_leaves() throws Exception {
        URI gone;
        try (FakeServer closed = new FakeServer()) {
            gone = closed.url();
        }
        CompletableFuture<List<Object>> told = follow(gone, first.url(), second.url());
        first.next("job.subscribe").refuse(-32007, "shutting_down", "leaving");
        tell(second.next("job.subscribe"), "queued", "completed");
        assertEquals(List.of("queued", "completed"), told.get(20, TimeUnit.SECONDS));
    }

    @Test
    void it_waits_for_a_server_behind_a_balancer_that_has_none_just_now() throws Exception {
        first.refusal = "503 Service Unavailable";
        CompletableFuture<List<Object>> told = follow(first.url());
        await().until(() -> !first.heads.isEmpty());
        first.refusal = null;
        tell(first.next("job.subscribe"), "completed");
        assertEquals(List.of("completed"), told.get(20, TimeUnit.SECONDS));
    }

    @Test
    void it_goes_on_at_the_next_server_and_tells_nothing_twice() throws Exception {
        CompletableFuture<List<Object>> told = follow(first.url(), second.url());
        FakeServer.Call begun = first.next("job.subscribe");
        tell(begun, "queued", "running");
        begun.connection().close(1012, "server restarts; retry_after_ms=1");
        tell(second.next("job.subscribe"), "running", "completed");
        assertEquals(List.of("queued", "running", "completed"), told.get(20, TimeUnit.SECONDS));
    }

    @Test
    void of_gaps_in_a_row_each_is_told() throws Exception {
        CompletableFuture<List<Object>> told = follow(first.url());
        FakeServer.Call begun = first.next("job.subscribe");
        tell(begun, "running");
        for (int seq = 2; seq < 4; seq++) {
            Map<String, Object> gap =
                    Map.of("subscription", "sub_1", "seq", "1:" + seq, "from", "1:1", "to", "1:" + seq, "reason", "r");
            begun.connection().notify("job.gap", gap);
        }
        begun.connection()
                .notify(
                        "job.event",
                        Map.of(
                                "subscription",
                                "sub_1",
                                "seq",
                                "1:4",
                                "job_id",
                                "j",
                                "status",
                                "failed",
                                "final",
                                true));
        List<Object> expected = new ArrayList<>(List.of("running"));
        expected.add(null);
        expected.add(null);
        expected.add("failed");
        assertEquals(expected, told.get(20, TimeUnit.SECONDS));
    }

    @Test
    void an_only_server_that_was_never_there_is_told_at_once() {
        first.close();
        ConnectionLost lost = assertThrows(
                ConnectionLost.class,
                () -> new EventStream(List.of(first.url()), null, Time.system(), new Random(1))
                        .follow("jobs.subscribe", Map.of(), event -> true));
        assertTrue(lost.nobodyThere(), lost::toString);
    }
}
