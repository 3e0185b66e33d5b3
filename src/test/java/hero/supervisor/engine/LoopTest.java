package hero.supervisor.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class LoopTest {
    private static final Duration NEVER = Duration.ofDays(1);
    private static final Duration SOON = Duration.ofMillis(1);

    private final Semaphore runs = new Semaphore(0);
    private Loop loop = new Loop("never started", NEVER, () -> {});

    @AfterEach
    void close() {
        loop.close();
    }

    private void assertRuns(int count) throws InterruptedException {
        assertTrue(runs.tryAcquire(count, 30, TimeUnit.SECONDS), "a run does not come");
    }

    /// Rests as it is told, in turn, and then for good.
    private void start(Duration least, Duration most, Duration... pauses) {
        Deque<Duration> left = new ArrayDeque<>(List.of(pauses));
        loop = new Loop("test", least, most, () -> {
            runs.release();
            return left.isEmpty() ? NEVER : left.remove();
        });
        loop.start(Thread.ofVirtual().factory());
    }

    @Test
    void it_rests_as_long_as_its_task_says_and_a_wake_cuts_the_rest_short() throws InterruptedException {
        start(SOON, NEVER, SOON, SOON);
        loop.wake();
        assertRuns(3);
        loop.wake();
        assertRuns(1);
    }

    @Test
    void a_wake_does_not_end_the_shortest_rest() throws InterruptedException {
        start(NEVER, NEVER);
        loop.wake();
        assertFalse(runs.tryAcquire(50, TimeUnit.MILLISECONDS), "it runs");
    }

    @Test
    void no_rest_is_longer_than_the_longest_also_when_it_is_to_last_for_centuries() throws InterruptedException {
        start(Duration.ZERO, SOON, Duration.ofDays(300_000), Duration.ofDays(3_000_000));
        assertRuns(3);
    }

    @Test
    void a_task_that_throws_is_run_again() throws InterruptedException {
        loop = new Loop("test", SOON, SOON, () -> {
            runs.release();
            throw new IllegalStateException("broken");
        });
        loop.start(Thread.ofVirtual().factory());
        assertRuns(3);
    }

    @Test
    void a_wake_that_comes_while_the_task_runs_is_kept() throws InterruptedException {
        loop = new Loop("test", Duration.ZERO, NEVER, () -> {
            if (runs.availablePermits() == 0) {
                loop.wake();
            }
            runs.release();
            return NEVER;
        });
        loop.start(Thread.ofVirtual().factory());
        loop.wake();
        assertRuns(2);
    }
}
