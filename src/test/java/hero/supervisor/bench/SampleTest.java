package hero.supervisor.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.bench.Reading.Against;
import hero.supervisor.bench.Reading.Goal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SampleTest {
    private static final long MB = 1 << 20;

    private static List<Sample> samples(long... heapMb) {
        List<Sample> samples = new ArrayList<>();
        for (long heap : heapMb) {
            int number = samples.size() + 1;
            Map<String, Long> tables = Map.of("jobs", 2 * MB, "rest", MB, "job_events", 900L * number);
            samples.add(new Sample(number, new Memory(heap * MB, 0, 0, 0), 6, tables, 10, number));
        }
        return samples;
    }

    @Test
    void the_last_third_is_held_against_the_middle_one() {
        Reading flat = Sample.steady("soak-heap", "MB", samples(90, 10, 20, 99, 20, 22, 21, 1, 22), Sample::heapMb);
        assertEquals(21, flat.ours());
        assertEquals(new Against("middle third", 22), flat.against());

        Goal goal = Goal.atMost(1.1);
        assertEquals(goal, flat.goal());
        assertTrue(goal.reachedBy(flat.judged()));
        Reading growing = Sample.steady("soak-heap", "MB", samples(10, 20, 30), Sample::heapMb);
        assertEquals(1.5, growing.judged());
        assertFalse(goal.reachedBy(growing.judged()));
    }

    @Test
    void the_log_is_told_per_job_and_all_other_tables_together() {
        Sample last = samples(1, 1, 1).getLast();
        assertEquals(3, last.tablesMb());
        assertEquals(900, last.logBytesEach());
    }
}
