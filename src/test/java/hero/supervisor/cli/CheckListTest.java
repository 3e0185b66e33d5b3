package hero.supervisor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CheckListTest {
    @TempDir
    Path folder;

    private String printed(String... args) {
        StringWriter out = new StringWriter();
        PrintWriter writer = new PrintWriter(out);
        Shell shell = new Shell(
                writer,
                writer,
                InputStream.nullInputStream(),
                Map.of(),
                folder,
                false,
                Time.system(),
                new FakeFloors());
        assertEquals(Exit.OK, Main.run(args, shell));
        return out.toString();
    }

    @Test
    void the_cases_of_a_check_are_listed_as_text_and_as_json() {
        List<String> lines = printed("runner-check", "--list").lines().toList();
        Map<?, ?> list = Tree.object(Tree.parse(printed("runner-check", "--list", "--json")));

        List<?> cases = (List<?>) Objects.requireNonNull(list.get("cases"));
        assertEquals(lines.size(), cases.size());
        Map<?, ?> first = (Map<?, ?>) Objects.requireNonNull(cases.getFirst());
        assertEquals(lines.getFirst(), "%-14s  %s".formatted(first.get("id"), first.get("title")));
    }
}
