package hero.supervisor.check;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.JobResult;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One hand-over of one job. Mutable members are for the holder of the stage's lock.
final class HandOver {
    final Assignment.Key key;
    final Work work;
    final Map<String, Object> extra = new LinkedHashMap<>();

    @Nullable
    JobResult recorded;

    boolean handed;
    boolean abandoned;
    boolean released;
    int reports;

    @Nullable
    Map<String, Object> stop;

    HandOver(Assignment.Key key, Work work) {
        this.key = key;
        this.work = work;
    }

    Hold hold() {
        return new Hold(key.jobId(), key.attempt());
    }

    /// Still the runner's, as the server sees it.
    boolean runs() {
        return handed && recorded == null && !abandoned && !released;
    }

    Map<String, Object> names() {
        Map<String, Object> names = new LinkedHashMap<>();
        names.put("job_id", key.jobId());
        names.put("attempt", key.attempt());
        return names;
    }

    /// The parameters of `runner.stop`, and an item of `stops`.
    Map<String, Object> order(String mode, long graceMs) {
        Map<String, Object> order = names();
        order.put("reason", "stopped");
        order.put("mode", mode);
        order.put("grace_ms", graceMs);
        return order;
    }

    /// As an item of `jobs` in the answer to `runner.pull`.
    Map<String, Object> tree(String runner) {
        Map<String, Object> job = new LinkedHashMap<>();
        job.put("id", key.jobId());
        job.put("caller_id", "runner-check");
        job.put("context_id", "runner-check");
        job.put("payload", work.payload());
        job.put("runner", runner);
        job.put("executor", work.executor());
        job.put("timeout", 300);
        job.put("env_vars", work.envVars());
        job.put("created_at", "2026-01-01T00:00:00Z");
        job.put("updated_at", "2026-01-01T00:00:00Z");
        job.put("attempt", key.attempt());
        job.put("lease", String.format(java.util.Locale.ROOT, "%016x", key.lease()));
        job.put("deadline_ms", 300_000);
        job.putAll(extra);
        return job;
    }
}
