package hero.supervisor.transport.websocket;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.ManualTime;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Real sockets on 127.0.0.1.
class WireTest {
    private Poller poller;
    private Socket peer;
    private Wire wire;

    @BeforeEach
    void connect() throws IOException {
        poller = new Poller("poller-test", Time.system());
        connect(poller);
    }

    private void connect(Poller to) throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            peer = new Socket();
            peer.setReceiveBufferSize(32 << 10);
            peer.connect(server.getLocalAddress());
            wire = new Wire(server.accept(), to);
        }
    }

    @AfterEach
    void close() throws IOException {
        wire.close();
        peer.close();
        poller.close();
    }

    private void say(String text) {
        try {
            peer.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// The next bytes; there must be some.
    private byte[] read() {
        return Objects.requireNonNull(wire.read());
    }

    private static void hold(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// On the connection's thread.
    private static <T> Future<T> served(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread.startVirtualThread(task);
        return task;
    }

    private static <T> T within(Future<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    @Test
    void bytes_come_to_the_thread_that_waits_and_null_at_the_end() throws Exception {
        say("one");
        assertEquals("one", text(read()));
        Future<byte[]> later = served(wire::read);
        say("two");
        assertEquals("two", text(within(later)));
        peer.shutdownOutput();
        assertNull(wire.read());
        assertNull(wire.read());
    }

    @Test
    void while_the_thread_rests_the_listener_gets_them_on_the_pollers_thread_until_it_says_no() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        Future<Boolean> rest = served(() -> wire.rest(bytes -> {
            heard.add(Thread.currentThread().getName() + " " + text(bytes));
            return !text(bytes).equals("no");
        }));
        for (String word : List.of("a", "b", "no")) {
            say(word);
            await().until(() -> heard.contains("poller-test " + word));
        }
        assertTrue(within(rest));
        say("to the thread");
        assertEquals("to the thread", text(read()));
        assertEquals(3, heard.size());
    }

    @Test
    void nothing_is_read_while_nobody_asks() throws Exception {
        say("x");
        assertEquals("x", text(read()));
        AtomicInteger sent = new AtomicInteger();
        Thread.startVirtualThread(() -> {
            for (int i = 0; i < 400; i++) {
                say("y".repeat(64 << 10));
                sent.incrementAndGet();
            }
        });
        // The peer stands still when the buffers between us are full.
        AtomicInteger before = new AtomicInteger(-1);
        await().pollInterval(Duration.ofMillis(300)).until(() -> before.getAndSet(sent.get()) == sent.get());
        assertTrue(sent.get() < 400);
        long bytes = 0;
        while (bytes < 400L << 16) {
            bytes += read().length;
        }
        assertEquals(400L << 16, bytes);
    }

    @Test
    void a_write_takes_what_there_is_room_for_and_room_can_be_waited_for() throws Exception {
        byte[] much = "0123456789abcdef".repeat(1 << 19).getBytes(StandardCharsets.US_ASCII);
        int first = wire.write(much, 0, much.length);
        assertTrue(first > 0 && first < much.length);
        CompletableFuture<byte[]> read = new CompletableFuture<>();
        int done = first;
        boolean reads = false;
        while (done < much.length) {
            int more = wire.write(much, done, much.length - done);
            if (more == 0) {
                if (!reads) {
                    reads = true;
                    Thread.startVirtualThread(() -> {
                        try {
                            read.complete(peer.getInputStream().readNBytes(much.length));
                        } catch (IOException e) {
                            read.completeExceptionally(e);
                        }
                    });
                }
                wire.awaitRoom();
            }
            done += more;
        }
        assertArrayEquals(much, within(read));
    }

    @Test
    void closing_lets_everybody_go_who_waits() throws Exception {
        Future<Boolean> rest = served(() -> wire.rest(_ -> true));
        byte[] much = new byte[8 << 20];
        Future<?> stuck = served(() -> {
            while (true) {
                if (wire.write(much, 0, much.length) == 0) {
                    wire.awaitRoom();
                }
            }
        });
        await().during(Duration.ofMillis(100)).until(() -> !rest.isDone());
        wire.close();
        assertFalse(within(rest));
        assertThrows(Exception.class, () -> within(stuck));
        assertNull(wire.read());
        // The file is closed too: the peer reads to an end.
        assertTrue(peer.getInputStream().transferTo(OutputStream.nullOutputStream()) > 0);
    }

    @Test
    void a_listener_that_fails_ends_its_own_socket_and_no_other() throws Exception {
        Future<Boolean> rest = served(() -> wire.rest(_ -> {
            throw new IllegalStateException("a bug");
        }));
        say("x");
        assertFalse(within(rest));
        Wire first = wire;
        Socket gone = peer;
        connect(poller);
        say("y");
        assertEquals("y", text(read()));
        first.close();
        gone.close();
    }

    @Test
    void a_poller_that_is_held_up_shows_it_and_an_idle_one_comes_round_when_it_is_looked_for() throws Exception {
        ManualTime time = new ManualTime();
        try (Poller other = new Poller("poller-held-up", time)) {
            time.advance(Duration.ofMinutes(1));
            other.look();
            await().until(() -> other.turnedNs() == time.nanoTime());
            connect(other);
            CountDownLatch held = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            Future<Boolean> rest = served(() -> wire.rest(_ -> {
                held.countDown();
                hold(go);
                return false;
            }));
            say("x");
            assertTrue(held.await(20, TimeUnit.SECONDS));
            long before = time.nanoTime();
            time.advance(Duration.ofMinutes(1));
            other.look();
            await().during(Duration.ofMillis(100)).until(() -> other.turnedNs() <= before);
            go.countDown();
            assertTrue(within(rest));
            await().until(() -> other.turnedNs() == time.nanoTime());
        }
    }

    @Test
    void an_interrupted_thread_ends_its_connection() throws Exception {
        CompletableFuture<Boolean> rest = new CompletableFuture<>();
        Thread thread = Thread.startVirtualThread(() -> rest.complete(wire.rest(_ -> true)));
        await().until(() -> thread.getState() == Thread.State.WAITING);
        thread.interrupt();
        assertFalse(within(rest));
        assertEquals(-1, peer.getInputStream().read());
    }
}
