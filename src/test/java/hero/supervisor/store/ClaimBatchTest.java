package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.store.JobStore.Slot;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ClaimBatchTest {
    private static ClaimBatch.Claim claim(String queue, boolean isEnough) {
        return new ClaimBatch.Claim(queue, new JobStore.Claiming() {
            @Override
            public List<Slot> slots() {
                throw new AssertionError("chosen too early");
            }

            @Override
            public boolean isEnough() {
                return isEnough;
            }
        });
    }

    @Test
    void those_before_the_first_that_waits_for_slots_need_not_wait() {
        assertEquals(0, ClaimBatch.enough(List.of(claim("a", false), claim("b", true))));
        assertEquals(2, ClaimBatch.enough(List.of(claim("a", true), claim("b", true), claim("c", false))));
        assertEquals(1, ClaimBatch.enough(List.of(new ClaimBatch.Claim("a", List::of))));
    }
}
