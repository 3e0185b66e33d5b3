package hero.supervisor.runner;

import hero.supervisor.client.Tree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The file into which a job may write how far it is, again and again: `40`, `40 half of the tiles`, or an object
/// with `percent`, `note` and `checkpoint`. What cannot be read is passed over: it may be half written. Safe for
/// any thread. Source: `openrpc.json runner.progress`.
final class ProgressFile {
    /// The variable that tells a job its path.
    static final String VARIABLE = "SUPERVISOR_PROGRESS_FILE";

    private static final String NAME = ".supervisor-progress";
    private static final int BYTES_MAX = 256 << 10;
    private static final int NOTE_CHARS_MAX = 1000;
    private static final int CHECKPOINT_CHARS_MAX = 65_536;

    private final Path path;
    private String last = "";

    ProgressFile(Path folder) {
        this.path = path(folder);
    }

    static Path path(Path folder) {
        return folder.resolve(NAME);
    }

    /// What has been written since the last call, as `runner.progress` takes it; empty when nothing has.
    synchronized Optional<Map<String, Object>> news() {
        String text = read();
        if (text.isEmpty() || text.equals(last)) {
            return Optional.empty();
        }
        Map<String, Object> said = said(text);
        if (!said.isEmpty()) {
            last = text;
        }
        return said.isEmpty() ? Optional.empty() : Optional.of(said);
    }

    private String read() {
        // A job must not lead its runner to another file, nor make it wait at a pipe.
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            return "";
        }
        try (InputStream in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
            return new String(in.readNBytes(BYTES_MAX), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "";
        }
    }

    static Map<String, Object> said(String text) {
        Map<String, Object> said = new LinkedHashMap<>();
        if (text.startsWith("{")) {
            try {
                Map<String, Object> object = Tree.object(Tree.parse(text));
                percent(said, object.get("percent"));
                cut(said, "note", object.get("note"), NOTE_CHARS_MAX);
                if (object.get("checkpoint") instanceof String checkpoint
                        && checkpoint.length() <= CHECKPOINT_CHARS_MAX) {
                    cut(said, "checkpoint", checkpoint, CHECKPOINT_CHARS_MAX);
                }
            } catch (IllegalArgumentException e) {
                return Map.of();
            }
            return said;
        }
        String[] words = text.split("\\s+", 2);
        try {
            percent(said, Double.valueOf(words[0].endsWith("%") ? words[0].replace("%", "") : words[0]));
            cut(said, "note", words.length > 1 ? words[1] : null, NOTE_CHARS_MAX);
        } catch (NumberFormatException e) {
            cut(said, "note", text, NOTE_CHARS_MAX);
        }
        return said;
    }

    private static void percent(Map<String, Object> said, @Nullable Object value) {
        if (value instanceof Number number && !Double.isNaN(number.doubleValue())) {
            said.put("percent", Math.clamp(number.doubleValue(), 0, 100));
        }
    }

    /// Without NUL, which no database keeps.
    private static void cut(Map<String, Object> said, String name, @Nullable Object value, int charsMax) {
        if (value instanceof String text && !text.isEmpty()) {
            String clean = text.replace('\0', '\uFFFD');
            int end = Math.min(charsMax, clean.length());
            boolean splits = end < clean.length() && Character.isHighSurrogate(clean.charAt(end - 1));
            said.put(name, clean.substring(0, splits ? end - 1 : end));
        }
    }
}
