package hero.supervisor.runner;

import hero.supervisor.client.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// Hands to a job what its earlier attempt said last, so that it can go on from there: in files, since a
/// checkpoint may be longer than the system lets a variable be. Nothing is there when there was nothing. Safe for
/// any thread. Source: `openrpc.json Assignment.prior_progress`.
final class PriorProgress {
    /// Names the file that holds all of it as one JSON object.
    static final String VARIABLE = "SUPERVISOR_PRIOR_PROGRESS_FILE";

    /// Names the file that holds the checkpoint alone, byte for byte.
    static final String CHECKPOINT_VARIABLE = "SUPERVISOR_PRIOR_CHECKPOINT_FILE";

    private static final String NAME = ".supervisor-prior-progress";
    private static final String CHECKPOINT_NAME = ".supervisor-prior-checkpoint";

    private PriorProgress() {}

    /// Writes the files of a job into its folder; the variables that name those that there are.
    static Map<String, String> write(Map<String, Object> prior, Path folder) throws IOException {
        Map<String, String> variables = new LinkedHashMap<>();
        if (!prior.isEmpty()) {
            Path file = Files.writeString(folder.resolve(NAME), Tree.json(prior) + "\n");
            variables.put(VARIABLE, file.toString());
        }
        if (prior.get("checkpoint") instanceof String checkpoint) {
            Path file = Files.writeString(folder.resolve(CHECKPOINT_NAME), checkpoint);
            variables.put(CHECKPOINT_VARIABLE, file.toString());
        }
        return variables;
    }
}
