package hero.supervisor.runner;

import hero.supervisor.client.Tree;
import hero.supervisor.domain.Trace;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A job as `runner.pull` hands it over.
///
/// @param lease whatever the server sent, given back untouched
/// @param timeoutS seconds that it may run
/// @param trace for programs that take part in traces; null when the job has none
/// @param prior what an earlier attempt said last of its progress; empty when none said anything
record Task(
        Key key,
        Object lease,
        String executor,
        String payload,
        Map<String, String> envVars,
        double timeoutS,
        @Nullable Trace trace,
        Map<String, Object> prior) {

    /// One attempt of one job.
    record Key(String jobId, long attempt) {

        /// As it is named in heartbeats and on resume.
        Map<String, Object> tree() {
            return Map.of("job_id", jobId, "attempt", attempt);
        }

        static Key of(Map<String, Object> members) {
            return new Key(Tree.string(members, "job_id", ""), Tree.whole(members, "attempt", 0));
        }
    }

    /// Reads one item of the answer's `jobs`.
    static Task of(Map<String, Object> job) {
        Map<String, String> envVars = new LinkedHashMap<>();
        Tree.object(job.get("env_vars")).forEach((name, value) -> envVars.put(name, String.valueOf(value)));
        double timeoutS = job.get("timeout") instanceof Number n ? n.doubleValue() : Double.POSITIVE_INFINITY;
        long deadlineMs = Tree.whole(job, "deadline_ms", 0);
        return new Task(
                new Key(Tree.string(job, "id", ""), Tree.whole(job, "attempt", 0)),
                job.getOrDefault("lease", 0),
                Tree.string(job, "executor", ""),
                Tree.string(job, "payload", ""),
                envVars,
                deadlineMs > 0 ? Math.min(timeoutS, deadlineMs / 1000.0) : timeoutS,
                Trace.read(Tree.string(job, "traceparent", ""), Tree.string(job, "tracestate", "")),
                Tree.object(job.get("prior_progress")));
    }

    /// Prints as its id: payload and variables never reach a log.
    @Override
    public String toString() {
        return "Task[" + key.jobId() + "/" + key.attempt() + "]";
    }
}
