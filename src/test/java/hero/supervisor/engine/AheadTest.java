package hero.supervisor.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.Test;

/// Jobs are written for a pull that is about to come.
final class AheadTest extends DirectFixture {
    /// The session asks, gets one job of four, and asks again after so many milliseconds.
    private Pull askedAgainAfter(Session session, long ms) {
        parked(session, 4);
        Direct direct = dispatch.direct("r1");
        direct.settle(handed("first", direct.place(new Object())), null);
        nowNanos += ms * 1_000_000;
        return parked(session, 4);
    }

    private Direct written(String id) {
        Direct direct = dispatch.direct("r1");
        direct.settle(handed(id, direct.place(new Object())), null);
        return direct;
    }

    @Test
    void who_has_asked_again_at_once_finds_the_jobs_that_were_written_meanwhile() {
        Session session = session("s", 5);
        Pull pull = askedAgainAfter(session, 1);
        written("a");
        assertEquals(List.of("a"), ids(pull));
        written("b");
        written("c");
        assertEquals(4, session.held.size());
        assertEquals(List.of("b", "c"), ids(dispatch.pull(session, 3, true)));
        // Of three it has got two: one more may be written ahead of its next pull, and no further one.
        written("d");
        assertNull(dispatch.direct("r1").place(new Object()));
        assertEquals(List.of("d"), ids(dispatch.pull(session, 1, true)));
        assertEquals(List.of(), released);
        nothingIsReserved(session);
    }

    @Test
    void jobs_that_are_not_fetched_go_back_and_nothing_is_written_ahead_any_more() {
        Session session = session("s", 5);
        askedAgainAfter(session, 1);
        written("a");
        written("b");
        dispatch.watch();
        assertEquals(List.of(), released);
        nowNanos += 300_000_000;
        dispatch.watch();
        assertEquals(List.of("b"), released);
        assertEquals(2, session.held.size());
        Pull pull = parked(session, 4);
        written("c");
        assertEquals(List.of("c"), ids(pull));
        assertNull(dispatch.direct("r1").place(new Object()));
        nothingIsReserved(session);
    }

    @Test
    void nothing_is_written_ahead_for_who_takes_his_time() {
        Session session = session("s", 5);
        Pull pull = askedAgainAfter(session, 200);
        written("a");
        assertEquals(List.of("a"), ids(pull));
        assertNull(dispatch.direct("r1").place(new Object()));
    }

    @Test
    void who_does_not_ask_again_for_a_while_is_not_relied_upon() {
        Session session = session("s", 5);
        askedAgainAfter(session, 1);
        written("a");
        nowNanos += 150_000_000;
        assertNull(dispatch.direct("r1").place(new Object()));
    }

    @Test
    void nothing_is_written_ahead_for_a_session_that_has_ended() {
        Session session = session("s", 5);
        askedAgainAfter(session, 1);
        written("a");
        session.ended = true;
        assertNull(dispatch.direct("r1").place(new Object()));
    }

    @Test
    void a_job_that_a_session_lost_while_it_waited_for_its_pull_is_not_handed_out() {
        Session session = session("s", 5);
        askedAgainAfter(session, 1);
        written("a");
        written("b");
        written("c");
        session.held.remove("b");
        assertEquals(List.of("c"), ids(dispatch.pull(session, 4, true)));
    }
}
