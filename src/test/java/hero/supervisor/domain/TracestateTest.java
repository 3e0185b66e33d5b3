package hero.supervisor.domain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TracestateTest {
    private static final String PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "congo=t61rcWkgMzE",
                "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
                "fw529a3039@dt=FfIgBgAAA,0_-*/=1",
                "a= inner blanks and !\"#$%&'()*+-./:;<>?@[]^_`{|}~"
            })
    void what_is_right_stays(String text) {
        assertEquals(text, Tracestate.read(text));
    }

    @Test
    void blanks_and_empty_members_between_others_go() {
        assertEquals("a=1,b=2", Tracestate.read(" a=1\t,, \t ,b=2 ,"));
    }

    @Test
    void keys_values_and_members_have_their_largest_size() {
        String key = "k".repeat(256);
        String value = "v".repeat(255);
        assertEquals(key + "=" + value, Tracestate.read(key + "=" + value));
        assertEquals("", Tracestate.read(key + "k=v"));
        assertEquals("", Tracestate.read("k=" + "v".repeat(257)));
        assertEquals(members(32), Tracestate.read(members(32)));
        assertEquals("", Tracestate.read(members(33)));
        assertEquals("", Tracestate.read("a=1" + ",".repeat(8190)));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                " , ",
                "a",
                "=1",
                "a=",
                "A=1",
                "a=1=2",
                "a b=1",
                "a=1\u0000",
                "a=é",
                "a=1,a=2",
                "a=1;b=2,b",
                "_a=1"
            })
    void what_is_none_is_dropped_whole(String text) {
        assertEquals("", Tracestate.read(text));
    }

    @Test
    void what_is_too_long_loses_long_members_first_and_then_the_earliest() {
        String longer = "long=" + "x".repeat(130);
        String members = IntStream.range(0, 5)
                .mapToObj(i -> "m" + i + "=" + "y".repeat(96))
                .collect(Collectors.joining(","));
        assertEquals(499, members.length());
        assertEquals(members, Tracestate.read(longer + "," + members));
        assertEquals(members, Tracestate.read(members + "," + longer));
        assertEquals(members, Tracestate.read(members + ",last=" + "z".repeat(90)));
        assertEquals(512, Tracestate.read(members + ",n=1234567890").length());
        assertEquals(members, Tracestate.read(members + ",n=12345678901"));
    }

    @Test
    void without_a_traceparent_it_means_nothing() {
        assertEquals(new Trace(PARENT, "a=1"), Trace.read(PARENT, "a=1"));
        assertEquals(new Trace(PARENT, ""), Trace.read(PARENT, "a"));
        assertEquals(new Trace(PARENT, ""), Trace.read(PARENT, null));
        assertNull(Trace.read(null, "a=1"));
        assertNull(Trace.read("00-1", "a=1"));
    }

    private static String members(int count) {
        return IntStream.range(0, count).mapToObj(i -> "k" + i + "=v").collect(Collectors.joining(","));
    }
}
