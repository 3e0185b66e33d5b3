package hero.supervisor.app;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A strict reader of Prometheus text 0.0.4: each line must be a HELP, a TYPE or a sample of a family whose TYPE
/// was told before, no sample may come twice, histograms must be cumulative and end with `+Inf`.
///
/// @param types of the families, by name
/// @param samples by their whole left side, labels included
record PrometheusText(Map<String, String> types, Map<String, Double> samples) {
    private static final String NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
    private static final String LABEL = "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\\n]|\\\\[\\\\\"n])*\"";
    private static final Pattern HELP = Pattern.compile("# HELP (" + NAME + ") .*");
    private static final Pattern TYPE = Pattern.compile("# TYPE (" + NAME + ") (counter|gauge|histogram|summary)");
    private static final Pattern SAMPLE =
            Pattern.compile("(" + NAME + ")(\\{" + LABEL + "(?:," + LABEL + ")*})? (NaN|[+-]Inf|[-+0-9.eE]+)");
    private static final Pattern LE = Pattern.compile(",?le=\"[^\"]*\"");

    static PrometheusText parse(String text) {
        if (!text.endsWith("\n")) {
            throw new IllegalArgumentException("the last line has no end");
        }
        PrometheusText parsed = new PrometheusText(new TreeMap<>(), new LinkedHashMap<>());
        Set<String> helped = new LinkedHashSet<>();
        Map<String, Double> below = new TreeMap<>();
        for (String line : text.lines().toList()) {
            Matcher help = HELP.matcher(line);
            Matcher type = TYPE.matcher(line);
            if (help.matches()) {
                once(helped.add(help.group(1)), line);
            } else if (type.matches()) {
                once(parsed.types.put(type.group(1), type.group(2)) == null, line);
            } else {
                parsed.sample(line, below);
            }
        }
        return parsed;
    }

    private void sample(String line, Map<String, Double> below) {
        Matcher sample = SAMPLE.matcher(line);
        once(sample.matches(), line);
        String name = sample.group(1);
        String labels = sample.group(2) == null ? "" : sample.group(2);
        double value = number(sample.group(3));
        String type = types.get(name);
        if (type == null) {
            String family = name.replaceFirst("_(bucket|count|sum)$", "");
            once("histogram".equals(types.get(family)) || "summary".equals(types.get(family)), line);
        }
        once(samples.put(name + labels, value) == null, line);
        if (name.endsWith("_bucket") && type == null) {
            String series = name + LE.matcher(labels).replaceFirst("");
            once(value >= below.getOrDefault(series, 0.0), line);
            below.put(series, value);
        } else if (name.endsWith("_count") && type == null && isHistogram(name)) {
            String series = name.replaceFirst("_count$", "_bucket") + (labels.isEmpty() ? "{}" : labels);
            once(below.getOrDefault(series, -1.0) == value, line);
        } else if (type != null && type.equals("counter")) {
            once(name.endsWith("_total") && value >= 0, line);
        }
    }

    private boolean isHistogram(String count) {
        return "histogram".equals(types.get(count.replaceFirst("_count$", "")));
    }

    private static double number(String text) {
        return switch (text) {
            case "+Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }

    private static void once(boolean fine, String line) {
        if (!fine) {
            throw new IllegalArgumentException("not allowed here: " + line);
        }
    }

    /// The value of one sample; 0 when there is none.
    double value(String sample) {
        return samples.getOrDefault(sample, 0.0);
    }
}
