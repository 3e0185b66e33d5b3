package hero.supervisor.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reports for a terminal: a chart, then a table that fits 110 characters; or as comma-separated values.
final class ReportText {
    private static final int BAR = 24;
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉█";
    private static final String HEIGHTS = "▁▂▃▄▅▆▇█";

    /// The columns that people see; `--json` and `--csv` give all.
    private static final Map<String, List<String>> COLUMNS = Map.of(
            "throughput",
                    List.of(
                            "at",
                            "accepted",
                            "completed",
                            "failed",
                            "timeout",
                            "wait_p50_s",
                            "wait_p99_s",
                            "run_p50_s",
                            "run_p99_s"),
            "failures", List.of("jobs", "error_head", "status", "queue", "last_at"),
            "runners", List.of("runner", "queue", "state", "slots", "running", "node", "seen_at"),
            "queues", List.of("queue", "depth", "delayed", "running", "oldest_wait_s", "sessions", "slots"),
            "slow", List.of("run_s", "wait_s", "job_id", "status", "runner", "executor", "started_at"));

    /// What the bar behind a row shows.
    private static final Map<String, String> BARS = Map.of(
            "throughput", "accepted", "failures", "jobs", "runners", "utilisation", "queues", "depth", "slow", "run_s");

    private ReportText() {}

    static List<String> people(String what, List<Map<String, @Nullable Object>> rows) {
        if (rows.isEmpty()) {
            return List.of(
                    what.equals("failures") || what.equals("slow")
                            ? "nothing to report of the jobs accepted in that time"
                            : "nothing to report in that time");
        }
        List<String> lines = new ArrayList<>();
        if (what.equals("throughput")) {
            lines.add("accepted   " + sparkline(rows, "accepted") + "  " + sum(rows, "accepted"));
            lines.add("completed  " + sparkline(rows, "completed") + "  " + sum(rows, "completed"));
            lines.add("");
        }
        List<String> columns = COLUMNS.getOrDefault(what, List.of());
        String bar = BARS.getOrDefault(what, "");
        // A share is measured against the whole, all else against the largest.
        double full = bar.equals("utilisation") ? 1 : largest(rows, bar);
        List<Map<String, @Nullable Object>> shown = new ArrayList<>();
        for (Map<String, @Nullable Object> row : rows) {
            Map<String, @Nullable Object> cells = new LinkedHashMap<>();
            columns.forEach(column -> cells.put(column, cell(column, row.get(column))));
            cells.put("", bar(number(row.get(bar)), full));
            shown.add(cells);
        }
        List<String> all = new ArrayList<>(columns);
        all.add("");
        lines.addAll(Plain.table(shown, all));
        return lines;
    }

    /// Source: RFC 4180, but with the line ending of the system's tools.
    static List<String> csv(List<Map<String, @Nullable Object>> rows) {
        List<String> lines = new ArrayList<>();
        for (Map<String, @Nullable Object> row : rows) {
            if (lines.isEmpty()) {
                lines.add(String.join(",", row.keySet()));
            }
            lines.add(String.join(
                    ",", row.values().stream().map(ReportText::quoted).toList()));
        }
        return lines;
    }

    private static String quoted(@Nullable Object value) {
        String text = value == null ? "" : value.toString();
        return text.matches("(?s).*[,\"\r\n].*") ? "\"" + text.replace("\"", "\"\"") + "\"" : text;
    }

    private static @Nullable Object cell(String column, @Nullable Object value) {
        if (column.endsWith("_s") && value instanceof Number seconds) {
            return length(seconds.doubleValue());
        }
        // 2026-01-02T03:04:05.678Z without what nobody reads in a table
        return column.endsWith("at") && value instanceof String time && time.length() > 16
                ? time.substring(0, 16).replace('T', ' ')
                : value;
    }

    /// Three digits that matter, with a unit that people know.
    private static String length(double seconds) {
        if (seconds < 1) {
            return String.format(Locale.ROOT, "%.3gms", seconds * 1000);
        } else if (seconds < 120) {
            return String.format(Locale.ROOT, "%.3gs", seconds);
        }
        return seconds < 7200
                ? String.format(Locale.ROOT, "%.1fm", seconds / 60)
                : String.format(Locale.ROOT, "%.1fh", seconds / 3600);
    }

    static String bar(double value, double full) {
        if (!(value > 0) || !(full > 0)) {
            return "";
        }
        int eighths = (int) Math.max(1, Math.round(Math.min(value / full, 1) * BAR * 8));
        String rest = eighths % 8 == 0 ? "" : EIGHTHS.substring(eighths % 8, eighths % 8 + 1);
        return "█".repeat(eighths / 8) + rest;
    }

    private static String sparkline(List<Map<String, @Nullable Object>> rows, String column) {
        double largest = largest(rows, column);
        StringBuilder line = new StringBuilder();
        // The newest, where a line of a terminal ends.
        for (Map<String, @Nullable Object> row : rows.subList(Math.max(0, rows.size() - 80), rows.size())) {
            double share = largest > 0 ? number(row.get(column)) / largest : 0;
            line.append(HEIGHTS.charAt((int) Math.round(share * (HEIGHTS.length() - 1))));
        }
        return line.toString();
    }

    private static long sum(List<Map<String, @Nullable Object>> rows, String column) {
        return Math.round(
                rows.stream().mapToDouble(row -> number(row.get(column))).sum());
    }

    private static double largest(List<Map<String, @Nullable Object>> rows, String column) {
        return rows.stream().mapToDouble(row -> number(row.get(column))).max().orElse(0);
    }

    private static double number(@Nullable Object value) {
        return value instanceof Number number ? number.doubleValue() : 0;
    }
}
