package hero.supervisor.bench;

import hero.supervisor.client.Tree;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What was measured, with every round: a table for people, JSON for programs.
public final class Report {
    private final Map<String, Object> machine;
    private final Map<String, Object> settings;
    private final Map<String, List<Reading>> rounds = new LinkedHashMap<>();

    public Report(Map<String, Object> machine, Map<String, Object> settings) {
        this.machine = new LinkedHashMap<>(machine);
        this.settings = Map.copyOf(settings);
    }

    void add(List<Reading> readings) {
        readings.forEach(reading ->
                rounds.computeIfAbsent(reading.name(), _ -> new ArrayList<>()).add(reading));
    }

    void note(String name, Object value) {
        machine.put(name, value);
    }

    /// One JSON object: `machine`, `settings`, and `scenarios` with medians, ratios and all rounds.
    public String json() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("machine", machine);
        tree.put("settings", settings);
        tree.put("scenarios", rounds.values().stream().map(Report::scenario).toList());
        return Tree.json(tree);
    }

    private static Map<String, Object> scenario(List<Reading> readings) {
        Reading first = readings.getFirst();
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("name", first.name());
        tree.put("unit", first.unit());
        tree.put("ours", rounded(median(readings.stream().map(Reading::ours).toList())));
        Reading.Against against = first.against();
        if (against != null) {
            tree.put("against", against.name());
            tree.put("against_value", rounded(against(readings)));
            tree.put("ratio", rounded(judged(readings)));
        }
        Reading.Goal goal = first.goal();
        if (goal != null) {
            tree.put("goal", goal.toString());
            tree.put("reached", goal.reachedBy(judged(readings)));
        }
        tree.put("rounds", readings.stream().map(Report::round).toList());
        return tree;
    }

    private static Map<String, Object> round(Reading reading) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("ours", rounded(reading.ours()));
        Reading.Against against = reading.against();
        if (against != null) {
            tree.put("against", rounded(against.value()));
            tree.put("ratio", rounded(reading.judged()));
        }
        tree.putAll(reading.details());
        return tree;
    }

    /// A line per figure, then a line about the machine.
    public List<String> table() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("scenario", "ours", "unit", "against", "", "ratio", "goal", "reached", "p50 ms", "p99 ms"));
        rounds.values().forEach(readings -> rows.add(row(readings)));
        List<String> lines = new ArrayList<>(aligned(rows));
        lines.add("");
        machine.forEach((name, value) -> lines.add(name.replace('_', ' ') + ": " + value));
        return lines;
    }

    private static List<String> row(List<Reading> readings) {
        Reading first = readings.getFirst();
        Reading.Against against = first.against();
        Reading.Goal goal = first.goal();
        return List.of(
                first.name(),
                number(median(readings.stream().map(Reading::ours).toList())),
                first.unit(),
                against == null ? "" : number(against(readings)),
                against == null ? "" : against.name(),
                against == null ? "" : number(judged(readings)),
                goal == null ? "" : goal.toString(),
                goal == null ? "" : goal.reachedBy(judged(readings)) ? "yes" : "no",
                detail(readings, "p50_ms"),
                detail(readings, "p99_ms"));
    }

    private static String detail(List<Reading> readings, String name) {
        List<Double> values = new ArrayList<>();
        readings.forEach(reading -> {
            if (reading.details().get(name) instanceof Double value) {
                values.add(value);
            }
        });
        return values.isEmpty() ? "" : number(median(values));
    }

    private static List<String> aligned(List<List<String>> rows) {
        int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(row.get(i)).repeat(" ", widths[i] - row.get(i).length() + 2);
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }

    private static double against(List<Reading> readings) {
        List<Double> values = new ArrayList<>();
        readings.forEach(reading -> {
            Reading.@Nullable Against against = reading.against();
            if (against != null) {
                values.add(against.value());
            }
        });
        return median(values);
    }

    /// The median of the rounds' ratios: each round compares what was measured side by side.
    private static double judged(List<Reading> readings) {
        return median(readings.stream().map(Reading::judged).toList());
    }

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /// Three digits that count, more when they stand before the point.
    static String number(double value) {
        if (value == Math.rint(value) || Math.abs(value) >= 100) {
            return String.format(Locale.ROOT, "%.0f", value);
        }
        return String.format(
                Locale.ROOT, Math.abs(value) >= 10 ? "%.1f" : Math.abs(value) >= 1 ? "%.2f" : "%.3f", value);
    }

    static double rounded(double value) {
        return Double.isFinite(value) ? Math.round(value * 1000) / 1000.0 : 0;
    }
}
