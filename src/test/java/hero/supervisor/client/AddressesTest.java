package hero.supervisor.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class AddressesTest {
    private static final URI A = URI.create("ws://a/rpc");
    private static final URI B = URI.create("ws://b/rpc");

    private final Addresses addresses = new Addresses(List.of(A, B), new SplittableRandom(1));

    @Test
    void every_url_has_its_turn() {
        assertEquals(A, addresses.current());
        addresses.failed();
        assertEquals(B, addresses.current());
        addresses.failed();
        assertEquals(A, addresses.current());
    }

    @Test
    void pauses_grow_by_round_within_a_jittered_window_and_start_small_again() {
        for (int i = 0; i < 40; i++) {
            long most = Math.min(15_000, 200L << Math.min(i / 2, 10));
            long ms = addresses.failed().toMillis();
            assertTrue(ms >= most / 2 && ms <= most, i + ": " + ms);
        }
        addresses.reached();
        assertTrue(addresses.failed().toMillis() <= 200);
    }

    @Test
    void the_servers_hint_counts() {
        Duration pause = addresses.lost(new RpcClient.Closed(1012, "restarting, retry_after_ms=3000"));
        assertTrue(pause.toMillis() >= 3000 && pause.toMillis() <= 6000, pause.toString());
    }

    @Test
    void no_url_is_refused() {
        assertThrows(IllegalArgumentException.class, () -> new Addresses(List.of(), new SplittableRandom(1)));
    }
}
