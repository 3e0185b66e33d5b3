package hero.supervisor.api;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TimeoutsTest {
    private final Time time = Time.system();
    private final Timeouts timeouts =
            new Timeouts(time).start(Thread.ofPlatform().daemon().factory());

    @AfterEach
    void close() {
        timeouts.close();
    }

    private static void assertOver(CompletableFuture<?> wait) {
        Throwable why = assertThrows(ExecutionException.class, () -> wait.get(20, TimeUnit.SECONDS))
                .getCause();
        assertInstanceOf(TimeoutException.class, why);
    }

    @Test
    void a_short_wait_that_begins_later_is_over_first_and_never_early() {
        CompletableFuture<String> hour = new CompletableFuture<>();
        timeouts.begin(hour, Duration.ofHours(1));
        for (int ms : new int[] {0, 1, 70, 333}) {
            CompletableFuture<String> wait = new CompletableFuture<>();
            long begun = time.nanoTime();
            timeouts.begin(wait, Duration.ofMillis(ms));
            assertOver(wait);
            assertTrue(time.nanoTime() - begun >= ms * 1_000_000L);
        }
        assertFalse(hour.isDone());
    }

    @Test
    void a_wait_that_was_ended_is_left_alone_and_ending_it_again_does_nothing() {
        CompletableFuture<String> ended = new CompletableFuture<>();
        CompletableFuture<String> other = new CompletableFuture<>();
        Timeouts.Wait wait = timeouts.begin(ended, Duration.ofMillis(50));
        timeouts.begin(other, Duration.ofMillis(60));
        wait.end();
        wait.end();
        assertOver(other);
        assertFalse(ended.isDone());
    }

    @Test
    void waits_that_are_over_at_about_the_same_time_end_together_on_one_thread() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        AtomicInteger over = new AtomicInteger();
        var waits = IntStream.range(0, 2000)
                .mapToObj(_ -> {
                    CompletableFuture<String> wait = new CompletableFuture<>();
                    timeouts.begin(wait, Duration.ofMillis(500));
                    return wait.whenComplete((_, _) -> {
                        threads.add(Thread.currentThread());
                        over.incrementAndGet();
                    });
                })
                .toList();
        waits.forEach(TimeoutsTest::assertOver);
        assertEquals(2000, over.get());
        // One that is done before its end is asked for runs here.
        Set<Thread> others = new HashSet<>(threads);
        others.remove(Thread.currentThread());
        assertEquals(1, others.size());
    }

    @Test
    void one_wait_after_another_does_not_wake_the_thread_each_time() {
        AtomicInteger looks = new AtomicInteger();
        AtomicReference<Thread> looker = new AtomicReference<>();
        Time counting = new Time() {
            @Override
            public Instant instant() {
                return time.instant();
            }

            @Override
            public long nanoTime() {
                if (Thread.currentThread().equals(looker.get())) {
                    looks.incrementAndGet();
                }
                return time.nanoTime();
            }
        };
        try (Timeouts counted = new Timeouts(counting)) {
            counted.start(task -> {
                looker.set(Thread.ofPlatform().daemon().unstarted(task));
                return Objects.requireNonNull(looker.get());
            });
            // It has looked once, and knows when it does so next.
            await().until(() -> looks.get() > 0);
            int before = looks.get();
            for (int i = 0; i < 200; i++) {
                counted.begin(new CompletableFuture<>(), Duration.ofHours(1)).end();
                await().pollDelay(Duration.ofMillis(1))
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> Objects.requireNonNull(looker.get()).getState() == Thread.State.TIMED_WAITING);
            }
            assertTrue(looks.get() - before < 100, () -> "looks: " + (looks.get() - before));
        }
    }

    @Test
    void a_wait_without_end_is_one_of_decades() {
        CompletableFuture<String> wait = new CompletableFuture<>();
        timeouts.begin(wait, Duration.ofDays(90_000)).end();
        assertFalse(wait.isDone());
    }
}
