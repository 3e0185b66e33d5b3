package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.ManualTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RarelyTest {
    private final ManualTime time = new ManualTime();
    private final Rarely rarely = new Rarely(time, 20);

    private boolean takes(long millis) {
        return rarely.run(() -> {
            time.advance(Duration.ofMillis(millis));
            return true;
        });
    }

    @Test
    void what_is_cheap_is_always_due() {
        assertTrue(rarely.isDue());
        assertTrue(takes(50));
        assertTrue(rarely.isDue());
    }

    @Test
    void what_took_long_is_due_after_a_pause_of_twenty_times() {
        takes(1000);
        assertEquals(Duration.ofSeconds(20), rarely.left());
        time.advance(Duration.ofNanos(20_000_000_000L - 1));
        assertFalse(rarely.isDue());
        time.advance(Duration.ofNanos(1));
        assertTrue(rarely.isDue());
    }

    @Test
    void what_fails_counts_too() {
        IllegalStateException failure = assertThrows(
                IllegalStateException.class,
                () -> rarely.run(() -> {
                    time.advance(Duration.ofMillis(100));
                    throw new IllegalStateException("broken");
                }));
        assertEquals("broken", failure.getMessage());
        assertFalse(rarely.isDue());
    }

    @Test
    void no_pause_is_longer_than_the_longest() {
        Rarely bounded = new Rarely(time, 20, Duration.ofSeconds(5));
        bounded.run(() -> {
            time.advance(Duration.ofSeconds(1));
            return true;
        });
        assertEquals(Duration.ofSeconds(5), bounded.left());
    }
}
