package hero.supervisor.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobState;
import hero.supervisor.domain.Progress;
import java.io.IOException;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Jobs and what becomes of them, as answers. Source: the schemas of `openrpc.json`.
public final class JobJson {
    private JobJson() {}

    /// The ten fields of the seed, and the extras that the caller had set.
    public static Body job(Job job) {
        return out -> {
            out.writeStartObject();
            writeFields(out, job);
            out.writeEndObject();
        };
    }

    /// An array of full jobs, made while it is written: memory does not grow with it. Written once.
    public static Body jobs(Iterator<Job> jobs) {
        return Bodies.stream(new Iterator<Body>() {
            @Override
            public boolean hasNext() {
                return jobs.hasNext();
            }

            @Override
            public Body next() {
                return job(jobs.next());
            }
        });
    }

    /// An array of ids, likewise: the answer to the legacy `list_jobs`.
    public static Body ids(Iterator<Job> jobs) {
        return Bodies.stream(new Iterator<Body>() {
            @Override
            public boolean hasNext() {
                return jobs.hasNext();
            }

            @Override
            public Body next() {
                return Bodies.text(jobs.next().id());
            }
        });
    }

    /// `{job_id, status, created_at, started_at, completed_at}`; times that have not come are null.
    public static Body state(JobState state) {
        return out -> {
            out.writeStartObject();
            out.writeStringField("job_id", state.jobId());
            out.writeStringField("status", state.status().word());
            out.writeStringField("created_at", state.createdAt());
            writeInstant(out, "started_at", state.startedAt());
            writeInstant(out, "completed_at", state.completedAt());
            out.writeEndObject();
        };
    }

    /// `{"success":…}` or `{"error":…}`, nothing else.
    public static Body result(JobResult result) {
        return out -> {
            out.writeStartObject();
            switch (result) {
                case JobResult.Success success -> LongText.write(out, "success", success.output());
                case JobResult.Failure failure -> LongText.write(out, "error", failure.message());
            }
            out.writeEndObject();
        };
    }

    /// The answer to `job.get`. `attempts` are made by [#attempt].
    public static Body details(
            Job job,
            String queue,
            JobState state,
            @Nullable Instant stopRequestedAt,
            @Nullable JobResult result,
            List<Body> attempts,
            @Nullable Progress progress) {
        return out -> {
            out.writeStartObject();
            out.writeFieldName("job");
            job(job).write(out);
            out.writeStringField("queue", queue);
            out.writeFieldName("state");
            state(state).write(out);
            if (stopRequestedAt != null) {
                writeInstant(out, "stop_requested_at", stopRequestedAt);
            }
            out.writeFieldName("result");
            (result == null ? Body.NULL : result(result)).write(out);
            out.writeFieldName("attempts");
            Bodies.writeList(out, attempts.iterator());
            if (progress != null) {
                out.writeFieldName("progress");
                LogJson.writeProgress(out, progress);
            }
            out.writeEndObject();
        };
    }

    /// One hand-over of a job.
    ///
    /// @param status running, completed, failed, timeout or lost
    public static Body attempt(
            int attempt,
            @Nullable String sessionId,
            Instant startedAt,
            @Nullable Instant endedAt,
            String status,
            @Nullable String error,
            @Nullable Integer exitCode) {
        return out -> {
            out.writeStartObject();
            out.writeNumberField("attempt", attempt);
            out.writeStringField("session_id", sessionId);
            writeInstant(out, "started_at", startedAt);
            writeInstant(out, "ended_at", endedAt);
            out.writeStringField("status", status);
            out.writeStringField("error", error);
            out.writeFieldName("exit_code");
            if (exitCode == null) {
                out.writeNull();
            } else {
                out.writeNumber(exitCode);
            }
            out.writeEndObject();
        };
    }

    static void writeFields(JsonGenerator out, Job job) throws IOException {
        out.writeStringField("id", job.id());
        out.writeStringField("caller_id", job.callerId());
        out.writeStringField("context_id", job.contextId());
        LongText.write(out, "payload", job.payload());
        out.writeStringField("runner", job.runner());
        out.writeStringField("executor", job.executor());
        writeNumber(out, "timeout", job.timeoutS());
        writeTexts(out, "env_vars", job.envVars());
        out.writeStringField("created_at", job.createdAt());
        out.writeStringField("updated_at", job.updatedAt());
        writeExtras(out, job.extras());
    }

    private static void writeExtras(JsonGenerator out, Job.Extras extras) throws IOException {
        if (extras.retries().isPresent()) {
            out.writeNumberField("retries", extras.retries().getAsInt());
        }
        if (extras.retryDelayS() != null) {
            writeNumber(out, "retry_delay", extras.retryDelayS());
        }
        if (extras.priority().isPresent()) {
            out.writeNumberField("priority", extras.priority().getAsInt());
        }
        if (extras.startAt() != null) {
            out.writeStringField("start_at", extras.startAt());
        }
        if (extras.labels() != null) {
            writeTexts(out, "labels", extras.labels());
        }
        if (extras.atMostOnce() != null) {
            out.writeBooleanField("at_most_once", extras.atMostOnce());
        }
    }

    private static void writeNumber(JsonGenerator out, String name, double number) throws IOException {
        out.writeFieldName(name);
        Bodies.writeNumber(out, number);
    }

    static void writeInstant(JsonGenerator out, String name, @Nullable Instant at) throws IOException {
        out.writeStringField(name, at == null ? null : at.toString());
    }

    /// By name, so that the same job is always the same bytes.
    private static void writeTexts(JsonGenerator out, String name, Map<String, String> texts) throws IOException {
        out.writeFieldName(name);
        out.writeStartObject();
        for (Map.Entry<String, String> text : new TreeMap<>(texts).entrySet()) {
            out.writeStringField(text.getKey(), text.getValue());
        }
        out.writeEndObject();
    }
}
