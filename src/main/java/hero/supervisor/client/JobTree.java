package hero.supervisor.client;

import hero.supervisor.domain.Job;
import java.util.LinkedHashMap;
import java.util.Map;

/// A job as the plain tree that travels. Optional fields appear when they are set. Source: `openrpc.json`, Job.
final class JobTree {
    private JobTree() {}

    static Map<String, Object> of(Job job) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("id", job.id());
        tree.put("caller_id", job.callerId());
        tree.put("context_id", job.contextId());
        tree.put("payload", job.payload());
        tree.put("runner", job.runner());
        tree.put("executor", job.executor());
        tree.put("timeout", job.timeoutS());
        tree.put("env_vars", job.envVars());
        tree.put("created_at", job.createdAt());
        tree.put("updated_at", job.updatedAt());
        extras(job.extras(), tree);
        return tree;
    }

    private static void extras(Job.Extras extras, Map<String, Object> tree) {
        extras.retries().ifPresent(n -> tree.put("retries", n));
        extras.priority().ifPresent(n -> tree.put("priority", n));
        if (extras.retryDelayS() != null) {
            tree.put("retry_delay", extras.retryDelayS());
        }
        if (extras.startAt() != null) {
            tree.put("start_at", extras.startAt());
        }
        if (extras.labels() != null) {
            tree.put("labels", extras.labels());
        }
        if (extras.atMostOnce() != null) {
            tree.put("at_most_once", extras.atMostOnce());
        }
    }
}
