package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class EpochsTest {
    private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");

    private final Epochs epochs = new Epochs();

    @Test
    void the_latest_time_at_which_a_number_was_still_to_come_is_told() {
        assertNull(epochs.before(1));
        epochs.seen(100, NOON);
        epochs.seen(150, NOON.plusSeconds(59));
        epochs.seen(200, NOON.plusSeconds(60));
        assertNull(epochs.before(99), "it may have run already");
        assertEquals(NOON, epochs.before(100));
        assertEquals(NOON, epochs.before(199), "one a minute is kept");
        assertEquals(NOON.plusSeconds(60), epochs.before(200));
    }

    /// After a crash numbers are given out a second time; after a fail-over the clock may be another.
    @Test
    void numbers_and_clocks_may_go_back() {
        epochs.seen(100, NOON);
        epochs.seen(90, NOON.plusSeconds(100));
        assertEquals(NOON.plusSeconds(100), epochs.before(95));
        epochs.seen(110, NOON.minusSeconds(7200));
        assertEquals(NOON.minusSeconds(7200), epochs.before(120));
    }

    @Test
    void what_is_kept_is_bounded() {
        for (int minute = 0; minute < 5000; minute++) {
            epochs.seen(minute, NOON.plusSeconds(60L * minute));
        }
        assertNull(epochs.before(2999));
        assertEquals(NOON.plusSeconds(60L * 3000), epochs.before(3000));
    }
}
