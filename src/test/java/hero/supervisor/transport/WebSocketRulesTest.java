package hero.supervisor.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.transport.RawWebSocket.Frame;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 6455 §5–§8 by raw socket: each rule, and the code that its breach costs. Follows Autobahn's case families
/// 1–7.
class WebSocketRulesTest {
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

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20})
    void texts_of_every_length_form_come_back(int length) throws IOException {
        try (RawWebSocket client = server.open()) {
            String text = "*".repeat(length);
            client.text(text);
            assertEquals(text, new String(client.message(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void a_binary_message_is_taken_as_utf8() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(true, RawWebSocket.BINARY, utf8("{\"ä\":1}"));
            Frame frame = client.read();
            assertEquals(RawWebSocket.TEXT, frame.opcode());
            assertEquals("{\"ä\":1}", frame.text());
        }
    }

    @Test
    void a_length_in_more_bytes_than_needed_is_accepted() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.raw(hex("81ff" + "0000000000000002" + "00000000" + "6869"));
            assertEquals("hi", client.read().text());
        }
    }

    @Test
    void a_message_in_single_bytes_comes_back() throws IOException {
        try (RawWebSocket client = server.open()) {
            byte[] bytes = utf8("Hällo wörld 𝄞");
            client.frame(false, RawWebSocket.TEXT, new byte[0]);
            for (byte b : bytes) {
                client.raw(RawWebSocket.encode(RawWebSocket.CONTINUATION, true, new byte[] {b}));
            }
            client.frame(true, RawWebSocket.CONTINUATION, new byte[0]);
            assertArrayEquals(bytes, client.message());
        }
    }

    @Test
    void frames_may_come_byte_by_byte() throws IOException {
        try (RawWebSocket client = server.open()) {
            for (byte b : RawWebSocket.encode(0x81, true, utf8("in pieces"))) {
                client.raw(b);
            }
            assertEquals("in pieces", client.read().text());
        }
    }

    @Test
    void a_character_may_be_cut_by_a_fragment_at_every_byte() throws IOException {
        byte[] bytes = utf8("aß€𝄞z");
        try (RawWebSocket client = server.open()) {
            for (int cut = 0; cut <= bytes.length; cut++) {
                client.frame(false, RawWebSocket.TEXT, Arrays.copyOf(bytes, cut));
                client.frame(true, RawWebSocket.CONTINUATION, Arrays.copyOfRange(bytes, cut, bytes.length));
                assertArrayEquals(bytes, client.message(), "cut at " + cut);
            }
        }
    }

    @Test
    void a_ping_is_answered_with_its_payload() throws IOException {
        try (RawWebSocket client = server.open()) {
            for (String payload : new String[] {"", "hello", "x".repeat(125)}) {
                client.ping(payload);
                Frame pong = client.read();
                assertEquals(RawWebSocket.PONG, pong.opcode());
                assertEquals(payload, pong.text());
            }
        }
    }

    @Test
    void ten_pings_at_once_get_ten_pongs() throws IOException {
        try (RawWebSocket client = server.open()) {
            for (int i = 0; i < 10; i++) {
                client.ping("ping " + i);
            }
            for (int i = 0; i < 10; i++) {
                assertEquals("ping " + i, client.read().text());
            }
        }
    }

    @Test
    void a_ping_between_fragments_is_answered_before_the_message() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(false, RawWebSocket.TEXT, utf8("one "));
            client.ping("between");
            assertEquals(RawWebSocket.PONG, client.read().opcode());
            client.frame(true, RawWebSocket.CONTINUATION, utf8("message"));
            assertEquals("one message", client.read().text());
        }
    }

    @Test
    void an_unasked_pong_is_ignored() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(true, RawWebSocket.PONG, utf8("nobody asked"));
            client.text("still here");
            assertEquals("still here", client.read().text());
        }
    }

    @Test
    void an_unmasked_frame_is_refused() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(0x81, false, utf8("bare"));
            assertEquals(1002, client.closeCode());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0x10, 0x20, 0x40, 0x50, 0x70})
    void a_reserved_bit_is_refused(int bits) throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(0x81 | bits, true, utf8("x"));
            assertClosed(1002, client);
        }
        try (RawWebSocket client = server.open()) {
            client.frame(0x89 | bits, true, utf8("x"));
            assertClosed(1002, client);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
    void a_reserved_opcode_is_refused(int opcode) throws IOException {
        for (int length : new int[] {0, 5}) {
            try (RawWebSocket client = server.open()) {
                client.frame(true, opcode, new byte[length]);
                assertClosed(1002, client);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {RawWebSocket.CLOSE, RawWebSocket.PING, RawWebSocket.PONG})
    void a_control_frame_must_be_short_and_whole(int opcode) throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(true, opcode, new byte[126]);
            assertClosed(1002, client);
        }
        try (RawWebSocket client = server.open()) {
            client.frame(false, opcode, new byte[0]);
            assertClosed(1002, client);
        }
    }

    @Test
    void a_continuation_of_nothing_is_refused() throws IOException {
        for (boolean fin : new boolean[] {true, false}) {
            try (RawWebSocket client = server.open()) {
                client.frame(fin, RawWebSocket.CONTINUATION, utf8("of what?"));
                assertClosed(1002, client);
            }
        }
    }

    @Test
    void a_continuation_after_a_whole_message_is_refused() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.text("whole");
            assertEquals("whole", client.read().text());
            client.frame(true, RawWebSocket.CONTINUATION, utf8("more"));
            assertClosed(1002, client);
        }
    }

    @Test
    void a_message_inside_a_message_is_refused() throws IOException {
        for (int opcode : new int[] {RawWebSocket.TEXT, RawWebSocket.BINARY}) {
            try (RawWebSocket client = server.open()) {
                client.frame(false, RawWebSocket.TEXT, utf8("begun"));
                client.frame(true, opcode, utf8("another"));
                assertClosed(1002, client);
            }
        }
    }

    @Test
    void a_length_with_its_top_bit_set_is_refused() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.raw(hex("81ff" + "8000000000000001" + "00000000" + "00"));
            assertEquals(1002, client.closeCode());
        }
    }

    static String[] notUtf8() {
        return new String[] {
            "80", "bf", "c0af", "c1bf", "e08080", "e09fbf", "eda080", "edbfbf", "edaebfedb080", "f0808080", "f08fbfbf",
            "f4908080", "f5808080", "f8888080", "fe", "ff", "c3", "e282", "f09d84", "c328", "e28228", "f09d8428",
            "48c3a4ff", "fc8480808080", "2dcebacf8ce1bdb9cf83cebcceb5eda080656469746564"
        };
    }

    @ParameterizedTest
    @MethodSource("notUtf8")
    void a_text_that_is_not_utf8_is_refused(String hex) throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(true, RawWebSocket.TEXT, hex(hex));
            assertClosed(1007, client);
        }
    }

    @ParameterizedTest
    @MethodSource("notUtf8")
    void a_text_that_is_not_utf8_is_refused_in_fragments_too(String hex) throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(false, RawWebSocket.TEXT, utf8("fine so far "));
            for (byte b : hex(hex)) {
                client.frame(false, RawWebSocket.CONTINUATION, new byte[] {b});
            }
            client.frame(true, RawWebSocket.CONTINUATION, new byte[0]);
            assertEquals(1007, client.closeCode());
        } catch (java.net.SocketException e) {
            // The server had already closed when the rest was sent.
        }
    }

    @Test
    void the_first_impossible_byte_ends_it_before_the_message_does() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(false, RawWebSocket.TEXT, hex("cebaf4"));
            client.frame(false, RawWebSocket.CONTINUATION, hex("90"));
            assertClosed(1007, client);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"efbfbf", "efbfbe", "f48fbfbf", "ed9fbf", "ee8080", "c280", "e0a080", "f0908080", "00", "7f"})
    void every_valid_utf8_boundary_is_accepted(String hex) throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(true, RawWebSocket.TEXT, hex(hex));
            assertArrayEquals(hex(hex), client.message());
        }
    }

    @Test
    void a_message_over_the_limit_is_refused_by_its_total() throws IOException {
        try (RawWebSocket client = server.open()) {
            client.frame(true, RawWebSocket.TEXT, new byte[(1 << 20) + 1]);
            assertClosed(1009, client);
        }
        try (RawWebSocket client = server.open()) {
            client.frame(false, RawWebSocket.TEXT, utf8("x".repeat(1 << 19)));
            client.frame(false, RawWebSocket.CONTINUATION, utf8("x".repeat(1 << 19)));
            client.frame(true, RawWebSocket.CONTINUATION, utf8("x"));
            assertClosed(1009, client);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {60, 20_000})
    void a_flood_of_pings_is_ended_for_its_policy(int pings) throws IOException {
        try (RawWebSocket client = server.open()) {
            for (int i = 0; i < pings; i++) {
                client.ping("");
            }
            assertEquals(1008, client.closeCode());
        } catch (java.net.SocketException e) {
            // The server had already closed when the rest was sent.
            assertTrue(pings > 60, e::toString);
        }
    }

    @Test
    void as_many_pings_as_messages_are_no_flood() throws IOException {
        try (RawWebSocket client = server.open()) {
            for (int i = 0; i < 300; i++) {
                client.ping("");
                assertEquals(RawWebSocket.PONG, client.read().opcode());
                client.text("message " + i);
                assertEquals("message " + i, client.read().text());
            }
        }
    }

    @Test
    void a_message_of_countless_fragments_is_ended_for_its_policy() throws IOException {
        try (RawWebSocket client = server.open()) {
            fragments(client, 1023);
            client.frame(true, RawWebSocket.CONTINUATION, utf8("."));
            assertEquals("x".repeat(1023) + ".", client.read().text());
            fragments(client, 1024);
            client.frame(false, RawWebSocket.CONTINUATION, new byte[0]);
            assertEquals(1008, client.closeCode());
        }
    }

    private static void fragments(RawWebSocket client, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            client.frame(false, i == 0 ? RawWebSocket.TEXT : RawWebSocket.CONTINUATION, utf8("x"));
        }
    }
}
