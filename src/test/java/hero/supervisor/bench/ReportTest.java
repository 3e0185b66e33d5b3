package hero.supervisor.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.bench.Reading.Against;
import hero.supervisor.bench.Reading.Goal;
import hero.supervisor.client.Tree;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ReportTest {
    private static Reading round(double ours, double naive) {
        return new Reading(
                "run-64", "jobs/s", ours, new Against("naive", naive), Goal.atLeast(5), Map.of("p50_ms", 2.5));
    }

    @Test
    void ratios_are_taken_within_a_round_and_the_median_counts() {
        Report report = new Report(Map.of("cores", 2), Map.of());
        report.add(List.of(round(1000, 100)));
        report.add(List.of(round(100, 50)));
        report.add(List.of(round(600, 100)));

        Map<String, Object> tree = Tree.object(Tree.parse(report.json()));
        Map<String, Object> figure =
                Tree.object(Tree.array(tree.get("scenarios")).getFirst());
        assertEquals(600.0, figure.get("ours"));
        assertEquals(100.0, figure.get("against_value"));
        assertEquals(6.0, figure.get("ratio"));
        assertEquals(true, figure.get("reached"));
        assertEquals(3, Tree.array(figure.get("rounds")).size());
    }

    @Test
    void the_table_lines_up_and_tells_what_was_not_reached() {
        Report report = new Report(Map.of("cores", 2), Map.of());
        report.add(List.of(round(400, 100)));
        assertEquals(
                List.of(
                        "scenario  ours  unit    against         ratio  goal  reached  p50 ms  p99 ms",
                        "run-64    400   jobs/s  100      naive  4      >= 5  no       2.50"),
                report.table().subList(0, 2));
    }
}
