package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import hero.supervisor.FreePort;
import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.RpcClient;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Against an HTTP server that answers every call with `answer`, after those that it is told to lose.
@Timeout(30)
final class ServerWayTest {
    private HttpServer server;
    /// How the next calls are lost: an HTTP status without JSON-RPC; `blank`, as when a wait's server is gone
    /// behind a proxy; `cut`, when there is no proxy.
    private final Queue<String> losses = new ConcurrentLinkedQueue<>();

    private volatile String answer = "";
    private volatile String request = "";
    private volatile List<String> authorization = List.of();

    @BeforeEach
    void setup() throws IOException {
        setup(FreePort.find());
    }

    private void setup(int port) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/rpc", exchange -> {
            request = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            authorization = exchange.getRequestHeaders().getOrDefault("Authorization", List.of());
            String loss = String.valueOf(losses.poll());
            switch (loss) {
                case "null" -> reply(exchange, 200, answer.replace("\"id\":1", "\"id\":" + id(request)));
                case "blank" -> reply(exchange, 200, "   ");
                case "cut" -> {
                    exchange.sendResponseHeaders(200, 100);
                    exchange.getResponseBody().write(' ');
                }
                case "leaving" ->
                    reply(
                            exchange,
                            503,
                            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32007,\"message\":\"leaving\","
                                    + "\"data\":{\"kind\":\"shutting_down\"}}}");
                case "refused 401", "refused 403" ->
                    reply(
                            exchange,
                            Integer.parseInt(loss.substring(8)),
                            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32602,\"message\":"
                                    + "\"not under this Host\",\"data\":{\"kind\":\"forbidden\"}}}");
                default -> reply(exchange, Integer.parseInt(loss), "<html>no server behind me</html>");
            }
            exchange.close();
        });
        server.start();
    }

    private static String id(String request) {
        return String.valueOf(Tree.object(Tree.parse(request)).get("id"));
    }

    private static void reply(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private Failed failure() {
        try (Way way = ServerWay.open(url(), "s3")) {
            return assertThrows(Failed.class, () -> way.call("job.start", Map.of("job_id", "j1")));
        }
    }

    @Test
    void a_call_goes_to_rpc_with_the_secret_and_its_result_comes_back() {
        answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":[1,null]}}";
        try (Way way = ServerWay.open(url(), "s3")) {
            assertEquals("{\"a\":[1,null]}", Tree.json(way.call("job.status", Map.of("job_id", "j1"))));
        }
        assertTrue(request.contains("\"method\":\"job.status\",\"params\":{\"job_id\":\"j1\"}"), request);
        assertEquals(List.of("Bearer s3"), authorization);
    }

    @ParameterizedTest
    @CsvSource({
        "-32602, unauthorized, 3",
        "-32602, forbidden, 3",
        "-32602, invalid_params, 2",
        "-32000, job_not_found, 2",
        "-32002, conflict, 2",
        "-32004, wait_timeout, 3",
        "-32005, busy, 3",
        "-32603, internal, 3",
    })
    void an_error_of_the_server_is_its_sentence_and_an_exit_code(int code, String kind, int exit) {
        answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":" + code
                + ",\"message\":\"so it is\",\"data\":{\"kind\":\"" + kind + "\"}}}";
        Failed failure = failure();
        assertEquals(exit, failure.exit());
        assertTrue(String.valueOf(failure.getMessage()).startsWith("so it is"), failure.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "'{\"kind\":\"unauthorized\"}', true",
        "'{\"kind\":\"forbidden\",\"needs\":\"admin\"}', true",
        "'{\"kind\":\"forbidden\"}', false",
    })
    void the_secret_is_pointed_at_when_it_is_the_reason_and_not_for_a_host_or_an_origin(String data, boolean named) {
        answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"no\",\"data\":" + data + "}}";
        String message = String.valueOf(failure().getMessage());
        assertEquals(named, message.contains("SUPERVISOR_SECRET"), message);
    }

    @Test
    void a_method_that_an_error_names_is_told_as_the_command() {
        answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":"
                + "\"there is no runner 'r'; list_runners tells the names, register_runner adds one\","
                + "\"data\":{\"kind\":\"invalid_params\"}}}";
        assertEquals(
                "there is no runner 'r'; 'supervisor runners list' tells the names, 'supervisor runners register' adds"
                        + " one",
                failure().getMessage());
    }

    @ParameterizedTest
    @CsvSource({"401, true", "403, false"})
    void a_refused_websocket_points_at_the_secret_only_when_that_was_refused(int status, boolean named) {
        losses.add("refused " + status);
        ConnectionLost lost = assertThrows(
                ConnectionLost.class,
                () -> RpcClient.connect(
                        RpcSettings.of(url().replace("http", "ws"), "s3"), Time.system(), (method, params) -> {}));
        String message = String.valueOf(ServerWay.lost(lost).getMessage());
        assertEquals(named, message.contains("SUPERVISOR_SECRET"), message);
        assertEquals(!named, message.endsWith("refused this caller (HTTP 403): not under this Host"), message);
    }

    @Test
    void a_server_that_is_not_there_is_told_with_the_ways_out() {
        String gone = url();
        server.stop(0);
        try (Way way = ServerWay.open(gone, null)) {
            Failed failure = assertThrows(Failed.class, () -> way.call("jobs.list", Map.of()));
            assertEquals(Exit.CONNECTION, failure.exit());
            String message = String.valueOf(failure.getMessage());
            assertTrue(
                    message.contains(gone) && message.contains("supervisor dev") && message.contains("--url"), message);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"blank", "cut", "leaving", "502", "503", "504"})
    void a_wait_behind_one_address_outlives_its_server(String loss) {
        losses.addAll(List.of(loss, loss));
        answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"success\":\"there\"}}";
        try (Way way = ServerWay.open(url(), "s3")) {
            assertEquals(Map.of("success", "there"), way.call("job.result", Map.of("job_id", "j1")));
        }
    }

    @Test
    void a_wait_goes_on_when_its_only_server_comes_back() throws IOException {
        int port = server.getAddress().getPort();
        try (Way way = ServerWay.open(url(), "s3")) {
            answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}";
            way.call("job.start", Map.of("job_id", "j1"));
            server.stop(0);
            var waiting = CompletableFuture.supplyAsync(() -> way.call("job.result", Map.of("job_id", "j1")));
            answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"success\":\"there\"}}";
            setup(port);
            assertEquals(Map.of("success", "there"), waiting.join());
        }
    }

    @Test
    void a_creation_whose_answer_was_lost_is_not_repeated_without_an_id() {
        losses.add("cut");
        try (Way way = ServerWay.open(url(), "s3")) {
            Failed failure =
                    assertThrows(Failed.class, () -> way.call("job.run", Map.of("job", Map.of("payload", "p"))));
            assertEquals(Exit.CONNECTION, failure.exit());
        }
    }

    @Test
    void an_answer_to_another_call_is_none() {
        answer = "{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":null}";
        Failed failure = failure();
        assertTrue(String.valueOf(failure.getMessage()).contains("another call"), failure.getMessage());
    }

    @Test
    void a_page_that_is_no_server_of_ours_is_told_at_once() {
        losses.add("404");
        Failed failure = failure();
        assertEquals(Exit.CONNECTION, failure.exit());
        assertTrue(String.valueOf(failure.getMessage()).contains("HTTP 404"), failure.getMessage());
    }

    @Test
    void an_url_that_is_none_is_wrong_usage() {
        for (String url : List.of("localhost:3030", "ftp://a", "http://", "http://me:secret@a")) {
            assertEquals(
                    Exit.USAGE,
                    assertThrows(Failed.class, () -> ServerWay.open(url, null)).exit(),
                    url);
        }
    }
}
