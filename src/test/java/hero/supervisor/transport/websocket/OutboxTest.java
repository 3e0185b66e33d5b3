package hero.supervisor.transport.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.ManualTime;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// Against a socket that has room for as much as the test says, with threads that the test runs.
class OutboxTest {
    private static final long DEADLINE_NS = Duration.ofSeconds(10).toNanos();

    private final ManualTime time = new ManualTime();
    private final ByteArrayOutputStream wire = new ByteArrayOutputStream();
    private final Queue<Runnable> threads = new ArrayDeque<>();
    private final AtomicInteger broken = new AtomicInteger();
    private final AtomicInteger brokenOff = new AtomicInteger();
    private int room = Integer.MAX_VALUE;
    private boolean refuses;
    private Runnable waiting = () -> {
        throw new IllegalStateException("who must not wait waits");
    };

    private final Outbox outbox = new Outbox(
            new Outbox.Socket() {
                @Override
                public int write(byte[] bytes, int from, int length) {
                    if (refuses) {
                        throw new UncheckedIOException(new IOException("broken pipe"));
                    }
                    int count = Math.min(room, length);
                    wire.write(bytes, from, count);
                    room -= count;
                    return count;
                }

                @Override
                public void awaitRoom() {
                    waiting.run();
                }
            },
            1 << 20,
            threads::add,
            time,
            broken::incrementAndGet,
            brokenOff::incrementAndGet);

    private static byte[] text(int bytes) {
        return "x".repeat(bytes).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    }

    @Test
    void an_offer_is_written_at_once_and_needs_no_thread() {
        assertTrue(outbox.offer(Frames.TEXT, text(100), 1));
        assertEquals(102, wire.size());
        assertTrue(threads.isEmpty());
    }

    @Test
    void what_the_socket_does_not_take_is_another_threads_and_all_that_follows() {
        room = 50;
        assertTrue(outbox.offer(Frames.TEXT, text(100), 1));
        assertTrue(outbox.offer(Frames.TEXT, text(10), 1));
        assertEquals(50, wire.size());
        assertEquals(1, threads.size(), "the second one goes with the first");
        AtomicInteger waits = new AtomicInteger();
        waiting = () -> {
            waits.incrementAndGet();
            room += 40;
        };
        threads.remove().run();
        assertEquals(102 + 12, wire.size());
        assertEquals(2, waits.get());
        assertTrue(outbox.offer(Frames.TEXT, text(10), 1));
        assertEquals(102 + 12 + 12, wire.size());
    }

    @Test
    void a_write_that_does_not_come_on_is_stuck_and_one_that_takes_its_64_kib_is_not() {
        room = 50;
        assertTrue(outbox.offer(Frames.TEXT, text(200_000), 1));
        time.advance(Duration.ofSeconds(9));
        assertFalse(outbox.isStuck(time.nanoTime(), DEADLINE_NS));
        waiting = () -> {
            time.advance(Duration.ofSeconds(6));
            room += 64 << 10;
            // 15 s after the first byte; each later step has its own time.
            assertEquals(wire.size() < 1000, outbox.isStuck(time.nanoTime(), DEADLINE_NS));
        };
        threads.remove().run();
        assertEquals(200_010, wire.size());
        time.advance(Duration.ofHours(1));
        assertFalse(outbox.isStuck(time.nanoTime(), DEADLINE_NS), "nothing is under way");
    }

    @Test
    void a_few_bytes_now_and_then_do_not_help() {
        room = 0;
        assertTrue(outbox.offer(Frames.TEXT, text(1000), 1));
        waiting = () -> {
            time.advance(Duration.ofSeconds(1));
            room = 1;
            refuses = outbox.isStuck(time.nanoTime(), DEADLINE_NS);
        };
        threads.remove().run();
        assertEquals(1, broken.get());
        assertEquals(10, wire.size());
    }

    @Test
    void a_socket_that_breaks_is_told_once_and_nothing_follows() {
        refuses = true;
        assertTrue(outbox.offer(Frames.TEXT, text(10), 1));
        assertEquals(1, broken.get());
        outbox.die();
        assertFalse(outbox.offer(Frames.TEXT, text(10), 1));
        assertEquals(0, wire.size());
    }

    @Test
    void a_thread_with_other_things_to_do_does_not_write_for_ever() {
        room = 1;
        assertTrue(outbox.offer(Frames.TEXT, text(10), 1));
        for (int i = 0; i < 7; i++) {
            assertTrue(outbox.offer(Frames.TEXT, text(60 << 10), 1));
        }
        room = Integer.MAX_VALUE;
        threads.remove().run();
        assertEquals(12 + 7 * (4 + (60 << 10)), wire.size());
        assertTrue(threads.isEmpty());
    }

    @Test
    void streams_that_wait_behind_one_that_broke_off_are_let_go() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Thread first = Thread.startVirtualThread(() -> outbox.stream(out -> {
            begun.countDown();
            hold(go);
            throw new IOException("the content ends here");
        }));
        assertTrue(begun.await(20, TimeUnit.SECONDS));
        Thread second = Thread.startVirtualThread(() -> outbox.stream(out -> out.write(1)));
        while (second.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        go.countDown();
        assertTrue(first.join(Duration.ofSeconds(20)));
        assertTrue(second.join(Duration.ofSeconds(20)));
        assertEquals(Frames.FIN | Frames.CLOSE, wire.toByteArray()[0] & 0xFF);
        assertEquals(1, brokenOff.get());
        assertFalse(outbox.offer(Frames.TEXT, text(10), 1));
    }

    private static void hold(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
