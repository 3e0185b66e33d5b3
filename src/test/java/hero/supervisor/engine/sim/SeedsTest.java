package hero.supervisor.engine.sim;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Runs the simulation under many seeds. `-Dseed=N` runs one again, `-Dseeds=N` as many as you like, `-Dfrom=N`
/// begins elsewhere.
class SeedsTest {

    @Test
    void whatever_goes_wrong_nothing_is_lost_and_nothing_is_recorded_twice() {
        long from = Long.getLong("seed", Long.getLong("from", 1));
        long count = Long.getLong("seed") != null ? 1 : Long.getLong("seeds", 300);
        List<String> failures = new ArrayList<>();
        Map<Fault, Integer> hits = new EnumMap<>(Fault.class);
        long steps = 0;
        for (long seed = from; seed < from + count; seed++) {
            World world = new World(seed);
            try {
                world.run();
            } catch (AssertionError e) {
                failures.add(e.getMessage());
                if (count == 1) {
                    throw e;
                }
            }
            steps += world.checker.steps();
            world.hits.forEach((fault, times) -> hits.merge(fault, times, Integer::sum));
        }
        System.out.println("seeds " + count + " from " + from + ", steps " + steps + ", failed " + failures.size()
                + ", faults " + hits);
        assertTrue(
                failures.isEmpty(),
                () -> failures.size() + " of " + count + " seeds failed, the first: "
                        + String.join("\n", failures.subList(0, Math.min(5, failures.size()))));
    }
}
