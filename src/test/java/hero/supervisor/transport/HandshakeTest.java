package hero.supervisor.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Scope;
import hero.supervisor.transport.TestGateway.Setup;
import java.io.IOException;
import java.time.Duration;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 6455 §4.2 and the guard before it (contract §5).
class HandshakeTest {
    private static TestGateway server;

    @BeforeAll
    static void start() {
        server = new TestGateway(
                Setup.standard().withOrigins("https://console.example"),
                (text, peer) -> TestGateway.reply(peer.inSafeCorner() + " " + peer.grant()));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String shake(String path, Map<String, String> changes) throws IOException {
        try (RawWebSocket client = RawWebSocket.tcp(server.port())) {
            return client.handshake(path, changes);
        }
    }

    private static void assertStatus(int status, Map<String, String> changes) throws IOException {
        String head = shake("/rpc", changes);
        assertTrue(head.startsWith("HTTP/1.1 " + status + " "), head);
    }

    private static String answer(Map<String, String> changes) throws IOException {
        try (RawWebSocket client = RawWebSocket.tcp(server.port())) {
            String head = client.handshake("/rpc", changes);
            assertTrue(head.startsWith("HTTP/1.1 101 "), head);
            client.text("who am I?");
            return client.read().text();
        }
    }

    @Test
    void the_accept_value_is_that_of_the_rfc() throws IOException {
        String head = shake("/rpc", Map.of("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="));
        assertTrue(head.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), head);
    }

    @ParameterizedTest
    @ValueSource(strings = {"websocket", "WebSocket", "WEBSOCKET", "wEbSoCkEt"})
    void the_word_websocket_may_be_spelled_in_any_case(String word) throws IOException {
        assertStatus(101, Map.of("Upgrade", word));
    }

    @Test
    void the_connection_header_may_be_a_list() throws IOException {
        assertStatus(101, Map.of("Connection", "keep-alive, uPgRaDe"));
        assertStatus(400, Map.of("Connection", "keep-alive"));
    }

    @Test
    void both_paths_upgrade_and_others_do_not() throws IOException {
        assertTrue(shake("/", Map.of()).startsWith("HTTP/1.1 101 "));
        assertTrue(shake("/elsewhere", Map.of()).startsWith("HTTP/1.1 404 "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "8", "12", "14", "x"})
    void another_version_is_told_the_right_one(String version) throws IOException {
        String head = shake("/rpc", Map.of("Sec-WebSocket-Version", version));
        assertTrue(head.startsWith("HTTP/1.1 426 "), head);
        assertTrue(head.contains("Sec-WebSocket-Version: 13\r\n"), head);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "short", "not base64 at all!!", "AAAAAAAAAAAAAAAAAAAA"})
    void a_bad_key_is_refused(String key) throws IOException {
        assertStatus(400, Map.of("Sec-WebSocket-Key", key));
    }

    @Test
    void only_get_upgrades() throws IOException {
        try (RawWebSocket client = RawWebSocket.tcp(server.port())) {
            String key = Base64.getEncoder().encodeToString(new byte[16]);
            client.raw(("PUT /rpc HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n\r\n")
                    .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            assertTrue(client.readHead().startsWith("HTTP/1.1 400 "));
        }
    }

    @Test
    void a_foreign_origin_is_refused_and_a_listed_or_the_same_one_is_not() throws IOException {
        assertStatus(403, Map.of("Origin", "https://evil.example"));
        assertStatus(403, Map.of("Origin", "null"));
        assertStatus(403, Map.of("Origin", "http://127.0.0.1:1"));
        assertStatus(101, Map.of("Origin", "http://127.0.0.1:" + server.port()));
        assertStatus(101, Map.of("Origin", "https://console.example"));
    }

    @Test
    void a_foreign_host_is_refused_even_when_the_origin_is_the_same() throws IOException {
        assertStatus(403, Map.of("Host", "evil.example"));
        assertStatus(403, Map.of("Host", "evil.example:3030", "Origin", "http://evil.example:3030"));
        assertStatus(403, Map.of("Host", "127.0.0.1.evil.example"));
        assertStatus(101, Map.of("Host", "localhost"));
        assertStatus(101, Map.of("Host", "LOCALHOST:99"));
        assertStatus(101, Map.of("Host", "[::1]:3030"));
        assertStatus(101, Map.of("Host", "gateway.test"));
    }

    @Test
    void a_bad_secret_is_refused_and_a_good_one_proves_something() throws IOException {
        String head = shake("/rpc", Map.of("Authorization", "Bearer wrong"));
        assertTrue(head.startsWith("HTTP/1.1 401 "), head);
        assertTrue(head.contains("WWW-Authenticate: Bearer"), head);
        assertStatus(401, Map.of("Authorization", "Basic abc"));
        assertTrue(
                answer(Map.of("Authorization", "bearer " + TestGateway.SECRET)).contains("scope=USER"));
    }

    @Test
    void a_browser_shows_its_secret_as_a_sub_protocol_and_only_jsonrpc_comes_back() throws IOException {
        String offer = "jsonrpc, bearer." + TestGateway.SECRET;
        String head = shake("/rpc", Map.of("Sec-WebSocket-Protocol", offer));
        assertTrue(head.contains("\r\nSec-WebSocket-Protocol: jsonrpc\r\n"), head);
        assertFalse(head.contains(TestGateway.SECRET), head);
        assertTrue(answer(Map.of("Sec-WebSocket-Protocol", offer)).contains("scope=USER"));
        assertStatus(401, Map.of("Sec-WebSocket-Protocol", "jsonrpc, bearer.wrong"));
        assertFalse(shake("/rpc", Map.of("Sec-WebSocket-Protocol", "chat"))
                .toLowerCase(Locale.ROOT)
                .contains("sec-websocket-protocol"));
    }

    @Test
    void no_extension_is_agreed_on() throws IOException {
        String head = shake("/rpc", Map.of("Sec-WebSocket-Extensions", "permessage-deflate"));
        assertTrue(head.startsWith("HTTP/1.1 101 "), head);
        assertFalse(head.contains("Extensions"), head);
    }

    @Test
    void a_secret_in_the_query_string_is_refused() throws IOException {
        for (String query : new String[] {"secret=x", "token=x", "access_token=x", "q=hsv_adm_x"}) {
            assertTrue(shake("/rpc?" + query, Map.of()).startsWith("HTTP/1.1 400 "), query);
        }
        assertTrue(shake("/rpc?name=x", Map.of()).startsWith("HTTP/1.1 101 "));
    }

    @Test
    void the_safe_corner_is_for_loopback_without_proxy_or_foreign_names() throws IOException {
        assertEquals("true null", answer(Map.of()));
        assertEquals("true null", answer(Map.of("Origin", "http://127.0.0.1:" + server.port())));
        assertEquals("false null", answer(Map.of("Origin", "https://console.example")));
        assertEquals("false null", answer(Map.of("X-Forwarded-For", "10.0.0.1")));
        assertEquals("false null", answer(Map.of("X-FORWARDED-Server", "proxy")));
        assertEquals("false null", answer(Map.of("X-Real-IP", "10.0.0.1")));
        assertEquals("false null", answer(Map.of("Forwarded", "for=10.0.0.1")));
        assertEquals("false null", answer(Map.of("Via", "1.1 proxy")));
        assertEquals("false null", answer(Map.of("Host", "gateway.test")));
    }

    @Test
    void the_safe_corner_can_be_closed() throws IOException {
        try (TestGateway closed = new TestGateway(
                        Setup.standard().withoutAnonymous(),
                        (text, peer) -> TestGateway.reply("" + peer.inSafeCorner()));
                RawWebSocket client = closed.open()) {
            client.text("?");
            assertEquals("false", client.read().text());
        }
    }

    @Test
    void who_shows_no_good_secret_in_time_outside_the_safe_corner_is_closed_with_1008() throws IOException {
        Duration s = Duration.ofSeconds(10);
        Duration soon = Duration.ofSeconds(2);
        Limits limits = TestGateway.limits(Limits.DEFAULT, 1 << 20, 16, 1 << 20, s, s, s, 50, soon);
        try (TestGateway closed =
                        new TestGateway(Setup.standard().withoutAnonymous().with(limits), (text, peer) -> {
                            if (text.equals("known")) {
                                peer.proved(new Grant("s", "s", Scope.USER));
                            }
                            return TestGateway.reply(text);
                        });
                RawWebSocket known = closed.open();
                RawWebSocket silent = closed.open();
                TestGateway corner = TestGateway.echo(Setup.standard().with(limits));
                RawWebSocket anonymous = corner.open()) {
            known.text("known");
            assertEquals("known", known.read().text());
            assertEquals(1008, silent.closeCode());
            silent.close(1008);
            known.text("still here");
            assertEquals("still here", known.read().text());
            anonymous.text("open to all");
            assertEquals("open to all", anonymous.read().text());
        }
    }

    @Test
    void over_the_limit_of_connections_it_is_503_with_a_hint_when_to_come_back() throws IOException {
        Duration s = Duration.ofSeconds(10);
        Limits limits = TestGateway.limits(Limits.DEFAULT, 1 << 20, 16, 1 << 20, s, s, s, 2, s);
        try (TestGateway small = TestGateway.echo(Setup.standard().with(limits));
                RawWebSocket first = small.open();
                RawWebSocket second = small.open();
                RawWebSocket third = RawWebSocket.tcp(small.port())) {
            String head = third.handshake("/rpc", Map.of());
            assertTrue(head.startsWith("HTTP/1.1 503 "), head);
            assertTrue(head.contains("Retry-After: 1"), head);
            first.text("a");
            second.text("b");
            assertEquals("a", first.read().text());
            assertEquals("b", second.read().text());
        }
    }
}
