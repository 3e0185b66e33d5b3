package hero.supervisor.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.transport.TestGateway.Setup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Bodies whose end is not known beforehand: in chunks (RFC 9112 §7.1), or sent on demand (RFC 9110 §10.1.1).
class BodyTest {
    private final AtomicInteger calls = new AtomicInteger();
    private final TestGateway server = new TestGateway(Setup.standard(), (text, peer) -> {
        calls.incrementAndGet();
        return TestGateway.reply(text);
    });

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void chunks_that_cannot_be_read_get_400_as_json_and_are_not_run() throws Exception {
        List<String> lines = List.of(
                "POST /rpc HTTP/1.1",
                "Host: localhost",
                "Content-Type: application/json",
                "Transfer-Encoding: chunked");
        String head = String.join("\r\n", lines) + "\r\n\r\n";
        for (String body : List.of(
                "2;a=b|{}|0||",
                "2|{}|0|X-Trailer: 1||",
                "zz|{}|0||",
                "-2|{}|0||",
                "FFFFFFFFFFFFFFFFFF|{}|",
                "1|{}|0||")) {
            try (RawWebSocket client = RawWebSocket.tcp(server.port())) {
                client.raw((head + body.replace("|", "\r\n")).getBytes(StandardCharsets.US_ASCII));
                String answer = client.readHead();
                assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
                assertTrue(answer.contains("application/json"), answer);
            }
        }
        assertEquals(0, calls.get());
        try (RawWebSocket client = RawWebSocket.tcp(server.port())) {
            client.raw((head + "2|{}|0||".replace("|", "\r\n")).getBytes(StandardCharsets.US_ASCII));
            assertTrue(client.readHead().startsWith("HTTP/1.1 200 "), "as they should be");
        }
    }

    @Test
    void what_lies_behind_a_refused_request_is_not_run() throws Exception {
        String next = "POST /rpc HTTP/1.1|Host: localhost|Content-Type: application/json|Content-Length: 2||{}";
        int length = next.replace("|", "\r\n").length();
        String json = "|Content-Type: application/json";
        for (String refused : List.of(
                "POST /rpc HTTP/1.1|Content-Type: text/plain",
                "POST /rpc HTTP/1.1|Origin: http://evil.example" + json,
                "POST /rpc HTTP/1.1|Authorization: Bearer x" + json,
                "PUT /rpc HTTP/1.1" + json,
                "POST /nothing HTTP/1.1" + json,
                "GET /health/live HTTP/1.1",
                "GET /console HTTP/1.1")) {
            for (String body : List.of(
                    "Expect: 100-continue|Content-Length: " + length + "||" + next,
                    "Transfer-Encoding: chunked||5;a=b|0||" + next + "|0||")) {
                String answers = all(refused + "|Host: localhost|" + body);
                assertEquals(1, answers.split("HTTP/1.1 (?!100)", -1).length - 1, refused + "\n" + answers);
                assertTrue(answers.toLowerCase(Locale.ROOT).contains("connection: close"), answers);
            }
        }
        assertEquals(0, calls.get());
    }

    @Test
    void a_body_that_is_too_long_is_not_asked_for() throws Exception {
        String answers = all("POST /rpc HTTP/1.1|Host: localhost|Content-Type: application/json|"
                + "Expect: 100-continue|Content-Length: 99999999||");
        assertTrue(answers.startsWith("HTTP/1.1 413 "), answers);
        assertTrue(answers.contains("-32006"), answers);
    }

    @Test
    void what_is_refused_before_it_gets_to_us_is_answered_as_json() throws Exception {
        for (String line : List.of("Content-Encoding: gzip", "Transfer-Encoding: gzip, chunked")) {
            String answers = all("POST /rpc HTTP/1.1|Host: localhost|Content-Type: application/json|" + line
                    + "|Content-Length: 2||{}");
            assertTrue(answers.contains("\"code\":-32600"), answers);
        }
    }

    /// All that comes back until the server closes.
    private String all(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.replace("|", "\r\n").getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
