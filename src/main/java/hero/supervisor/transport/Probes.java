package hero.supervisor.transport;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// What the gateway shows of the process besides JSON-RPC. All suppliers are called from many threads and must
/// return at once.
///
/// @param document `openrpc.json`
/// @param checks what readiness needs, by name, each with the reason why it is not there; an empty text when it is
/// @param metrics Prometheus text
/// @param metricsOpen true: `GET /metrics` needs no secret from anywhere; false: as protected mode demands
public record Probes(
        Supplier<byte[]> document,
        Supplier<Map<String, String>> checks,
        Supplier<String> metrics,
        boolean metricsOpen) {

    /// Without metrics. `notReady` names in plain words what is missing for readiness, an empty list when nothing
    /// is.
    static Probes of(Supplier<byte[]> document, Supplier<List<String>> notReady) {
        return new Probes(
                document,
                () -> {
                    Map<String, String> checks = new LinkedHashMap<>();
                    notReady.get().forEach(reason -> checks.put("check-" + checks.size(), reason));
                    return checks;
                },
                () -> "",
                false);
    }
}
