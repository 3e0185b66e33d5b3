package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// No statement joins two of its own parts with each other: a kept plan does not know their sizes and takes them
/// pair by pair (`docs/ARCHITECTURE.md`, Plans).
final class OwnPartsTest {
    private static final Path STORE = Path.of("src/main/java/hero/supervisor/store");
    private static final Pattern STATEMENT = Pattern.compile("\"\"\"(.*?)\"\"\"", Pattern.DOTALL);
    private static final Pattern PART = Pattern.compile("(\\w+) as (?:materialized )?\\(");
    private static final Pattern JOIN = Pattern.compile("\\bfrom (\\w+)(?: \\w+)?\\s+(?:left )?join (\\w+)");
    /// Of lost sessions 100 rows at most, of logs 128.
    private static final Set<String> SMALL = Set.of("dead", "locked");

    private static Stream<String> joined(String source) {
        return matches(STATEMENT, source).flatMap(block -> {
            String statement = block.group(1);
            Set<String> parts =
                    matches(PART, statement).map(part -> part.group(1)).collect(Collectors.toSet());
            return matches(JOIN, statement)
                    .filter(join -> parts.contains(join.group(1)) && parts.contains(join.group(2)))
                    .filter(join -> !SMALL.contains(join.group(2)))
                    .map(MatchResult::group);
        });
    }

    private static Stream<MatchResult> matches(Pattern pattern, String text) {
        return pattern.matcher(text).results();
    }

    @Test
    void no_statement_joins_two_of_its_own_parts() throws IOException {
        try (Stream<Path> files = Files.list(STORE)) {
            List<String> found = files.filter(file -> file.toString().endsWith(".java"))
                    .flatMap(file -> {
                        try {
                            return joined(Files.readString(file)).map(join -> file.getFileName() + ": " + join);
                        } catch (IOException e) {
                            throw new IllegalStateException(e);
                        }
                    })
                    .toList();

            assertEquals(List.of(), found);
        }
    }

    @Test
    void such_a_join_is_found() {
        String statement = "\"\"\"\nwith a as (\n  select 1 as n),\nb as materialized (\n  select n from a)\n"
                + "select * from a x\n  left join b y on y.n = x.n\n\"\"\"";

        assertEquals(List.of("from a x\n  left join b"), joined(statement).toList());
    }
}
