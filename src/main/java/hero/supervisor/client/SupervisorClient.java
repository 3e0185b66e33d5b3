package hero.supervisor.client;

import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.JobStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// The methods of `openrpc.json` as Java methods, named as the convention's examples name them. Each blocks until
/// the answer is there and throws [RemoteError] or [ConnectionLost]. The secret travels with the connection
/// ([RpcSettings#secret()]). Safe for any thread.
public final class SupervisorClient implements AutoCloseable {
    private final RpcClient rpc;

    public SupervisorClient(RpcClient rpc) {
        this.rpc = rpc;
    }

    /// The connection beneath, for calls that have no method here.
    public RpcClient rpc() {
        return rpc;
    }

    /// Any method, blocking.
    public @Nullable Object call(String method, Map<String, ?> params) {
        return await(rpc.call(method, params));
    }

    // ---- jobs.* ----

    /// Accepts a job without queuing it; returns its id. Source: `openrpc.json jobs.create`.
    public String jobsCreate(Map<String, ?> job) {
        return String.valueOf(call("jobs.create", Map.of("job", job)));
    }

    /// As [#jobsCreate(Map)].
    public String jobsCreate(Job job) {
        return jobsCreate(JobTree.of(job));
    }

    /// All jobs, newest first. Source: `openrpc.json jobs.list`.
    public List<Map<String, Object>> jobsList() {
        return jobsList(Map.of());
    }

    /// Jobs that pass the filters `status, runner, executor, caller_id, context_id, created_after, created_before,
    /// limit, after`.
    public List<Map<String, Object>> jobsList(Map<String, ?> filters) {
        return objects(call("jobs.list", filters));
    }

    // ---- job.* ----

    /// Runs a job and waits for its outcome. Source: `openrpc.json job.run`.
    public JobResult jobRun(Map<String, ?> job) {
        return await(jobRunAsync(job));
    }

    /// As [#jobRun(Map)].
    public JobResult jobRun(Job job) {
        return jobRun(JobTree.of(job));
    }

    /// As [#jobRun(Map)], without blocking.
    public CompletableFuture<JobResult> jobRunAsync(Map<String, ?> job) {
        return rpc.call("job.run", Map.of("job", job)).thenApply(SupervisorClient::result);
    }

    /// Queues a created job. Source: `openrpc.json job.start`.
    public void jobStart(String jobId) {
        call("job.start", Map.of("job_id", jobId));
    }

    /// Where a job stands. Source: `openrpc.json job.status`.
    public JobState jobStatus(String jobId) {
        Map<String, Object> state = Tree.object(call("job.status", Map.of("job_id", jobId)));
        return new JobState(
                Tree.string(state, "job_id", jobId),
                JobStatus.of(Tree.string(state, "status", "")),
                Tree.string(state, "created_at", ""),
                instant(state.get("started_at")),
                instant(state.get("completed_at")));
    }

    /// Job, state, result and attempts in one tree. Source: `openrpc.json job.get`.
    public Map<String, Object> jobGet(String jobId) {
        return Tree.object(call("job.get", Map.of("job_id", jobId)));
    }

    /// Waits for a job's outcome. Source: `openrpc.json job.result`.
    public JobResult jobResult(String jobId) {
        return await(jobResultAsync(jobId));
    }

    /// As [#jobResult(String)]; after `timeout` the server answers with an error of kind `wait_timeout`.
    public JobResult jobResult(String jobId, Duration timeout) {
        return result(call("job.result", Map.of("job_id", jobId, "timeout", timeout.toMillis() / 1000.0)));
    }

    /// As [#jobResult(String)], without blocking.
    public CompletableFuture<JobResult> jobResultAsync(String jobId) {
        return rpc.call("job.result", Map.of("job_id", jobId)).thenApply(SupervisorClient::result);
    }

    /// Stops a job. Source: `openrpc.json job.stop`.
    public void jobStop(String jobId) {
        call("job.stop", Map.of("job_id", jobId));
    }

    /// Deletes a job. Source: `openrpc.json job.delete`.
    public void jobDelete(String jobId) {
        call("job.delete", Map.of("job_id", jobId));
    }

    // ---- runners ----

    /// The registered names. Source: `openrpc.json list_runners`.
    public List<String> listRunners() {
        return strings(call("list_runners", Map.of()));
    }

    /// Source: `openrpc.json register_runner`.
    public void registerRunner(String name, String queue) {
        call("register_runner", Map.of("name", name, "queue", queue));
    }

    /// Source: `openrpc.json remove_runner`.
    public void removeRunner(String name) {
        call("remove_runner", Map.of("actor_id", name));
    }

    /// Opens the flow of jobs to a runner. Source: `openrpc.json start_runner`.
    public void startRunner(String name) {
        call("start_runner", Map.of("actor_id", name));
    }

    /// Closes it; with `force` what runs there is stopped too. Source: `openrpc.json stop_runner`.
    public void stopRunner(String name, boolean force) {
        call("stop_runner", Map.of("actor_id", name, "force", force));
    }

    /// Source: `openrpc.json get_runner_status`.
    public Map<String, Object> getRunnerStatus(String name) {
        return Tree.object(call("get_runner_status", Map.of("actor_id", name)));
    }

    /// Source: `openrpc.json get_all_runner_status`.
    public List<Map<String, Object>> getAllRunnerStatus() {
        return objects(call("get_all_runner_status", Map.of()));
    }

    /// Pairs of name and outcome. Source: `openrpc.json start_all`.
    public List<List<String>> startAll() {
        return rows(call("start_all", Map.of()));
    }

    /// Pairs of name and outcome. Source: `openrpc.json stop_all`.
    public List<List<String>> stopAll(boolean force) {
        return rows(call("stop_all", Map.of("force", force)));
    }

    /// Pairs of name and state. Source: `openrpc.json get_all_status`.
    public List<List<String>> getAllStatus() {
        return rows(call("get_all_status", Map.of()));
    }

    /// The server's own document. Source: `openrpc.json rpc.discover`.
    public Map<String, Object> discover() {
        return Tree.object(call("rpc.discover", Map.of()));
    }

    @Override
    public void close() {
        rpc.close();
    }

    /// The value of a future; its failure as it is. An interrupt gives up the wait with [ConnectionLost].
    private static <T extends @Nullable Object> T await(CompletableFuture<T> answer) {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() instanceof CompletionException inner ? inner.getCause() : e.getCause();
            if (cause instanceof RuntimeException known) {
                throw known;
            }
            throw new IllegalStateException("a call failed", cause);
        } catch (InterruptedException e) {
            answer.cancel(false);
            Thread.currentThread().interrupt();
            var interrupted = new CancellationException("interrupted while waiting for an answer");
            interrupted.initCause(e);
            throw interrupted;
        }
    }

    private static JobResult result(@Nullable Object tree) {
        Map<String, Object> result = Tree.object(tree);
        return result.get("error") instanceof String error
                ? new JobResult.Failure(error, result.get("exit_code") instanceof Number n ? n.intValue() : null)
                : new JobResult.Success(Tree.string(result, "success", ""));
    }

    private static @Nullable Instant instant(@Nullable Object value) {
        return value instanceof String text ? OffsetDateTime.parse(text).toInstant() : null;
    }

    private static List<Map<String, Object>> objects(@Nullable Object tree) {
        List<Map<String, Object>> objects = new ArrayList<>();
        Tree.array(tree).forEach(item -> objects.add(Tree.object(item)));
        return objects;
    }

    private static List<String> strings(@Nullable Object tree) {
        List<String> strings = new ArrayList<>();
        Tree.array(tree).forEach(item -> strings.add(String.valueOf(item)));
        return strings;
    }

    private static List<List<String>> rows(@Nullable Object tree) {
        List<List<String>> rows = new ArrayList<>();
        Tree.array(tree).forEach(item -> rows.add(strings(item)));
        return rows;
    }
}
