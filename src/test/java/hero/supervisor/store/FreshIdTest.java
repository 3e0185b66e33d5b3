package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Time;
import hero.supervisor.engine.Ids;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FreshIdTest {
    /// The example of RFC 9562, A.6: of 2022-02-22 19:22:22 UTC.
    private static final long MADE = 0x017F22E279B0L;

    @ParameterizedTest
    @CsvSource({
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f, 0, true",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F, 1000, true",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f, -1000, true",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f, 1001, false",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f, -1001, false",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f, 0, false",
        "017f22g2-79b0-7cc3-98c4-dc0c0c07398f, 0, false",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398, 0, false",
        "order 17, 0, false",
    })
    void an_id_is_fresh_when_it_says_that_it_was_made_within_a_second(String id, long later, boolean fresh) {
        assertEquals(fresh, FreshId.is(id, MADE + later));
    }

    @Test
    void the_ids_that_we_make_are_fresh() {
        Time time = Time.system();

        assertTrue(FreshId.is(new Ids(RandomGenerator.getDefault(), time).next(), time.millis()));
    }
}
