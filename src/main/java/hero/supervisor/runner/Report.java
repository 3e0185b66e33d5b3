package hero.supervisor.runner;

import hero.supervisor.client.Tree;
import hero.supervisor.domain.JobResult;
import java.util.LinkedHashMap;
import java.util.Map;

/// A result on its way to the server, as it will travel.
///
/// @param bytes its size as JSON
record Report(Task.Key key, Object lease, Map<String, Object> tree, int bytes) {

    static Report of(Task task, JobResult result) {
        return of(task.key(), task.lease(), result);
    }

    /// The same hand-over with another result: for one that the server cannot take.
    Report instead(String error) {
        return of(key, lease, new JobResult.Failure(error, null));
    }

    private static Report of(Task.Key key, Object lease, JobResult result) {
        Map<String, Object> tree = new LinkedHashMap<>(key.tree());
        tree.put("lease", lease);
        switch (result) {
            case JobResult.Success success -> {
                tree.put("success", success.output());
                tree.put("exit_code", 0);
            }
            case JobResult.Failure failure -> {
                tree.put("error", failure.message());
                if (failure.exitCode() != null) {
                    tree.put("exit_code", failure.exitCode());
                }
            }
        }
        return new Report(key, lease, tree, Tree.encodedBytes(tree));
    }
}
