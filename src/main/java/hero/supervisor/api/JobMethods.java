package hero.supervisor.api;

import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobDetails;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Progress;
import hero.supervisor.engine.Jobs;
import hero.supervisor.engine.Logs;
import hero.supervisor.wire.Bodies;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.ExplainJson;
import hero.supervisor.wire.JobJson;
import hero.supervisor.wire.JobReader;
import hero.supervisor.wire.Params;
import hero.supervisor.wire.Rfc3339;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// `jobs.*`, `job.*` and their legacy names.
final class JobMethods {
    private static final long LIST_MAX = Long.MAX_VALUE;

    private final Jobs jobs;
    private final Logs logs;
    private final JobReader reader;
    private final Limits limits;

    JobMethods(Jobs jobs, Logs logs, JobReader reader, Limits limits) {
        this.jobs = jobs;
        this.logs = logs;
        this.reader = reader;
        this.limits = limits;
    }

    Pending<String> create(Call call) {
        return Pending.commit(jobs.create(reader.read(call.params()), call.origin()), Bodies::text);
    }

    Pending<String> createAndStart(Call call) {
        return Pending.commit(jobs.createAndStart(reader.read(call.params()), call.origin()), Bodies::text);
    }

    Body list(Call call) {
        Params p = call.params();
        return JobJson.jobs(jobs.list(filter(p), after(p), p.integer("limit", 0, LIST_MAX, LIST_MAX)));
    }

    Body listIds(Call call) {
        return JobJson.ids(jobs.list(JobFilter.ALL, null, LIST_MAX));
    }

    private @Nullable String after(Params p) {
        return p.optionalName("after", limits.nameChars());
    }

    private JobFilter filter(Params p) {
        return new JobFilter(
                status(p),
                p.optionalName("runner", limits.nameChars()),
                p.optionalName("executor", limits.nameChars()),
                p.optionalName("caller_id", limits.nameChars()),
                p.optionalName("context_id", limits.nameChars()),
                time(p, "created_after"),
                time(p, "created_before"));
    }

    static @Nullable JobStatus status(Params p) {
        String word = p.optionalText("status");
        try {
            return word == null ? null : JobStatus.of(word);
        } catch (IllegalArgumentException e) {
            String words =
                    Arrays.stream(JobStatus.values()).map(JobStatus::word).collect(Collectors.joining(", "));
            throw p.invalid("status", "status must be one of " + words);
        }
    }

    private static @Nullable Instant time(Params p, String name) {
        return p.has(name) ? Rfc3339.parse(p, name) : null;
    }

    Pending<JobResult> run(Call call) {
        Duration atMost = waitAtMost(call);
        Job job = reader.read(call.params());
        return end(job.id(), jobs.run(job, call.origin()), atMost);
    }

    Pending<Body> start(Call call) {
        return Pending.commit(jobs.start(jobId(call), call.origin()).thenApply(_ -> Body.NULL), none -> none);
    }

    Body status(Call call) {
        return JobJson.state(jobs.state(jobId(call)));
    }

    /// The first look is no waiting: also a call with timeout 0 gets a result that is there.
    Pending<JobResult> result(Call call) {
        Duration atMost = waitAtMost(call);
        String jobId = jobId(call);
        var wait = jobs.await(jobId);
        return end(jobId, wait.result(), atMost).after(wait.looked());
    }

    /// Who waited too long is told the id: a server that made it is the only one to know it.
    private static Pending<JobResult> end(
            String jobId, CompletableFuture<JobResult> result, @Nullable Duration atMost) {
        return Pending.wait(result, atMost, JobJson::result).orElse(() -> {
            throw Call.waitedTooLong(atMost).with("job_id", jobId);
        });
    }

    Body get(Call call) {
        JobDetails d = jobs.details(jobId(call));
        var attempts = d.attempts().stream()
                .map(a -> JobJson.attempt(
                        a.attempt(), a.sessionId(), a.startedAt(), a.endedAt(), a.status(), a.error(), a.exitCode()))
                .toList();
        Progress progress = logs.progress(d.job().id()).orElse(null);
        return JobJson.details(d.job(), d.queue(), d.state(), d.stopRequestedAt(), d.result(), attempts, progress);
    }

    Body explain(Call call) {
        return ExplainJson.explanation(jobs.explain(jobId(call)));
    }

    Body stop(Call call) {
        jobs.stop(jobId(call), call.origin());
        return Body.NULL;
    }

    Body delete(Call call) {
        call.await(jobs.delete(jobId(call), call.origin()));
        return Body.NULL;
    }

    private String jobId(Call call) {
        return call.params().name("job_id", limits.nameChars());
    }

    /// The optional `timeout` of a call that waits; null for none.
    private @Nullable Duration waitAtMost(Call call) {
        Double seconds = call.params().optionalNumberFrom("timeout", 0, limits.timeoutMaxS());
        return seconds == null ? null : Duration.ofNanos((long) (seconds * 1e9));
    }
}
