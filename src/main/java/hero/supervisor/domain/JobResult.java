package hero.supervisor.domain;

import org.jspecify.annotations.Nullable;

/// How a job ended: exactly one of the two. Source: `openrpc.json job.result`.
public sealed interface JobResult {

    /// The job did what it was asked.
    ///
    /// @param output what the job printed, without its last line end
    record Success(String output) implements JobResult {}

    /// It did not.
    ///
    /// @param message in words for people
    /// @param exitCode of the process, if there was one
    record Failure(String message, @Nullable Integer exitCode) implements JobResult {}
}
