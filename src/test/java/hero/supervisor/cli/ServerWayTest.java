package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import hero.supervisor.client.Tree;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Against an HTTP server that answers every call with `answer`.
final class ServerWayTest {
    private HttpServer server;
    private volatile String answer = "";
    private volatile String request = "";
    private volatile List<String> authorization = List.of();

    @BeforeEach
    void setup() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/rpc", exchange -> {
            request = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            authorization = exchange.getRequestHeaders().getOrDefault("Authorization", List.of());
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
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
        "-32007, shutting_down, 3",
        "-32603, internal, 3",
    })
    void an_error_of_the_server_is_its_sentence_and_an_exit_code(int code, String kind, int exit) {
        answer = "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":" + code
                + ",\"message\":\"so it is\",\"data\":{\"kind\":\"" + kind + "\"}}}";
        Failed failure = failure();
        assertEquals(exit, failure.exit());
        assertTrue(String.valueOf(failure.getMessage()).startsWith("so it is"), failure.getMessage());
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
