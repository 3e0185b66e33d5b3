package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class RoundsTest {
    private final List<List<String>> written = new ArrayList<>();
    private final Set<String> there = new HashSet<>();

    /// A key is a command's first letter.
    private static String key(String command) {
        return command.substring(0, 1);
    }

    private List<String> write(List<String> commands) {
        written.add(commands);
        return commands.stream()
                .map(command -> there.add(key(command)) ? "new" : "there")
                .toList();
    }

    @Test
    void the_second_of_a_key_is_written_after_the_first() throws SQLException {
        assertEquals(
                List.of("new", "there", "new", "there"),
                Rounds.of(List.of("a1", "a2", "b1", "a3"), RoundsTest::key, this::write));
        assertEquals(List.of(List.of("a1", "b1"), List.of("a2"), List.of("a3")), written);
    }

    @Test
    void what_would_be_answered_alike_shares_an_answer() throws SQLException {
        List<String> same = new ArrayList<>(Collections.nCopies(1000, "a"));
        same.add("a, but other");

        List<String> answers = Rounds.of(
                same,
                RoundsTest::key,
                this::write,
                (first, answer, other) -> answer.equals("there") && first.equals(other));

        assertEquals("new", answers.getFirst());
        assertEquals(Collections.nCopies(1000, "there"), answers.subList(1, 1001));
        assertEquals(List.of(List.of("a"), List.of("a"), List.of("a, but other")), written);
    }
}
