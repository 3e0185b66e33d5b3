package hero.supervisor.cli;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Plain trees for people: objects as `key: value` lines, lists of objects as tables.
final class Plain {
    private static final int CELL_CHARS_MAX = 60;

    private Plain() {}

    /// One object; nested ones are indented, texts of several lines stand below their key.
    static List<String> object(Map<?, ?> object) {
        List<String> lines = new ArrayList<>();
        object.forEach((key, value) -> entry(lines, String.valueOf(key), value));
        return lines;
    }

    private static void entry(List<String> lines, String key, @Nullable Object value) {
        List<String> below = below(value);
        if (below.isEmpty()) {
            lines.add(key + ": " + cell(value));
            return;
        }
        lines.add(key + ":");
        below.forEach(line -> lines.add("  " + line));
    }

    /// The lines that go below a key; none when the value fits beside it.
    private static List<String> below(@Nullable Object value) {
        if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            return object(map);
        }
        if (value instanceof List<?> list && list.stream().anyMatch(Map.class::isInstance)) {
            return table(list);
        }
        return value instanceof String text && text.contains("\n")
                ? text.lines().toList()
                : List.of();
    }

    /// A list of objects, a column per key in the order of appearance; nested values as they print.
    static List<String> table(List<?> rows) {
        Set<String> keys = new LinkedHashSet<>();
        for (Object row : rows) {
            if (row instanceof Map<?, ?> map) {
                map.keySet().forEach(key -> keys.add(String.valueOf(key)));
            }
        }
        return table(rows, List.copyOf(keys));
    }

    /// The same with these columns only.
    static List<String> table(List<?> rows, List<String> keys) {
        List<List<String>> cells = new ArrayList<>();
        cells.add(keys.stream().map(key -> key.toUpperCase(Locale.ROOT)).toList());
        for (Object row : rows) {
            Map<?, ?> map = row instanceof Map<?, ?> object ? object : Map.of();
            cells.add(keys.stream().map(key -> shortened(cell(map.get(key)))).toList());
        }
        int[] widths = new int[keys.size()];
        for (List<String> row : cells) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        return cells.stream().map(row -> padded(row, widths)).toList();
    }

    private static String padded(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
        }
        return line.toString().stripTrailing();
    }

    private static String cell(@Nullable Object value) {
        return switch (value) {
            case null -> "-";
            case Map<?, ?> map -> map.isEmpty() ? "-" : map.toString();
            case List<?> list ->
                list.isEmpty()
                        ? "-"
                        : String.join(", ", list.stream().map(Plain::cell).toList());
            default -> value.toString();
        };
    }

    private static String shortened(String text) {
        String line = text.replace('\n', ' ');
        return line.length() <= CELL_CHARS_MAX ? line : line.substring(0, CELL_CHARS_MAX - 1) + "…";
    }
}
