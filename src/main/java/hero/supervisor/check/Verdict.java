package hero.supervisor.check;

import java.util.LinkedHashMap;
import java.util.Map;

/// How a case went.
///
/// @param id of the case
/// @param title what was played
/// @param rule what the protocol says
/// @param outcome of the case
/// @param seen what was seen, in a sentence
/// @param ms how long it took
public record Verdict(String id, String title, String rule, Outcome outcome, String seen, long ms) {

    /// Of one case.
    public enum Outcome {
        PASSED,
        FAILED,
        NOT_APPLICABLE;

        /// In lower case, as JSON shows it.
        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /// For `--json`.
    public Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("id", id);
        tree.put("title", title);
        tree.put("verdict", outcome.word());
        tree.put("seen", seen);
        tree.put("protocol", rule);
        tree.put("ms", ms);
        return tree;
    }
}
