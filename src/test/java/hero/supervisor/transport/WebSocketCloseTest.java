package hero.supervisor.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.transport.RawWebSocket.Frame;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// RFC 6455 §5.5.1 and §7: the closing handshake by raw socket.
class WebSocketCloseTest {
    private static TestGateway server;

    @BeforeAll
    static void start() {
        server = TestGateway.echo();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    /// The server closes with that code, and the TCP connection ends once the client has answered.
    private static void assertClosed(int code, RawWebSocket client) throws IOException {
        assertEquals(code, client.closeCode());
        try {
            client.close(code);
        } catch (IOException e) {
            // The server was faster.
        }
        assertTrue(client.ended());
    }

    static IntStream goodCodes() {
        return IntStream.of(
                1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999);
    }

    @ParameterizedTest
    @MethodSource("goodCodes")
    void a_valid_close_is_answered_with_its_code_and_the_connection_ends(int code) throws IOException {
        try (RawWebSocket client = server.open()) {
            client.close(code);
            assertEquals(code, client.closeCode());
            assertTrue(client.ended());
        }
    }

    static IntStream badCodes() {
        return IntStream.of(0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535);
    }

    @ParameterizedTest
    @MethodSource("badCodes")
    void a_close_code_that_nobody_may_send_is_refused(int code) throws IOException {
        try (RawWebSocket client = server.open()) {
            client.close(code);
            assertEquals(1002, client.closeCode());
            client.close(1002);
            assertTrue(client.ended());
        }
    }

    @Test
    void an_empty_close_is_answered_with_an_empty_one() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(true, RawWebSocket.CLOSE, new byte[0]);
            assertEquals(1005, client.closeCode());
            assertTrue(client.ended());
        }
    }

    @Test
    void a_close_of_one_byte_is_refused() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(true, RawWebSocket.CLOSE, new byte[] {3});
            assertClosed(1002, client);
        }
    }

    @Test
    void a_close_reason_that_is_not_utf8_is_refused() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(true, RawWebSocket.CLOSE, hex("03e8cebaeda080"));
            assertClosed(1007, client);
        }
    }

    @Test
    void a_close_reason_of_123_bytes_is_fine() throws IOException {
        try (RawWebSocket client = server.open()) {
            byte[] payload = Arrays.copyOf(hex("03e8"), 125);
            Arrays.fill(payload, 2, 125, (byte) '*');
            client.frame(true, RawWebSocket.CLOSE, payload);
            assertEquals(1000, client.closeCode());
            assertTrue(client.ended());
        }
    }

    @Test
    void what_follows_a_close_is_ignored() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.text("before");
            assertEquals("before", client.read().text());
            byte[] close = RawWebSocket.encode(0x88, true, hex("03e8"));
            byte[] late = RawWebSocket.encode(0x81, true, utf8("after"));
            byte[] both = Arrays.copyOf(close, close.length + late.length);
            System.arraycopy(late, 0, both, close.length, late.length);
            client.raw(both);
            Frame next = client.read();
            assertEquals(RawWebSocket.CLOSE, next.opcode());
            assertTrue(client.ended());
        }
    }

    @Test
    void a_close_reason_holds_no_more_than_a_frame_can() throws IOException {
        try (TestGateway closing = new TestGateway(TestGateway.Setup.standard(), (text, peer) -> {
                    peer.close(4002, "ä".repeat(200));
                    return null;
                });
                RawWebSocket client = closing.open()) {
            client.text("go");
            Frame close = client.read();
            assertEquals(4002, close.code());
            assertEquals(
                    "ä".repeat(61), new String(close.payload(), 2, close.payload().length - 2, StandardCharsets.UTF_8));
        }
    }
}
