package hero.supervisor.wire;

import hero.supervisor.domain.Job;
import hero.supervisor.domain.Limits;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Jobs from what a caller sends; checks everything that a job alone can tell. Safe for any thread. Source:
/// contract §3.
public final class JobReader {
    private static final List<String> NAMES = List.of(
            "id",
            "caller_id",
            "context_id",
            "payload",
            "runner",
            "executor",
            "timeout",
            "env_vars",
            "created_at",
            "updated_at",
            "retries",
            "retry_delay",
            "priority",
            "start_at",
            "labels",
            "at_most_once",
            "job_type");
    private static final int RETRIES_MAX = 100;
    private static final int PRIORITY_MAX = 100;

    private final Limits limits;
    private final Supplier<String> ids;
    private final InstantSource clock;

    /// Many jobs come within a millisecond, and writing a time costs as much as reading a job.
    private volatile Stamp last = new Stamp(0, Instant.EPOCH.toString());

    private record Stamp(long millis, String text) {}

    /// @param ids for jobs that come without one
    /// @param clock for jobs that come without times
    public JobReader(Limits limits, Supplier<String> ids, InstantSource clock) {
        this.limits = limits;
        this.ids = ids;
        this.clock = clock;
    }

    /// The member `job` of a call's parameters.
    public Job read(Params params) {
        Params job = params.object("job");
        job.only(NAMES);
        String id = job.optionalName("id", limits.nameChars());
        String now = now();
        Double timeoutS = job.optionalNumber("timeout", 0, limits.timeoutMaxS());
        return new Job(
                id == null ? ids.get() : id,
                job.name("caller_id", limits.nameChars()),
                job.name("context_id", limits.nameChars()),
                job.text("payload"),
                job.name("runner", limits.nameChars()),
                executor(job),
                timeoutS == null ? limits.timeoutDefaultS() : timeoutS,
                envVars(job),
                time(job, "created_at", now),
                time(job, "updated_at", now),
                extras(job));
    }

    private String now() {
        long millis = clock.millis();
        Stamp stamp = last;
        if (stamp.millis != millis) {
            stamp = new Stamp(millis, Instant.ofEpochMilli(millis).toString());
            last = stamp;
        }
        return stamp.text;
    }

    private String executor(Params job) {
        if (!job.has("job_type")) {
            return job.name("executor", limits.nameChars());
        } else if (job.has("executor")) {
            throw job.invalid("job_type", "job_type is the legacy name of executor: send one of the two, not both");
        }
        return job.name("job_type", limits.nameChars());
    }

    private Map<String, String> envVars(Params job) {
        Map<String, String> envVars = job.optionalTexts("env_vars", limits.envVars());
        if (envVars == null) {
            return Map.of();
        }
        for (String name : envVars.keySet()) {
            if (name.isEmpty() || name.indexOf('=') >= 0) {
                throw job.invalid("env_vars", "a name in env_vars must not be empty and must not hold '='");
            }
        }
        return envVars;
    }

    private static String time(Params job, String name, String otherwise) {
        if (!job.has(name)) {
            return otherwise;
        }
        Rfc3339.parse(job, name);
        return job.text(name);
    }

    private Job.Extras extras(Params job) {
        OptionalInt retries = optionalInteger(job, "retries", 0, RETRIES_MAX);
        Double retryDelayS = job.optionalNumberFrom("retry_delay", 0, limits.timeoutMaxS());
        OptionalInt priority = optionalInteger(job, "priority", -PRIORITY_MAX, PRIORITY_MAX);
        String startAt = job.has("start_at") ? time(job, "start_at", "") : null;
        Map<String, String> labels = labels(job);
        Boolean atMostOnce = job.optionalBool("at_most_once");
        boolean none = retries.isEmpty()
                && priority.isEmpty()
                && retryDelayS == null
                && startAt == null
                && labels == null
                && atMostOnce == null;
        return none ? Job.Extras.NONE : new Job.Extras(retries, retryDelayS, priority, startAt, labels, atMostOnce);
    }

    private @Nullable Map<String, String> labels(Params job) {
        Map<String, String> labels = job.optionalTexts("labels", limits.envVars());
        if (labels != null && labels.containsKey("")) {
            throw job.invalid("labels", "a name in labels must not be empty");
        }
        return labels;
    }

    private static OptionalInt optionalInteger(Params job, String name, int min, int max) {
        return job.has(name) ? OptionalInt.of((int) job.integer(name, min, max)) : OptionalInt.empty();
    }
}
