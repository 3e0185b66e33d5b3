package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Scope;
import hero.supervisor.transport.RawWebSocket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What only a transport can get wrong, with the real methods behind it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class LiveTransportTest {
    private static final String RUNNERS = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"list_runners\"}";
    private static final String NAMES = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[\"held\",\"waits\"]}";

    private final LiveGateway live = LiveGateway.start();
    private final LiveRunner held = live.runner("held", "held", 100);

    @BeforeAll
    void register() throws Exception {
        live.register("waits");
    }

    @AfterAll
    void close() {
        live.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void create(String id, String runner) throws Exception {
        live.call("jobs.create", Map.of("secret", live.secret(Scope.USER), "job", LiveGateway.job(id, runner)))
                .result();
    }

    private void start(String id) throws Exception {
        live.call("job.start", Map.of("secret", live.secret(Scope.USER), "job_id", id))
                .result();
    }

    private String status(String id) throws Exception {
        return String.valueOf(
                live.call("job.status", List.of(id)).resultObject().get("status"));
    }

    /// Row 49.
    @Test
    void a_message_above_the_limit_is_413_or_1009_and_one_at_the_limit_passes() throws Exception {
        byte[] fits = bytes(RUNNERS + " ".repeat((1 << 20) - RUNNERS.length()));
        byte[] above = bytes(RUNNERS + " ".repeat((1 << 20) - RUNNERS.length() + 1));
        assertEquals(NAMES, new String(live.post(fits).body(), StandardCharsets.UTF_8));
        HttpResponse<byte[]> refused = live.post(above);
        assertEquals(413, refused.statusCode());
        Told told = Told.of(new String(refused.body(), StandardCharsets.UTF_8));
        assertEquals("-32006 too_large", told.outcome());
        assertTrue(told.members().containsKey("id"));
        RawWebSocket socket = live.raw();
        socket.frame(true, RawWebSocket.TEXT, fits);
        assertEquals(NAMES, new String(socket.message(), StandardCharsets.UTF_8));
        socket.frame(false, RawWebSocket.TEXT, fits);
        socket.frame(true, 0, bytes(" "));
        assertEquals(1009, socket.closeCode());
    }

    /// Row 50.
    @Test
    void a_binary_message_is_read_as_json() throws Exception {
        RawWebSocket socket = live.raw();
        socket.frame(true, RawWebSocket.BINARY, bytes(RUNNERS));
        RawWebSocket.Frame answer = socket.read();
        assertEquals(RawWebSocket.TEXT, answer.opcode());
        assertEquals(NAMES, answer.text());
    }

    /// Row 51.
    @Test
    void a_ping_between_fragments_is_answered_before_the_message_is_whole() throws Exception {
        RawWebSocket socket = live.raw();
        socket.frame(false, RawWebSocket.TEXT, bytes(RUNNERS.substring(0, 20)));
        socket.ping("still there?");
        RawWebSocket.Frame pong = socket.read();
        assertEquals(RawWebSocket.PONG, pong.opcode());
        assertEquals("still there?", pong.text());
        socket.frame(true, 0, bytes(RUNNERS.substring(20)));
        assertEquals(NAMES, socket.read().text());
    }

    /// Row 58.
    @Test
    void a_fast_call_is_answered_before_slow_ones() throws Exception {
        create("slow-1", "waits");
        create("slow-2", "waits");
        LiveSocket socket = live.socket();
        CompletableFuture<Told> first = socket.begin("job.result", List.of("slow-1"));
        CompletableFuture<Told> second = socket.begin("job.result", List.of("slow-2"));
        assertEquals(List.of("held", "waits"), socket.call("list_runners", null).result());
        assertTrue(!first.isDone() && !second.isDone());
        for (String id : List.of("slow-2", "slow-1")) {
            socket.call("job.stop", Map.of("secret", live.secret(Scope.USER), "job_id", id))
                    .result();
        }
        assertEquals(Map.of("error", "stopped"), LiveSocket.within(second).result());
        assertEquals(Map.of("error", "stopped"), LiveSocket.within(first).result());
    }

    /// Row 59.
    @Test
    void a_websocket_caller_that_goes_leaves_no_waiter_and_the_job_goes_on() throws Exception {
        create("left", "held");
        start("left");
        Map<String, @Nullable Object> job = held.take();
        long before = live.supervisor().waiters();
        RawWebSocket polite = live.raw();
        RawWebSocket rude = live.raw();
        for (RawWebSocket socket : List.of(polite, rude)) {
            socket.text("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.result\",\"params\":[\"left\"]}");
        }
        await().until(() -> live.supervisor().waiters() == before + 2);
        polite.close(1000);
        rude.reset();
        await().until(() -> live.supervisor().waiters() == before);
        assertEquals("running", status("left"));
        assertEquals("recorded", held.end(job, Map.of("success", "done")));
        assertEquals(
                Map.of("success", "done"),
                live.call("job.result", List.of("left")).result());
        await().until(() -> live.nobodyWaits());
    }

    /// Row 60.
    @Test
    void an_http_caller_that_goes_leaves_no_waiter_and_the_job_goes_on() throws Exception {
        String call = LiveGateway.request(
                "1", "job.run", Map.of("secret", live.secret(Scope.USER), "job", LiveGateway.job("http-left", "held")));
        long before = live.supervisor().waiters();
        try (RawWebSocket tcp = RawWebSocket.tcp(live.port())) {
            tcp.raw(bytes("POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
                    + call.length() + "\r\n\r\n" + call));
            await().until(() -> live.supervisor().waiters() == before + 1);
        }
        Map<String, @Nullable Object> job = held.take();
        await().atMost(Duration.ofSeconds(30)).until(() -> live.supervisor().waiters() == before);
        assertEquals("running", status("http-left"));
        assertEquals("recorded", held.end(job, Map.of("success", "done")));
        assertEquals(
                Map.of("success", "done"),
                live.call("job.result", List.of("http-left")).result());
    }

    /// Row 61.
    @Test
    void what_is_not_called_json_is_415_and_nothing_is_done() throws Exception {
        byte[] call = bytes(LiveGateway.request(
                "1",
                "jobs.create",
                Map.of("secret", live.secret(Scope.USER), "job", LiveGateway.job("unsent", "waits"))));
        for (String type :
                List.of("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16")) {
            HttpResponse<byte[]> answer = live.post(call, "Content-Type", type);
            assertEquals(415, answer.statusCode(), type);
            assertEquals(
                    "-32600 invalid_request",
                    Told.of(new String(answer.body(), StandardCharsets.UTF_8)).outcome());
        }
        assertEquals(415, live.post(call, "X-None", "none").statusCode());
        assertEquals(
                "-32000 job_not_found",
                live.call("job.status", List.of("unsent")).outcome());
    }

    /// Row 62.
    @Test
    void other_methods_are_405() throws Exception {
        for (String method : List.of("GET", "PUT", "DELETE")) {
            try (RawWebSocket tcp = RawWebSocket.tcp(live.port())) {
                tcp.raw(bytes(method + " /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"));
                String head = tcp.readHead();
                assertTrue(head.startsWith("HTTP/1.1 405 "), head);
                assertTrue(head.contains("Allow: POST\r\n"), head);
            }
        }
    }

    /// Row 38.
    @Test
    void notifications_alone_are_204() throws Exception {
        HttpResponse<byte[]> answer = live.post(
                bytes("[{\"jsonrpc\":\"2.0\",\"method\":\"list_runners\"},{\"jsonrpc\":\"2.0\",\"method\":\"no\"}]"));
        assertEquals(204, answer.statusCode());
        assertEquals(0, answer.body().length);
    }
}
