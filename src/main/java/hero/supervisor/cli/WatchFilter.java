package hero.supervisor.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The filters of `job watch`. Mixed in by picocli.
final class WatchFilter {
    @Option(names = "--status", paramLabel = "WORD", description = "only events that bring a job into this state")
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

    @Option(
            names = "--since",
            paramLabel = "SEQ",
            description = "from behind this event on; --json shows each one's seq")
    @Nullable
    String since;

    /// As `jobs.subscribe` takes them.
    Map<String, Object> params() {
        Map<String, Object> filter = new LinkedHashMap<>();
        put(filter, "status", status);
        put(filter, "runner", runner);
        put(filter, "executor", executor);
        put(filter, "caller_id", caller);
        put(filter, "context_id", context);
        Map<String, Object> params = new LinkedHashMap<>();
        if (!filter.isEmpty()) {
            params.put("filter", filter);
        }
        put(params, "since", since);
        return params;
    }

    private static void put(Map<String, Object> params, String key, @Nullable String value) {
        if (value != null) {
            params.put(key, value);
        }
    }
}
