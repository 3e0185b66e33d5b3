package hero.supervisor.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.Lending.Filled;
import hero.supervisor.store.Lending.Recalled;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LendingTest {
    static Stream<Lending> words() {
        return Stream.of(
                new Lending.Lent("gateway 2", "1f", "ses_1", "a runner", "q/é"),
                new Lending.Pulled("b", "1f", 1, 512),
                new Lending.Widened("b", "1f", Long.MAX_VALUE, 77),
                new Lending.Withdrawn("b", "1f", 2),
                new Recalled("b", "ffffffffffffffff"),
                new Filled("b", "1f", 3, false, List.of()),
                new Filled(
                        "b",
                        "1f",
                        4,
                        true,
                        List.of(new Assignment.Key("j 1", 1, Long.MIN_VALUE), new Assignment.Key("😀", 7, -1))),
                new Lending.Doubted("b", "1f"),
                new Lending.Returned("b", "1f"));
    }

    @ParameterizedTest
    @MethodSource("words")
    void a_line_says_the_word(Lending word) {
        assertEquals(word, Lending.of(Objects.requireNonNull(word.line())));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\t",
                "q",
                "\tq\tx",
                "\te\tj1",
                "\t.\t17",
                "\tp\tb\t1\t1\tmany",
                "\tp\tb\t1\t1",
                "\tl\tb\t1\ts\tr",
                "\tr\tb",
                "\tr\tb\t1\t2",
                "\tx\tb\t1\tone",
                "\tg\tb\t1\t1",
                "\tg\tb\t1\t1\t0\tj1\t1",
                "\tg\tb\t1\t1\t0\tj1\t1\tx",
                "x\tr\tb\t1",
                "\tz\tb\t1"
            })
    void what_is_no_such_line_says_nothing(String line) {
        assertNull(Lending.of(line));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\tb", "a\nb", "a\u0000"})
    void a_name_that_would_not_stay_one_part_is_not_said(String name) {
        assertNull(new Recalled(name, "1").line());
        assertNull(new Filled("b", "1", 1, true, List.of(new Assignment.Key(name, 1, 1))).line());
    }

    @Test
    void many_jobs_are_said_in_parts_that_fit() {
        List<Assignment.Key> jobs = IntStream.range(0, 700)
                .mapToObj(i -> new Assignment.Key("中".repeat(i % 255 + 1) + i, i + 1, Long.MIN_VALUE + i))
                .toList();
        List<Filled> parts = Filled.of("b", "1", 9, jobs);
        assertTrue(parts.stream()
                .allMatch(part -> Objects.requireNonNull(part.line()).getBytes(UTF_8).length < 7000));
        assertEquals(jobs, parts.stream().flatMap(part -> part.jobs().stream()).toList());
        assertTrue(parts.subList(0, parts.size() - 1).stream().allMatch(Filled::more));
        assertFalse(parts.getLast().more());
    }
}
