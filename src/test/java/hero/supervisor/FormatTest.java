package hero.supervisor;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import com.palantir.javaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Every source file is formatted as palantir-java-format does it. A test and no plugin, because Maven may run on
/// an older JDK than the sources need. To rewrite them: `mvn test -Dtest=FormatTest
/// -Dtest.args=-Dformat.write=true`.
class FormatTest {

    @Test
    void every_source_file_is_formatted() throws IOException {
        Formatter formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
        List<Path> differing = new ArrayList<>();
        try (var files = Files.walk(Path.of("src"))) {
            files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.toString().contains("schema"))
                    .forEach(file -> check(formatter, file, differing));
        }
        assertTrue(differing.isEmpty(), () -> "not formatted (see FormatTest for the command): " + differing);
    }

    private static void check(Formatter formatter, Path file, List<Path> differing) {
        try {
            String source = Files.readString(file);
            // The formatter breaks a longer line of a Markdown comment without beginning the rest with slashes.
            source.lines()
                    .filter(line -> line.strip().startsWith("///") && line.length() > 115)
                    .forEach(line -> {
                        throw new IllegalStateException(file + ": comment longer than 115 characters: " + line);
                    });
            String formatted = formatter.formatSource(RemoveUnusedImports.removeUnusedImports(source));
            if (!formatted.equals(source)) {
                if (Boolean.getBoolean("format.write")) {
                    Files.writeString(file, formatted);
                } else {
                    differing.add(file);
                }
            }
        } catch (FormatterException e) {
            throw new IllegalStateException(file + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
