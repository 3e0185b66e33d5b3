package hero.supervisor.engine;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whom the jobs are for that this gateway has accepted and not started yet, the latest ones: a runner that asks
/// for them here may get them in the statement that starts them. Safe for any thread.
final class Accepted {
    static final int MAX = 10_000;

    private final Map<String, String> runners = new LinkedHashMap<>();

    synchronized void add(String jobId, String runner) {
        runners.put(jobId, runner);
        if (runners.size() > MAX) {
            runners.remove(runners.keySet().iterator().next());
        }
    }

    /// The runner; null when that is not known, or no longer.
    synchronized @Nullable String take(String jobId) {
        return runners.remove(jobId);
    }
}
