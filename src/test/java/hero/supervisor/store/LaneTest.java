package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import hero.supervisor.domain.Refusal;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class LaneTest {
    @Test
    void who_finds_no_turn_in_time_is_refused_and_the_lane_is_free_again_afterwards() throws Exception {
        Lane lane = new Lane(1, Duration.ofMillis(20));
        var entered = new CountDownLatch(1);
        var leave = new CountDownLatch(1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var first = CompletableFuture.supplyAsync(
                    () -> lane.through(() -> {
                        entered.countDown();
                        try {
                            leave.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                        return "first";
                    }),
                    threads);
            entered.await();

            Refusal refusal = assertThrows(Refusal.class, () -> lane.through(() -> "second"));
            leave.countDown();

            assertEquals(Refusal.Kind.BUSY, refusal.kind());
            assertEquals("first", first.get());
        }
        assertEquals("third", lane.through(() -> "third"));
    }

    @Test
    void a_call_that_fails_leaves_the_lane() {
        Lane lane = new Lane(1, Duration.ZERO);

        assertThrows(
                IllegalArgumentException.class,
                () -> lane.through(() -> {
                    throw new IllegalArgumentException("no");
                }));

        assertEquals("next", lane.through(() -> "next"));
    }
}
