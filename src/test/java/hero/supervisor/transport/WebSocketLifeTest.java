package hero.supervisor.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Limits;
import hero.supervisor.transport.RawWebSocket.Frame;
import hero.supervisor.transport.TestGateway.Setup;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// What a connection does over its life: load, backpressure, and each way to end.
class WebSocketLifeTest {
    private static final Duration LONG = Duration.ofSeconds(25);

    private static void hold(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Limits calls(int atOnce) {
        return TestGateway.limits(1 << 20, atOnce, 1 << 20, LONG, LONG, LONG);
    }

    @Test
    void a_message_of_8_mib_comes_back_when_the_limit_allows() throws IOException {
        Limits limits = TestGateway.limits(8 << 20, 16, 1 << 20, LONG, LONG, LONG);
        try (TestGateway server = TestGateway.echo(Setup.standard().with(limits));
                RawWebSocket client = server.open()) {
            String text = "0123456789abcde\n".repeat((8 << 20) / 16);
            client.text(text);
            assertEquals(text, new String(client.message(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void two_hundred_sends_at_once_arrive_whole() throws IOException {
        int threads = 200;
        int each = 20;
        Limits limits = TestGateway.limits(1 << 20, 16, 64 << 20, LONG, LONG, LONG);
        try (TestGateway server = new TestGateway(Setup.standard().with(limits), (text, peer) -> {
                    for (int t = 0; t < threads; t++) {
                        String name = "t" + t + ":";
                        Thread.ofVirtual().start(() -> {
                            for (int i = 0; i < each; i++) {
                                String message = name + i + ":" + "x".repeat(i * 137 % 5000);
                                assertTrue(peer.notify(message.getBytes(StandardCharsets.UTF_8)));
                            }
                        });
                    }
                    return null;
                });
                RawWebSocket client = server.open()) {
            client.text("go");
            Set<String> seen = new HashSet<>();
            for (int i = 0; i < threads * each; i++) {
                String[] parts = new String(client.message(), StandardCharsets.UTF_8).split(":", -1);
                assertEquals(Integer.parseInt(parts[1]) * 137 % 5000, parts[2].length());
                assertTrue(seen.add(parts[0] + ":" + parts[1]));
            }
            assertEquals(threads * each, seen.size());
        }
    }

    @Test
    void calls_are_answered_as_they_finish() throws IOException {
        CountDownLatch go = new CountDownLatch(1);
        try (TestGateway server = new TestGateway(Setup.standard(), (text, peer) -> {
                    if (text.equals("slow")) {
                        hold(go);
                    }
                    return TestGateway.reply(text);
                });
                RawWebSocket client = server.open()) {
            client.text("slow");
            client.text("fast");
            assertEquals("fast", client.read().text());
            go.countDown();
            assertEquals("slow", client.read().text());
        }
    }

    @Test
    void the_socket_is_not_read_while_all_places_for_calls_are_taken() throws IOException {
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger begun = new AtomicInteger();
        try (TestGateway server = new TestGateway(Setup.standard().with(calls(2)), (text, peer) -> {
                    begun.incrementAndGet();
                    hold(go);
                    return TestGateway.reply(text);
                });
                RawWebSocket client = server.open()) {
            for (int i = 0; i < 6; i++) {
                client.text("call");
            }
            await().until(() -> begun.get() == 2);
            client.ping("unanswered while the reader waits");
            await().during(Duration.ofMillis(300)).until(() -> begun.get() == 2);
            go.countDown();
            for (int i = 0; i < 6; i++) {
                assertEquals("call", new String(client.message(), StandardCharsets.UTF_8));
            }
            assertEquals(6, begun.get());
        }
    }

    @Test
    void a_call_that_only_waits_gives_its_place_away() throws IOException {
        CountDownLatch go = new CountDownLatch(1);
        try (TestGateway server = new TestGateway(Setup.standard().with(calls(1)), (text, peer) -> {
                    if (text.equals("wait")) {
                        assertTrue(peer.park());
                        hold(go);
                        peer.unpark();
                    }
                    return TestGateway.reply(text);
                });
                RawWebSocket client = server.open()) {
            client.text("wait");
            for (int i = 0; i < 5; i++) {
                client.text("work");
                assertEquals("work", client.read().text());
            }
            assertEquals(1, server.gateway.waitCount());
            go.countDown();
            assertEquals("wait", client.read().text());
            assertEquals(0, server.gateway.waitCount());
            client.text("and on");
            assertEquals("and on", client.read().text());
        }
    }

    @Test
    void waits_of_a_connection_are_bounded() throws IOException {
        CountDownLatch go = new CountDownLatch(1);
        try (TestGateway server = new TestGateway(Setup.standard().with(calls(1)), (text, peer) -> {
                    if (!peer.park()) {
                        return TestGateway.reply("no");
                    }
                    hold(go);
                    peer.unpark();
                    return TestGateway.reply("yes");
                });
                RawWebSocket client = server.open()) {
            for (int i = 0; i < 4; i++) {
                client.text("wait");
            }
            assertEquals("no", client.read().text());
            go.countDown();
            for (int i = 0; i < 3; i++) {
                assertEquals("yes", client.read().text());
            }
        }
    }

    @Test
    void the_same_id_twice_at_once_is_seen() throws IOException {
        CountDownLatch go = new CountDownLatch(1);
        try (TestGateway server = new TestGateway(Setup.standard(), (text, peer) -> {
                    boolean mine = peer.enter("7");
                    if (mine) {
                        hold(go);
                        peer.leave("7");
                    }
                    return TestGateway.reply(mine ? "mine" : "taken");
                });
                RawWebSocket client = server.open()) {
            client.text("a");
            client.text("b");
            assertEquals("taken", client.read().text());
            go.countDown();
            assertEquals("mine", client.read().text());
        }
    }

    @Test
    void a_long_answer_comes_in_fragments_with_pongs_between() throws IOException {
        CountDownLatch pinged = new CountDownLatch(1);
        try (TestGateway server = new TestGateway(
                        Setup.standard(),
                        (text, peer) -> TestGateway.streaming(out -> {
                            byte[] chunk = "y".repeat(10_000).getBytes(StandardCharsets.UTF_8);
                            for (int i = 0; i < 100; i++) {
                                out.write(chunk);
                                if (i == 10) {
                                    hold(pinged);
                                }
                            }
                        }));
                RawWebSocket client = server.open()) {
            client.text("all of it");
            Frame first = client.read();
            assertEquals(RawWebSocket.TEXT, first.opcode());
            assertFalse(first.fin());
            client.ping("still there?");
            int bytes = first.payload().length;
            boolean pong = false;
            Frame frame = first;
            while (!frame.fin() || frame.opcode() == RawWebSocket.PONG) {
                pinged.countDown();
                frame = client.read();
                if (frame.opcode() == RawWebSocket.PONG) {
                    pong = true;
                } else {
                    assertEquals(RawWebSocket.CONTINUATION, frame.opcode());
                    bytes += frame.payload().length;
                }
            }
            assertEquals(1_000_000, bytes);
            client.ping("after");
            assertTrue(pong || client.read().opcode() == RawWebSocket.PONG);
        }
    }

    @Test
    void an_answer_that_breaks_off_ends_the_connection_whatever_the_peer_does() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        try (TestGateway server = new TestGateway(
                        Setup.standard().withCloseWithin(Duration.ofMillis(200)),
                        (text, peer) -> TestGateway.streaming(out -> {
                            calls.incrementAndGet();
                            out.write(new byte[100_000]);
                            throw new IllegalStateException("password in the clear");
                        }));
                RawWebSocket client = server.open()) {
            client.text("go");
            Frame frame = client.read();
            while (frame.opcode() != RawWebSocket.CLOSE) {
                assertFalse(frame.fin());
                frame = client.read();
            }
            assertEquals(1011, frame.code());
            assertFalse(frame.text().contains("password"));
            client.text("go on");
            assertTrue(client.ended());
            assertEquals(1, calls.get());
        }
    }

    @Test
    void a_connection_that_waits_for_a_place_holds_up_no_other() throws IOException {
        CountDownLatch never = new CountDownLatch(1);
        try (TestGateway server = new TestGateway(Setup.standard().with(calls(2)), (text, peer) -> {
                    if (text.equals("wait")) {
                        hold(never);
                    }
                    return TestGateway.reply(text);
                });
                RawWebSocket full = server.open()) {
            for (int i = 0; i < 5; i++) {
                full.text("wait");
            }
            for (int i = 0; i < 8; i++) {
                try (RawWebSocket other = server.open()) {
                    other.text("quick");
                    assertEquals("quick", new String(other.message(), StandardCharsets.UTF_8));
                }
            }
            never.countDown();
            for (int i = 0; i < 5; i++) {
                assertEquals("wait", new String(full.message(), StandardCharsets.UTF_8));
            }
        }
    }

    @Test
    void a_frame_that_comes_byte_by_byte_holds_up_no_other_and_arrives() throws Exception {
        try (TestGateway server = TestGateway.echo();
                RawWebSocket slow = server.open();
                RawWebSocket other = server.open()) {
            byte[] frame = RawWebSocket.encode(0x81, true, "0123456789".getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < frame.length; i++) {
                slow.raw(new byte[] {frame[i]});
                other.text("quick " + i);
                assertEquals("quick " + i, new String(other.message(), StandardCharsets.UTF_8));
            }
            assertEquals("0123456789", new String(slow.message(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void messages_of_any_size_and_pings_come_in_their_order_however_they_are_cut() throws Exception {
        try (TestGateway server = TestGateway.echo(Setup.standard().with(calls(1)));
                RawWebSocket client = server.open()) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            int[] sizes = {1, 125, 126, 16 << 10, (16 << 10) + 1, 7, 65_535, 65_536, 200_000, 3};
            for (int size : sizes) {
                all.write(RawWebSocket.encode(0x81, true, "m".repeat(size).getBytes(StandardCharsets.UTF_8)));
                all.write(RawWebSocket.encode(0x89, true, new byte[0]));
            }
            byte[] bytes = all.toByteArray();
            FutureTask<Void> sender = new FutureTask<>(() -> {
                for (int from = 0, step = 1; from < bytes.length; from += step, step = step * 7 % 40_009 + 1) {
                    client.raw(Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + step)));
                }
                return null;
            });
            Thread.startVirtualThread(sender);
            for (int size : sizes) {
                assertEquals(size, client.message().length);
            }
            sender.get(20, TimeUnit.SECONDS);
        }
    }
}
