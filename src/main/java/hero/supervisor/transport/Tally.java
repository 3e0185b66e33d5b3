package hero.supervisor.transport;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/// Counts by a label whose values are known from the start; whatever else comes counts as `other`, so that a
/// metric cannot grow with what strangers send. Safe for any thread.
final class Tally {
    static final String OTHER = "other";

    private final Map<String, LongAdder> counts = new LinkedHashMap<>();

    Tally(Set<String> values) {
        values.forEach(value -> counts.put(value, new LongAdder()));
        counts.put(OTHER, new LongAdder());
    }

    void add(String value) {
        LongAdder known = counts.get(value);
        (known == null ? counts.getOrDefault(OTHER, new LongAdder()) : known).increment();
    }

    /// Every value, `other` too.
    Set<String> values() {
        return Set.copyOf(counts.keySet());
    }

    long count(String value) {
        LongAdder adder = counts.get(value);
        return adder == null ? 0 : adder.sum();
    }
}
