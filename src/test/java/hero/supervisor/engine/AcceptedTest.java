package hero.supervisor.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

class AcceptedTest {
    private final Accepted accepted = new Accepted();

    @Test
    void a_job_is_known_until_it_is_started() {
        accepted.add("j", "r");
        assertEquals("r", accepted.take("j"));
        assertNull(accepted.take("j"));
    }

    @Test
    void the_latest_ones_are_kept() {
        for (int i = 0; i <= Accepted.MAX; i++) {
            accepted.add("j" + i, "r");
        }
        assertNull(accepted.take("j0"));
        assertEquals("r", accepted.take("j1"));
        assertEquals("r", accepted.take("j" + Accepted.MAX));
    }
}
