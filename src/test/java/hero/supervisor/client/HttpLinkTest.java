package hero.supervisor.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class HttpLinkTest {
    private HttpServer server;
    private volatile int status = 200;
    private volatile String body = "";
    private volatile String seen = "";

    @BeforeEach
    void setup() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/rpc", exchange -> {
            seen = exchange.getRequestHeaders().getFirst("Authorization") + " "
                    + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void a_call_is_one_post_with_the_secret_as_bearer() {
        body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[1,\"ü\"]}";
        try (RpcClient client = connect()) {
            assertEquals(
                    java.util.List.of(1, "ü"), client.call("a", Map.of("b", 2)).join());
            assertEquals("Bearer s {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":{\"b\":2}}", seen);
        }
    }

    @Test
    void an_error_counts_whatever_the_status_and_whichever_id() {
        status = 413;
        body = "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32006,\"message\":\"m\"}}";
        try (RpcClient client = connect()) {
            assertEquals(
                    -32006, assertInstanceOf(RemoteError.class, failure(client)).code());
        }
    }

    @Test
    void what_is_no_json_rpc_fails_with_the_status() {
        status = 502;
        body = "<html>";
        try (RpcClient client = connect()) {
            ConnectionLost lost = assertInstanceOf(ConnectionLost.class, failure(client));
            assertEquals(502, lost.code());
            assertTrue(String.valueOf(lost.getMessage()).endsWith("answered HTTP 502 and no JSON-RPC"));
        }
    }

    @Test
    void an_absent_server_fails_the_call() {
        server.stop(0);
        try (RpcClient client = connect()) {
            assertTrue(String.valueOf(failure(client).getMessage()).startsWith("there is no server at http://"));
        }
    }

    @Test
    void a_server_that_falls_silent_fails_the_call() throws IOException {
        var over = new CountDownLatch(1);
        waits(over, false);
        try (RpcClient client = connect(Duration.ofMillis(300))) {
            ConnectionLost lost = assertInstanceOf(ConnectionLost.class, failure(client));
            assertTrue(
                    lost.passes() && String.valueOf(lost.getMessage()).startsWith("no sign of life"), lost::toString);
        } finally {
            over.countDown();
        }
    }

    @Test
    void a_wait_lasts_for_as_long_as_blanks_come() throws Exception {
        var over = new CountDownLatch(1);
        waits(over, true);
        try (RpcClient client = connect(Duration.ofMillis(500))) {
            var answer = client.call("a", Map.of());
            assertThrows(TimeoutException.class, () -> answer.get(2, TimeUnit.SECONDS));
            over.countDown();
            assertEquals("there", answer.get(20, TimeUnit.SECONDS));
        }
    }

    /// A server that begins its answer and ends it when the latch opens; with blanks meanwhile or without.
    private void waits(CountDownLatch over, boolean blanks) {
        server.removeContext("/rpc");
        server.createContext("/rpc", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try (exchange;
                    OutputStream out = exchange.getResponseBody()) {
                while (!over.await(20, TimeUnit.MILLISECONDS)) {
                    if (blanks) {
                        out.write(' ');
                        out.flush();
                    }
                }
                out.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"there\"}".getBytes(StandardCharsets.UTF_8));
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        });
    }

    private static Throwable failure(RpcClient client) {
        Throwable failure = assertThrows(
                        CompletionException.class,
                        () -> client.call("a", Map.of()).join())
                .getCause();
        return failure == null ? new AssertionError("no cause") : failure;
    }

    private RpcClient connect() {
        return connect(Duration.ofSeconds(30));
    }

    private RpcClient connect(Duration deadAfter) {
        return RpcClient.connect(
                RpcSettings.of("http://127.0.0.1:" + server.getAddress().getPort(), "s")
                        .withSilence(Duration.ofSeconds(10), deadAfter),
                Time.system(),
                RpcClient.Notifications.ignored());
    }
}
