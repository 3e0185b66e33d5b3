package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import hero.supervisor.domain.Assignment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// How long new jobs go on waiting for a runner that has slots and does not ask.
class HopeTest extends DirectFixture {
    @Test
    void ever_fewer_batches_wait_for_a_runner_that_leaves_slots_unused_until_it_asks() {
        Session session = session("s", 4);
        parked(session, 1).jobs.complete(List.of());
        List<Integer> waited = new ArrayList<>();
        for (int batch = 1; batch <= 200; batch++) {
            Direct direct = direct(job("j" + batch));
            if (direct.room() == 0) {
                waited.add(batch);
            }
            assertNull(direct.place(new Object()));
            direct.created(null, new IllegalStateException());
        }
        assertEquals(List.of(1, 2, 4, 8, 16, 32, 64, 128, 192), waited);
        parked(session, 1);
        assertNotNull(direct(job("found")).place(new Object()));
        assertEquals(0, direct(job("next")).room(), "it has asked: the next ones wait for it again");
    }

    @Test
    void who_has_no_slot_left_disappoints_nobody() {
        Session session = session("s", 1);
        parked(session, 1).jobs.complete(List.of());
        session.held.put("other", new Session.Held(new Assignment.Key("other", 1, 1), 60, false, 0));
        for (int batch = 1; batch <= 9; batch++) {
            Direct direct = direct(job("j" + batch));
            assertNull(direct.place(new Object()));
            direct.created(null, new IllegalStateException());
        }
        session.held.clear();
        assertEquals(0, direct(job("next")).room());
    }
}
