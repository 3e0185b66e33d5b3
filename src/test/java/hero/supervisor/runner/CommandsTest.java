package hero.supervisor.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class CommandsTest {
    @Test
    void a_definition_is_split_as_a_shell_splits_words() {
        assertEquals(
                Map.entry("x", List.of("a b", "c\"d", "e f", "$HOME", "")),
                Commands.parse("x=  'a b' \"c\\\"d\" e\\ f $HOME ''"));
        assertEquals(Map.entry("eq", List.of("a=b")), Commands.parse("eq=a=b"));
    }

    @Test
    void a_definition_that_is_none_is_refused_in_words() {
        for (String bad : List.of("ruby", "=ruby", "ruby=", "ruby=  ", "x='open")) {
            assertThrows(IllegalArgumentException.class, () -> Commands.parse(bad), bad);
        }
    }

    @Test
    void the_file_takes_the_place_of_the_braces_else_it_comes_last() {
        Path file = Path.of("/f");
        assertEquals(List.of("a", "x/f", "b"), Commands.words(List.of("a", "x{}", "b"), file));
        assertEquals(List.of("a", "b", "/f"), Commands.words(List.of("a", "b"), file));
    }

    @Test
    void suffixes_follow_the_name_or_the_program() {
        assertEquals("job.py", Commands.fileName("osis", List.of("/usr/bin/python3.12")));
        assertEquals("Main.java", Commands.fileName("java", List.of("/usr/bin/java")));
        assertEquals("job", Commands.fileName("mine", List.of("cat")));
    }

    @Test
    void only_what_is_on_the_path_is_detected() {
        assertEquals(List.of("java"), List.copyOf(Commands.detect("/nowhere").keySet()));
        assertTrue(Commands.detect("/usr/bin:/bin").containsKey("sh"));
    }
}
