package hero.supervisor.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The filters of `job list`. Mixed in by picocli.
final class JobFilter {
    @Option(
            names = "--status",
            paramLabel = "WORD",
            description = "created, queued, running, completed, failed or timeout")
    @Nullable
    String status;

    @Option(
            names = {"-r", "--runner"},
            paramLabel = "NAME",
            description = "addressed to this runner")
    @Nullable
    String runner;

    @Option(
            names = {"-e", "--executor"},
            paramLabel = "NAME",
            description = "for this executor")
    @Nullable
    String executor;

    @Option(names = "--caller", paramLabel = "ID", description = "asked for by this caller")
    @Nullable
    String caller;

    @Option(names = "--context", paramLabel = "ID", description = "belonging to this context")
    @Nullable
    String context;

    @Option(names = "--created-after", paramLabel = "TIME", description = "RFC 3339, such as 2026-01-31T00:00:00Z")
    @Nullable
    String createdAfter;

    @Option(names = "--created-before", paramLabel = "TIME", description = "likewise")
    @Nullable
    String createdBefore;

    @Option(
            names = "--after",
            paramLabel = "ID",
            description = "only jobs that come after this one in the list: the next page")
    @Nullable
    String after;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            defaultValue = "50",
            description = "at most so many; default ${DEFAULT-VALUE}")
    int limit;

    /// As `jobs.list` takes them.
    Map<String, Object> params() {
        Map<String, Object> params = new LinkedHashMap<>();
        put(params, "status", status);
        put(params, "runner", runner);
        put(params, "executor", executor);
        put(params, "caller_id", caller);
        put(params, "context_id", context);
        put(params, "created_after", createdAfter);
        put(params, "created_before", createdBefore);
        put(params, "after", after);
        params.put("limit", limit);
        return params;
    }

    private static void put(Map<String, Object> params, String key, @Nullable String value) {
        if (value != null) {
            params.put(key, value);
        }
    }
}
