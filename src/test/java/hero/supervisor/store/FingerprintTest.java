package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import hero.supervisor.domain.Job;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Fingerprints lie in databases: another encoding would make a conflict of every repetition.
final class FingerprintTest {
    @Test
    void the_encoding_stays_what_it_was() {
        Map<String, String> envVars = Map.of("B", "2", "A", "1");
        var extras = new Job.Extras(OptionalInt.of(3), 2.5, OptionalInt.empty(), null, Map.of("k", "v"), true);
        assertEquals(
                "d8f16e43e00137c601c3ec6f678a8764be6c92161ce44888f2a2fc301dcdb88e",
                Fingerprint.of(
                        new Job("j", "c", "x", "päyload \uD83D\uDE00", "r", "sh", 1.5, envVars, "t", "t", extras)));
        assertEquals(
                "602f74add0c7ea19b9b0f5e5fa6b20f679b2466d5098b3a798427be66f6bfa9b",
                Fingerprint.of(job("c", "x", "p".repeat(2000), null)));
    }

    @Test
    void stamps_do_not_count_and_no_two_contents_share_an_encoding() {
        assertEquals(
                Fingerprint.of(job("c", "x", "p", null)),
                Fingerprint.of(
                        new Job("j", "c", "x", "p", "r", "sh", 60, Map.of(), "later", "later", Job.Extras.NONE)));
        assertNotEquals(Fingerprint.of(job("ab", "c", "p", null)), Fingerprint.of(job("a", "bc", "p", null)));
        assertNotEquals(Fingerprint.of(job("c", "x", "p", null)), Fingerprint.of(job("c", "x", "p", Map.of())));
    }

    private static Job job(String caller, String context, String payload, @Nullable Map<String, String> labels) {
        var extras = new Job.Extras(OptionalInt.empty(), null, OptionalInt.empty(), null, labels, null);
        return new Job("j", caller, context, payload, "r", "sh", 60, Map.of(), "t", "t", extras);
    }
}
