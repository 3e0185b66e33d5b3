package hero.supervisor.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.api.Peer;
import hero.supervisor.domain.Limits;
import hero.supervisor.transport.RawWebSocket.Frame;
import hero.supervisor.transport.TestGateway.Setup;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// Each way in which a connection ends: once, with everything cleaned up, and nothing shown that is not the
/// peer's.
class WebSocketEndTest {
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final Duration LONG = Duration.ofSeconds(25);

    private static void hold(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void pause(CountDownLatch ended) {
        try {
            assertFalse(ended.await(1, TimeUnit.MILLISECONDS) && ended.getCount() > 0);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void assertEndedOnce(TestGateway server) {
        await().until(() -> server.gateway.socketCount() == 0 && server.ends.get() > 0);
        await().until(() -> server.gateway.connectionCount() == 0);
        assertEquals(1, server.ends.get());
    }

    @Test
    void a_reader_that_takes_nothing_is_cut_off_and_costs_a_bounded_queue() throws IOException {
        int queue = 256 << 10;
        Limits limits = TestGateway.limits(1 << 20, 16, queue, SHORT.multipliedBy(5), LONG, LONG);
        AtomicLong accepted = new AtomicLong();
        CountDownLatch ended = new CountDownLatch(1);
        try (TestGateway server = new TestGateway(Setup.standard().with(limits), (text, peer) -> {
                    peer.onEnd(ended::countDown);
                    byte[] message = new byte[32 << 10];
                    while (ended.getCount() > 0) {
                        if (peer.notify(message)) {
                            accepted.addAndGet(message.length);
                        } else {
                            pause(ended);
                        }
                    }
                    return null;
                });
                RawWebSocket client = RawWebSocket.open(server.port(), 4096)) {
            client.text("flood me");
            hold(ended);
            assertTrue(accepted.get() < (64L << 20), "accepted " + accepted.get());
            assertEndedOnce(server);
        }
    }

    @Test
    void a_peer_that_is_silent_is_pinged_and_then_given_up() throws IOException {
        Limits limits = TestGateway.limits(1 << 20, 16, 1 << 20, LONG, SHORT, SHORT);
        try (TestGateway server = TestGateway.echo(Setup.standard().with(limits));
                RawWebSocket client = server.open()) {
            client.text("I am here");
            assertEquals("I am here", client.read().text());
            Frame ping = client.read();
            assertEquals(RawWebSocket.PING, ping.opcode());
            client.frame(true, RawWebSocket.PONG, ping.payload());
            assertEquals(RawWebSocket.PING, client.read().opcode());
            assertEndedOnce(server);
            assertTrue(client.ended());
        }
    }

    @Test
    void a_close_by_the_client_ends_it_once() throws IOException {
        try (TestGateway server = TestGateway.echo();
                RawWebSocket client = server.open()) {
            client.text("x");
            client.read();
            client.close(1000);
            assertEquals(1000, client.closeCode());
            assertEndedOnce(server);
        }
    }

    @Test
    void a_fin_ends_it_once() throws IOException {
        try (TestGateway server = TestGateway.echo();
                RawWebSocket client = server.open()) {
            client.text("x");
            client.read();
            client.shutdownOutput();
            assertEndedOnce(server);
            assertTrue(client.ended());
        }
    }

    @Test
    void a_reset_ends_it_once() throws IOException {
        try (TestGateway server = TestGateway.echo();
                RawWebSocket client = server.open()) {
            client.text("x");
            client.read();
            client.reset();
            assertEndedOnce(server);
        }
    }

    @Test
    void a_breach_ends_it_once_even_when_the_client_does_not_answer() throws IOException {
        try (TestGateway server = TestGateway.echo(Setup.standard().withCloseWithin(SHORT));
                RawWebSocket client = server.open()) {
            client.text("x");
            client.read();
            client.frame(true, 3, new byte[0]);
            assertEquals(1002, client.closeCode());
            assertEndedOnce(server);
            assertTrue(client.ended());
        }
    }

    @Test
    void an_oversize_ends_it_once() throws IOException {
        try (TestGateway server = TestGateway.echo(Setup.standard().withCloseWithin(SHORT));
                RawWebSocket client = server.open()) {
            client.text("x");
            client.read();
            client.raw((byte) 0x81, (byte) 0xFF, (byte) 0, (byte) 0, (byte) 0, (byte) 1, (byte) 0, (byte) 0, (byte) 0);
            client.raw((byte) 0, (byte) 1, (byte) 2, (byte) 3, (byte) 4);
            assertEquals(1009, client.closeCode());
            assertEndedOnce(server);
        }
    }

    @Test
    void an_exception_ends_it_once_and_is_not_shown() throws IOException {
        try (TestGateway server = new TestGateway(Setup.standard(), (text, peer) -> {
                    throw new IllegalStateException("password in the clear");
                });
                RawWebSocket client = server.open()) {
            client.text("x");
            Frame close = client.read();
            assertEquals(1011, close.code());
            assertFalse(close.text().contains("password"));
            client.close(1011);
            assertEndedOnce(server);
        }
    }

    @Test
    void a_close_by_the_server_waits_for_the_client_only_so_long() throws IOException {
        try (TestGateway server = new TestGateway(Setup.standard().withCloseWithin(SHORT), (text, peer) -> {
                    peer.close(4002, "superseded");
                    return null;
                });
                RawWebSocket client = server.open()) {
            client.text("x");
            assertEquals(4002, client.closeCode());
            assertEndedOnce(server);
            assertTrue(client.ended());
        }
    }

    @Test
    void a_stop_of_the_server_ends_it_once() throws IOException {
        TestGateway server = TestGateway.echo();
        try (RawWebSocket client = server.open()) {
            client.text("x");
            client.read();
            server.close();
            assertTrue(client.closeCode() == 1006 || client.ended());
            assertEndedOnce(server);
        }
    }

    @Test
    void a_drain_says_1012_and_refuses_new_ones() throws Exception {
        try (TestGateway server = TestGateway.echo();
                RawWebSocket first = server.open();
                RawWebSocket second = server.open()) {
            Thread drain = Thread.ofVirtual().start(() -> {
                try {
                    server.gateway.drain(SHORT, Duration.ofSeconds(20));
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            Set<String> hints = new HashSet<>();
            for (RawWebSocket client : new RawWebSocket[] {first, second}) {
                byte[] close = client.read().payload();
                String text = new String(close, 2, close.length - 2, StandardCharsets.UTF_8);
                assertEquals(1012, (close[0] & 0xFF) << 8 | (close[1] & 0xFF));
                assertTrue(text.matches("server restarts; retry_after_ms=\\d+") && hints.add(text), text);
                client.close(1012);
                assertTrue(client.ended());
            }
            drain.join();
            assertEquals(0, server.gateway.socketCount());
            try (RawWebSocket late = RawWebSocket.tcp(server.port())) {
                assertTrue(late.handshake("/rpc", java.util.Map.of()).startsWith("HTTP/1.1 503 "));
            }
        }
    }

    @Test
    void a_drain_is_seen_by_probes_while_sockets_are_still_served() throws Exception {
        List<RawWebSocket> clients = new ArrayList<>();
        try (TestGateway server = TestGateway.echo();
                HttpClient http = HttpClient.newHttpClient()) {
            for (int i = 0; i < 10; i++) {
                clients.add(server.open());
            }
            URI ready = URI.create("http://127.0.0.1:" + server.port() + "/health/ready");
            HttpRequest probe = HttpRequest.newBuilder(ready).build();
            assertEquals(
                    200, http.send(probe, HttpResponse.BodyHandlers.ofString()).statusCode());
            // One of the ten is closed in each of its ten steps.
            Thread drain = Thread.ofVirtual().start(() -> {
                try {
                    server.gateway.drain(Duration.ofSeconds(20), Duration.ofSeconds(20));
                } catch (InterruptedException e) {
                    // Seen enough.
                }
            });
            await().until(() ->
                    http.send(probe, HttpResponse.BodyHandlers.ofString()).statusCode() == 503);
            String body = http.send(probe, HttpResponse.BodyHandlers.ofString()).body();
            assertTrue(body.contains("\"status\":\"not_ready\""), body);
            assertTrue(body.contains("\"reasons\":[\"the server is shutting down\"]"), body);
            assertFalse(body.contains("\"draining\":{\"ok\":true"), body);
            int served = 0;
            for (RawWebSocket client : clients) {
                client.text("x");
                served += client.read().opcode() == RawWebSocket.CLOSE ? 0 : 1;
            }
            assertTrue(served > 0, "all were closed at once");
            drain.interrupt();
            drain.join();
        } finally {
            for (RawWebSocket client : clients) {
                client.close();
            }
        }
    }

    @Test
    void what_is_sent_after_the_end_is_dropped() throws IOException {
        try (TestGateway server = TestGateway.echo()) {
            try (RawWebSocket client = server.open()) {
                client.text("x");
                client.read();
            }
            assertEndedOnce(server);
            Peer peer = server.peers.getFirst();
            assertFalse(peer.notify(new byte[1]));
            AtomicInteger late = new AtomicInteger();
            peer.onEnd(late::incrementAndGet);
            assertEquals(1, late.get());
        }
    }

    @Test
    void an_end_that_was_taken_back_does_not_run() throws IOException {
        AtomicInteger ran = new AtomicInteger();
        try (TestGateway server = new TestGateway(Setup.standard(), (text, peer) -> {
                    peer.onEnd(ran::incrementAndGet).remove();
                    return null;
                });
                RawWebSocket client = server.open()) {
            client.text("x");
            client.ping("");
            assertEquals(RawWebSocket.PONG, client.read().opcode());
            await().until(() -> !server.peers.isEmpty());
            client.close(1000);
            client.closeCode();
            assertEndedOnce(server);
            assertEquals(0, ran.get());
        }
    }

    @Test
    void two_hundred_connections_that_are_reset_leave_nothing() throws IOException {
        Limits limits =
                TestGateway.limits(Limits.DEFAULT, 1 << 20, 16, 1 << 20, LONG, LONG, LONG, 20, Duration.ofSeconds(10));
        try (TestGateway server = TestGateway.echo(Setup.standard().with(limits))) {
            for (int i = 0; i < 200; i++) {
                await().pollDelay(Duration.ZERO).ignoreExceptions().until(() -> {
                    server.open().reset();
                    return true;
                });
            }
            await().until(() -> server.gateway.connectionCount() == 0);
            assertEquals(0, server.gateway.socketCount());
        }
    }

    @Test
    void reading_after_the_end_shows_the_end() throws IOException {
        try (TestGateway server = TestGateway.echo();
                RawWebSocket client = server.open()) {
            client.close(1000);
            assertEquals(RawWebSocket.CLOSE, client.read().opcode());
            assertThrows(EOFException.class, client::read);
        }
    }
}
