package hero.supervisor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Every text that people write here; what is generated (`store/schema`) or was written by others (`spec`) is not.
final class Texts {
    private static final Pattern ENDING =
            Pattern.compile(".*\\.(java|md|sql|json|xml|yml|yaml|properties|js|mjs|html|css|py|rpc|sh)");

    private Texts() {}

    static List<JavaText> java() {
        Map<String, String> texts = new LinkedHashMap<>();
        for (Path file : all()) {
            String path = file.toString().replace('\\', '/');
            if (path.endsWith(".java")) {
                texts.put(path, read(file));
            }
        }
        return JavaText.parse(texts);
    }

    static List<Path> all() {
        List<Path> found = new ArrayList<>();
        for (Path root : List.of(Path.of("src"), Path.of("docs"), Path.of("db"))) {
            try (Stream<Path> walk = Files.walk(root)) {
                walk.filter(Texts::isOurs).forEach(found::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        for (String file : List.of("pom.xml", "openrpc.json", "README.md", "supervisor", ".ci/run")) {
            if (Files.isRegularFile(Path.of(file))) {
                found.add(Path.of(file));
            }
        }
        found.sort(null);
        return found;
    }

    private static boolean isOurs(Path file) {
        String path = file.toString().replace('\\', '/');
        return ENDING.matcher(path).matches()
                && !path.contains("/store/schema/")
                && !path.startsWith("src/test/resources/spec/");
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
