package hero.supervisor.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What a connection that is kept alive keeps between its requests.
class LineTest {
    private static final Pattern LENGTH = Pattern.compile("(?i)content-length: *(\\d+)");

    @Test
    void a_secret_is_read_once_and_asked_each_time_what_it_proves() throws Exception {
        try (TestGateway gateway = TestGateway.echo();
                RawWebSocket client = RawWebSocket.tcp(gateway.port())) {
            assertStatus(204, options(client, TestGateway.SECRET));
            assertStatus(204, options(client, TestGateway.SECRET));
            assertEquals(1, gateway.secretsRead.get());
            assertStatus(401, options(client, "hsv_usr_fine"));
            assertStatus(204, options(client, TestGateway.SECRET));
            gateway.revoked = true;
            assertStatus(401, options(client, TestGateway.SECRET));
        }
    }

    @Test
    void a_line_that_is_to_be_closed_ends_with_its_answer() throws Exception {
        try (TestGateway gateway = TestGateway.echo()) {
            for (String wish : new String[] {"close", "TE, Close"}) {
                try (RawWebSocket client = RawWebSocket.tcp(gateway.port())) {
                    String post = "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Connection: " + wish + "\r\nContent-Length: 2\r\n\r\n{}";
                    client.raw((post + post).getBytes(StandardCharsets.US_ASCII));
                    String head = client.readHead();
                    assertStatus(200, head);
                    assertTrue(head.contains("Connection: close"), head);
                    assertEquals("{}", client.readBytes(2));
                    assertTrue(client.ended());
                }
            }
        }
    }

    @Test
    void a_head_is_answered_as_a_get_without_its_body() throws Exception {
        try (TestGateway gateway = TestGateway.echo();
                RawWebSocket client = RawWebSocket.tcp(gateway.port())) {
            for (String path :
                    List.of("/health/live", "/health/ready", "/metrics", "/openrpc.json", "/rpc", "/nothing/here")) {
                client.raw(head("HEAD", path));
                String head = client.readHead();
                client.raw(head("GET", path));
                String get = client.readHead();
                assertEquals(get.lines().findFirst(), head.lines().findFirst(), path);
                assertEquals(length(get), length(head), path);
                client.readBytes(length(get));
            }
        }
    }

    private static byte[] head(String method, String path) {
        return (method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    private static int length(String head) {
        Matcher length = LENGTH.matcher(head);
        return length.find() ? Integer.parseInt(length.group(1)) : 0;
    }

    /// The head of the answer; its body is read away.
    private static String options(RawWebSocket client, String secret) throws IOException {
        client.raw(("OPTIONS /rpc HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + secret + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        String head = client.readHead();
        client.readBytes(length(head));
        return head;
    }

    private static void assertStatus(int status, String head) {
        assertTrue(head.startsWith("HTTP/1.1 " + status + " "), head);
    }
}
