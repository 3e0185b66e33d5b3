package hero.supervisor.runner;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Executors as commands: which ones this machine has, and how a definition such as `ruby=ruby -W0 {}` is read.
/// Stateless; any thread.
public final class Commands {
    /// Where the payload's file goes; without it the file is the last word.
    static final String FILE = "{}";

    private static final String PATH_DEFAULT = "/usr/local/bin:/usr/bin:/bin";
    private static final int JAVA_MIN = 11; // single-file source launch, JEP 330
    private static final Pattern JAVA_VERSION = Pattern.compile("JAVA_VERSION=\"(?:1\\.)?(\\d+)");

    private Commands() {}

    /// The executors `sh`, `bash`, `python`, `node` and `java` (11 or newer), as far as the search path has them;
    /// `java` else of the JDK that runs this program.
    ///
    /// @param searchPath the value of `PATH`
    public static Map<String, List<String>> detect(String searchPath) {
        Map<String, List<String>> found = new LinkedHashMap<>();
        Map.of("sh", "sh", "bash", "bash", "python", "python3", "node", "node").entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(known -> find(known.getValue(), searchPath)
                        .ifPresent(path -> found.put(known.getKey(), List.of(path.toString()))));
        find("java", searchPath)
                .filter(Commands::runsSources)
                .or(() -> Optional.of(Path.of(System.getProperty("java.home"), "bin", "java"))
                        .filter(Files::isExecutable))
                .ifPresent(path -> found.put("java", List.of(path.toString())));
        return found;
    }

    /// Reads `NAME=COMMAND`. The command is split as a shell splits words; no shell runs it, nothing is expanded.
    /// `IllegalArgumentException` with a sentence for people.
    public static Map.Entry<String, List<String>> parse(String definition) {
        int at = definition.indexOf('=');
        String name = at < 0 ? "" : definition.substring(0, at).strip();
        List<String> words = at < 0 ? List.of() : Words.split(definition.substring(at + 1));
        if (name.isEmpty() || name.length() > 255 || words.isEmpty()) {
            throw new IllegalArgumentException("an executor is defined as NAME=COMMAND, such as 'ruby=ruby {}'"
                    + " ({} is the payload's file), and not as '" + definition + "'");
        }
        return Map.entry(name, words);
    }

    /// The program `name` on the search path, or itself when it is a path.
    static Optional<Path> find(String name, String searchPath) {
        if (name.contains("/")) {
            return Optional.of(Path.of(name)).filter(Commands::isProgram);
        }
        for (String folder : (searchPath.isBlank() ? PATH_DEFAULT : searchPath).split(":", -1)) {
            Path program = Path.of(folder.isEmpty() ? "." : folder, name).toAbsolutePath();
            if (isProgram(program)) {
                return Optional.of(program);
            }
        }
        return Optional.empty();
    }

    /// The words to start: `file` in place of `{}`, else as the last one.
    static List<String> words(List<String> command, Path file) {
        List<String> words = new ArrayList<>(command);
        if (command.stream().anyMatch(word -> word.contains(FILE))) {
            words.replaceAll(word -> word.replace(FILE, file.toString()));
        } else {
            words.add(file.toString());
        }
        return words;
    }

    /// A name for the payload's file that the program expects: some look at the suffix.
    static String fileName(String executor, List<String> command) {
        String program = Path.of(command.getFirst()).getFileName().toString();
        for (String word : List.of(executor, program)) {
            switch (word.replaceAll("[0-9.]+$", "")) {
                case "sh", "bash", "dash", "zsh" -> {
                    return "job.sh";
                }
                case "python", "pypy" -> {
                    return "job.py";
                }
                case "node" -> {
                    return "job.js";
                }
                case "java" -> {
                    return "Main.java";
                }
                case "ruby" -> {
                    return "job.rb";
                }
                default -> {}
            }
        }
        return "job";
    }

    private static boolean isProgram(Path path) {
        return Files.isRegularFile(path) && Files.isExecutable(path);
    }

    /// Looks at the JDK's `release` file: asking `java -version` would cost every start a JVM.
    private static boolean runsSources(Path java) {
        try {
            Path release = java.toRealPath().resolve("../../release").normalize();
            Matcher version = JAVA_VERSION.matcher(Files.readString(release));
            return version.find() && Integer.parseInt(version.group(1)) >= JAVA_MIN;
        } catch (IOException e) {
            return false;
        }
    }
}
