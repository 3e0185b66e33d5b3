package hero.supervisor.bench;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One figure of one round.
///
/// @param name of the scenario, with a suffix where it gives several figures
/// @param against what it is compared to, in the same unit and measured just before; null when it stands alone
/// @param goal for the ratio of the two, or for the figure that stands alone; null when there is none
/// @param details further figures: latencies, processor time, bytes
record Reading(
        String name,
        String unit,
        double ours,
        @Nullable Against against,
        @Nullable Goal goal,
        Map<String, Object> details) {

    /// @param name such as `naive life cycles`
    record Against(String name, double value) {}

    /// @param atLeast false when less is better
    record Goal(boolean atLeast, double bound) {
        static Goal atLeast(double bound) {
            return new Goal(true, bound);
        }

        static Goal atMost(double bound) {
            return new Goal(false, bound);
        }

        boolean reachedBy(double value) {
            return atLeast ? value >= bound : value <= bound;
        }

        @Override
        public String toString() {
            return (atLeast ? ">= " : "<= ") + Report.number(bound);
        }
    }

    /// What the goal is held against.
    double judged() {
        return against == null ? ours : ours / against.value();
    }
}
