package hero.supervisor.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import hero.supervisor.transport.TestGateway.Setup;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Contract §1 over plain HTTP, by the JDK's client and by raw socket.
class HttpTest {
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final Duration LONG = Duration.ofSeconds(25);
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static final AtomicInteger CALLS = new AtomicInteger();
    private static TestGateway server;

    @BeforeAll
    static void start() {
        server = new TestGateway(Setup.standard().withOrigins("https://console.example"), (text, peer) -> {
            CALLS.incrementAndGet();
            return text.equals("notification") ? null : TestGateway.reply(text);
        });
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static HttpRequest.Builder to(TestGateway gateway, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port() + path));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpRequest.Builder post(TestGateway gateway, String body) {
        return to(gateway, "/rpc")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    private static String raw(String request) throws IOException {
        try (RawWebSocket client = RawWebSocket.tcp(server.port())) {
            client.raw(request.getBytes(StandardCharsets.US_ASCII));
            return client.readHead();
        }
    }

    private static void assertStatus(int status, String head) {
        assertTrue(head.startsWith("HTTP/1.1 " + status + " "), head);
    }

    @Test
    void a_post_is_answered_as_json_on_both_paths() throws Exception {
        for (String path : new String[] {"/rpc", "/"}) {
            HttpResponse<String> answer = send(to(server, path)
                    .header("Content-Type", "application/json; charset=\"UTF-8\"")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"ä\":1}")));
            assertEquals(200, answer.statusCode());
            assertEquals("{\"ä\":1}", answer.body());
            assertEquals(
                    "application/json",
                    answer.headers().firstValue("content-type").orElseThrow());
            assertEquals(
                    "nosniff",
                    answer.headers().firstValue("x-content-type-options").orElseThrow());
            assertEquals(
                    "no-referrer",
                    answer.headers().firstValue("referrer-policy").orElseThrow());
            assertTrue(answer.headers()
                    .firstValue("content-security-policy")
                    .orElseThrow()
                    .contains("frame-ancestors 'none'"));
        }
    }

    @Test
    void what_needs_no_answer_gets_204() throws Exception {
        HttpResponse<String> answer = send(post(server, "notification"));
        assertEquals(204, answer.statusCode());
        assertEquals("", answer.body());
    }

    @Test
    void what_needs_no_answer_gets_204_also_when_it_would_wait() throws Exception {
        try (TestGateway waiting = waiting(new CountDownLatch(1), LONG)) {
            HttpResponse<String> answer = send(post(waiting, "notification"));
            assertEquals(204, answer.statusCode());
            assertEquals(0, waiting.gateway.waitCount());
        }
    }

    @Test
    void an_empty_body_reaches_the_floor_above() throws Exception {
        int before = CALLS.get();
        assertEquals(200, send(post(server, "")).statusCode());
        assertEquals(before + 1, CALLS.get());
    }

    @Test
    void anything_but_json_gets_415_and_is_not_run() throws Exception {
        int before = CALLS.get();
        for (String type : new String[] {"text/plain", "application/json; charset=latin1", "application/jsonp"}) {
            HttpResponse<String> answer = send(
                    to(server, "/rpc").header("Content-Type", type).POST(HttpRequest.BodyPublishers.ofString("{}")));
            assertEquals(415, answer.statusCode());
            assertTrue(answer.body().contains("-32600"));
        }
        HttpResponse<String> none = send(to(server, "/rpc").POST(HttpRequest.BodyPublishers.ofString("{}")));
        assertEquals(415, none.statusCode());
        assertEquals(before, CALLS.get());
    }

    @Test
    void a_body_at_the_limit_passes_and_one_above_gets_413() throws Exception {
        assertEquals(200, send(post(server, "x".repeat(1 << 20))).statusCode());
        HttpResponse<String> answer = send(post(server, "x".repeat((1 << 20) + 1)));
        assertEquals(413, answer.statusCode());
        assertTrue(answer.body().contains("-32006"), answer.body());
        assertTrue(answer.body().contains("\"limit\":\"message_bytes\",\"max\":1048576"), answer.body());
        byte[] big = new byte[(1 << 20) + 1];
        HttpResponse<String> chunked = send(to(server, "/rpc")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(big))));
        assertEquals(413, chunked.statusCode());
        assertTrue(chunked.body().contains("-32006"), chunked.body());
    }

    @Test
    void other_methods_get_405_with_allow() throws Exception {
        for (String method : new String[] {"GET", "PUT", "DELETE", "PATCH"}) {
            HttpResponse<String> answer = send(to(server, "/rpc").method(method, HttpRequest.BodyPublishers.noBody()));
            assertEquals(405, answer.statusCode(), method);
            assertEquals("POST", answer.headers().firstValue("allow").orElseThrow());
        }
    }

    @Test
    void a_foreign_origin_or_host_is_refused() throws Exception {
        int before = CALLS.get();
        HttpResponse<String> foreign = send(post(server, "{}").header("Origin", "https://evil.example"));
        assertEquals(403, foreign.statusCode());
        assertTrue(foreign.headers().firstValue("access-control-allow-origin").isEmpty());
        assertEquals(403, send(post(server, "{}").header("Origin", "null")).statusCode());
        assertStatus(403, raw("GET /openrpc.json HTTP/1.1\r\nHost: evil.example\r\n\r\n"));
        assertEquals(before, CALLS.get());
    }

    @Test
    void a_listed_origin_may_call_and_ask_before() throws Exception {
        HttpResponse<String> call = send(post(server, "{}").header("Origin", "https://console.example"));
        assertEquals(200, call.statusCode());
        assertEquals(
                "https://console.example",
                call.headers().firstValue("access-control-allow-origin").orElseThrow());
        HttpResponse<String> before = send(to(server, "/rpc")
                .header("Origin", "https://console.example")
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody()));
        assertEquals(204, before.statusCode());
        assertEquals(
                "POST",
                before.headers().firstValue("access-control-allow-methods").orElseThrow());
        HttpResponse<String> foreign = send(to(server, "/rpc")
                .header("Origin", "https://evil.example")
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody()));
        assertEquals(403, foreign.statusCode());
    }

    @Test
    void a_bad_secret_gets_401_and_a_secret_in_the_query_400() throws Exception {
        HttpResponse<String> bad = send(post(server, "{}").header("Authorization", "Bearer wrong"));
        assertEquals(401, bad.statusCode());
        assertEquals("Bearer", bad.headers().firstValue("www-authenticate").orElseThrow());
        assertTrue(bad.body().contains("-32602"), bad.body());
        assertEquals(
                200,
                send(post(server, "{}").header("Authorization", "Bearer " + TestGateway.SECRET))
                        .statusCode());
        assertEquals(400, send(to(server, "/openrpc.json?secret=x")).statusCode());
    }

    @Test
    void the_small_pages_are_there() throws Exception {
        HttpResponse<String> root = send(to(server, "/"));
        assertEquals(302, root.statusCode());
        assertEquals("/console", root.headers().firstValue("location").orElseThrow());
        HttpResponse<String> document = send(to(server, "/openrpc.json"));
        assertEquals(200, document.statusCode());
        assertEquals("{\"openrpc\":\"1.3.2\"}", document.body());
        String tag = document.headers().firstValue("etag").orElseThrow();
        assertEquals(
                304,
                send(to(server, "/openrpc.json").header("If-None-Match", tag)).statusCode());
        assertEquals(404, send(to(server, "/nothing/here")).statusCode());
        assertEquals(200, send(to(server, "/health/live")).statusCode());
    }

    @Test
    void readiness_names_its_reasons() throws Exception {
        assertEquals(200, send(to(server, "/health/ready")).statusCode());
        server.notReady = List.of("the database does not answer");
        HttpResponse<String> answer = send(to(server, "/health/ready"));
        server.notReady = List.of();
        assertEquals(503, answer.statusCode());
        assertTrue(answer.body().contains("the database does not answer"));
    }

    @Test
    void a_smuggled_length_is_refused() throws IOException {
        String head = "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        assertStatus(400, raw(head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
        assertStatus(400, raw(head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"));
    }

    @Test
    void a_long_answer_streams() throws Exception {
        try (TestGateway long1 = new TestGateway(
                Setup.standard(),
                (text, peer) -> TestGateway.streaming(out -> {
                    for (int i = 0; i < 1000; i++) {
                        out.write(new byte[10_000]);
                    }
                }))) {
            HttpResponse<byte[]> answer =
                    CLIENT.send(post(long1, "{}").build(), HttpResponse.BodyHandlers.ofByteArray());
            assertEquals(10_000_000, answer.body().length);
        }
    }

    @Test
    void an_answer_that_breaks_off_does_not_look_whole() {
        try (TestGateway breaking = new TestGateway(
                Setup.standard(),
                (text, peer) -> TestGateway.streaming(out -> {
                    out.write(new byte[100_000]);
                    throw new IllegalStateException("broken");
                }))) {
            assertThrows(IOException.class, () -> send(post(breaking, "{}")));
        }
    }

    @Test
    void a_waiting_call_sends_spaces_and_then_its_answer() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        try (TestGateway waiting = waiting(go, LONG);
                RawWebSocket client = RawWebSocket.tcp(waiting.port())) {
            sendWaiting(client);
            assertStatus(200, client.readHead());
            assertEquals("1\r\n \r\n", client.readBytes(6));
            assertEquals("1\r\n \r\n", client.readBytes(6));
            go.countDown();
            String rest = client.readUntil("0\r\n\r\n");
            assertTrue(rest.contains("\r\ndone\r\n"), rest);
            assertEquals(0, waiting.gateway.waitCount());
        }
    }

    @Test
    void a_waiting_client_that_has_gone_leaves_nothing_behind() throws Exception {
        try (TestGateway waiting = waiting(new CountDownLatch(1), LONG)) {
            try (RawWebSocket client = RawWebSocket.tcp(waiting.port())) {
                sendWaiting(client);
                client.readHead();
                assertEquals(1, waiting.gateway.waitCount());
            }
            await().until(() -> waiting.gateway.waitCount() == 0);
            await().until(() -> waiting.gateway.connectionCount() == 0);
            assertEquals(1, waiting.ends.get());
        }
    }

    private static TestGateway waiting(CountDownLatch go, Duration write) {
        Limits limits = TestGateway.limits(1 << 20, 16, 1 << 20, write, LONG, LONG);
        return new TestGateway(Setup.standard().with(limits).withHeartbeat(SHORT), (text, peer) -> {
            assertTrue(peer.park());
            peer.onEnd(go::countDown);
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            peer.unpark();
            return text.equals("notification") ? null : TestGateway.reply("done");
        });
    }

    private static void sendWaiting(RawWebSocket client) throws IOException {
        client.raw(("POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 2\r\n\r\n{}")
                .getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void half_a_head_or_body_is_cut_off() throws IOException {
        Limits limits = TestGateway.limits(Limits.DEFAULT, 1 << 20, 16, 1 << 20, LONG, LONG, LONG, 50, SHORT);
        try (TestGateway slow = TestGateway.echo(Setup.standard().with(limits).withBody(SHORT))) {
            for (String part : new String[] {
                "",
                "POST /rpc HTT",
                "POST /rpc HTTP/1.1\r\nHost: loc",
                "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            }) {
                try (RawWebSocket client = RawWebSocket.tcp(slow.port())) {
                    client.raw(part.getBytes(StandardCharsets.US_ASCII));
                    client.readRest();
                    await().until(() -> slow.gateway.connectionCount() == 0);
                }
            }
        }
    }

    @Test
    void a_port_in_use_is_said_in_words() {
        GatewaySettings settings = GatewaySettings.of("127.0.0.1", server.port(), Limits.DEFAULT);
        Answers none = new Answers() {
            @Override
            public boolean answer(byte[] utf8, hero.supervisor.api.Peer peer, hero.supervisor.api.ReplyTo to) {
                to.reply(TestGateway.reply(""), true);
                return true;
            }

            @Override
            public byte[] refusal(int code, String kind, String message) {
                return new byte[0];
            }
        };
        try (Gateway second = new Gateway(
                settings,
                none,
                secret -> {
                    throw new IllegalStateException();
                },
                () -> new byte[0],
                List::of,
                Time.system())) {
            IllegalStateException e = assertThrows(IllegalStateException.class, second::start);
            assertTrue(String.valueOf(e.getMessage()).contains("port " + server.port()), e.getMessage());
            assertTrue(String.valueOf(e.getMessage()).contains("--port"), e.getMessage());
        }
    }

    @Test
    void the_websocket_of_the_jdk_works_with_2_mib() throws Exception {
        Limits limits = TestGateway.limits(4 << 20, 16, 1 << 20, LONG, LONG, LONG);
        try (TestGateway big = TestGateway.echo(Setup.standard().with(limits))) {
            CompletableFuture<String> whole = new CompletableFuture<>();
            StringBuilder parts = new StringBuilder();
            WebSocket socket = CLIENT.newWebSocketBuilder()
                    .subprotocols("jsonrpc")
                    .buildAsync(URI.create("ws://127.0.0.1:" + big.port() + "/rpc"), new WebSocket.Listener() {
                        @Override
                        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
                            parts.append(data);
                            if (last) {
                                whole.complete(parts.toString());
                            }
                            from.request(1);
                            return CompletableFuture.completedFuture(null);
                        }
                    })
                    .join();
            assertEquals("jsonrpc", socket.getSubprotocol());
            String text = "é".repeat(1 << 20);
            socket.sendText(text, true).join();
            assertEquals(text, whole.get());
            socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
            await().until(() -> big.gateway.socketCount() == 0);
            assertFalse(Map.of("in", socket.isInputClosed()).isEmpty());
        }
    }
}
