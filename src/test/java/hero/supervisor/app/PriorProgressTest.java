package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.domain.Scope;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What an attempt says of itself until it fails, as the next one hears it.
@Timeout(120)
final class PriorProgressTest {
    @Test
    void the_next_attempt_finds_what_was_said_last_also_in_the_second_before_the_failure() throws Exception {
        try (LiveGateway live = LiveGateway.start()) {
            LiveRunner runner = live.runner("r", "r", 1);
            Map<String, Object> job = new LinkedHashMap<>(LiveGateway.job("tiles", "r"));
            job.put("retries", 1);
            job.put("retry_delay", 0);
            live.call("create_job", Map.of("secret", live.secret(Scope.USER), "job", job))
                    .result();
            Map<String, @Nullable Object> first = runner.take();
            for (int tile = 1; tile <= 3; tile++) {
                Map<String, ?> said = Map.of("percent", 10 * tile, "checkpoint", "tile-" + tile);
                runner.socket()
                        .call("runner.progress", LiveRunner.report(first, said))
                        .result();
            }

            assertEquals("recorded", runner.end(first, Map.of("error", "out of luck")));
            Map<String, @Nullable Object> second = runner.take();

            assertEquals(2, second.get("attempt"));
            Map<String, @Nullable Object> prior = Told.object(second.get("prior_progress"));
            assertEquals("tile-3", prior.get("checkpoint"));
            assertEquals(30, ((Number) Objects.requireNonNull(prior.get("percent"))).intValue());
        }
    }
}
