package hero.supervisor.domain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TraceparentTest {
    private static final String IDS = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

    @Test
    void what_is_right_stays_and_only_the_sampled_flag_is_kept() {
        assertEquals("00-" + IDS + "-01", Traceparent.read("00-" + IDS + "-01"));
        assertEquals("00-" + IDS + "-00", Traceparent.read("00-" + IDS + "-02"));
        assertEquals("00-" + IDS + "-01", Traceparent.read("00-" + IDS + "-ff"));
    }

    @Test
    void a_later_version_is_read_as_the_one_that_we_know() {
        assertEquals("00-" + IDS + "-01", Traceparent.read("cc-" + IDS + "-01-what-comes"));
        assertEquals("00-" + IDS + "-01", Traceparent.read("cc-" + IDS + "-01"));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "00-1",
                "ff-" + IDS + "-01",
                "00-" + IDS + "-01-more",
                "00-" + IDS + "-0",
                "cc-" + IDS + "-01more",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"
            })
    void what_is_none_is_no_trace(String text) {
        assertNull(Traceparent.read(text));
    }
}
