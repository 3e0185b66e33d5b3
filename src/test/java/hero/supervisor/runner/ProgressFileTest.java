package hero.supervisor.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProgressFileTest {
    @TempDir
    Path folder;

    private Optional<Map<String, Object>> news(ProgressFile file, String text) throws IOException {
        Files.writeString(ProgressFile.path(folder), text);
        return file.news();
    }

    @Test
    void a_number_a_number_with_words_words_and_an_object_are_understood() {
        assertEquals(Map.of("percent", 40.0), ProgressFile.said("40"));
        assertEquals(Map.of("percent", 12.5, "note", "a b"), ProgressFile.said("12.5% a b"));
        assertEquals(Map.of("note", "warming up"), ProgressFile.said("warming up"));
        assertEquals(
                Map.of("percent", 100.0, "note", "n", "checkpoint", "c"),
                ProgressFile.said("{\"percent\":250,\"note\":\"n\",\"checkpoint\":\"c\",\"else\":1}"));
    }

    @Test
    void what_is_half_written_or_nonsense_is_passed_over() {
        assertEquals(Map.of(), ProgressFile.said("{\"percent\":4"));
        assertEquals(Map.of(), ProgressFile.said("{\"percent\":\"4\"}"));
        assertEquals(Map.of("note", "\uFFFD"), ProgressFile.said("\0"));
        assertEquals(Map.of("note", "n".repeat(1000)), ProgressFile.said("n".repeat(1001)));
        assertEquals(Map.of(), ProgressFile.said("{\"checkpoint\":\"" + "c".repeat(65_537) + "\"}"));
    }

    @Test
    void each_writing_is_news_once() throws IOException {
        ProgressFile file = new ProgressFile(folder);
        assertTrue(file.news().isEmpty());
        assertEquals(Optional.of(Map.of("percent", 1.0)), news(file, "1"));
        assertTrue(news(file, "1\n").isEmpty());
        assertEquals(Optional.of(Map.of("percent", 2.0)), news(file, "2"));
        assertTrue(news(file, "").isEmpty());
    }

    @Test
    void a_link_to_another_file_is_not_followed() throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "50");
        Files.createSymbolicLink(ProgressFile.path(folder), secret);
        assertTrue(new ProgressFile(folder).news().isEmpty());
    }
}
