package hero.supervisor.domain;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a runner says of itself when it connects. Source: `openrpc.json runner.connect`.
///
/// @param queue null: that of the registered name, else the name itself
/// @param slots jobs that it can run at once
/// @param executors that it has, as jobs name them
/// @param resume after a lost connection
public record Connect(
        String name,
        @Nullable String queue,
        int slots,
        List<String> executors,
        Map<String, String> labels,
        @Nullable Resume resume) {

    public Connect {
        executors = List.copyOf(executors);
        labels = Map.copyOf(labels);
    }

    /// @param running what the runner still works on
    public record Resume(String sessionId, List<Hold> running) {
        public Resume {
            running = List.copyOf(running);
        }
    }

    /// The answer: how to go on.
    ///
    /// @param logWindow bytes of log that may be on their way unanswered; 0 while logs are not taken
    /// @param verdicts one for each job of [Resume#running()], in that order
    public record Connected(
            String sessionId,
            long heartbeatMs,
            long leaseMs,
            long resumeGraceMs,
            long logWindow,
            List<Verdict> verdicts) {}

    /// @param keep true: go on with it; false: end the process and send nothing
    public record Verdict(Hold hold, boolean keep) {}
}
