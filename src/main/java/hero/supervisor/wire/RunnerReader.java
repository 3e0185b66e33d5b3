package hero.supervisor.wire;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Connect;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.LogAppend;
import hero.supervisor.domain.LogStream;
import hero.supervisor.domain.Progress;
import hero.supervisor.domain.Report;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What runners say. Safe for any thread. Source: contract §6.
public final class RunnerReader {
    private static final int EXECUTORS_MAX = 1000;
    private static final int LABELS_MAX = 100;
    private static final int LEASE_CHARS = 16;
    private static final int NOTE_CHARS = 1000;
    private static final int CHECKPOINT_CHARS = 64 << 10;
    private static final List<String> KEY = List.of("job_id", "attempt", "lease");

    private final Limits limits;

    public RunnerReader(Limits limits) {
        this.limits = limits;
    }

    /// The parameters of `runner.connect`, its secret aside.
    public Connect connect(Params params) {
        List<String> executors = params.texts("executors", EXECUTORS_MAX);
        Map<String, String> labels = params.optionalTexts("labels", LABELS_MAX);
        return new Connect(
                params.name("name", limits.nameChars()),
                params.optionalName("queue", limits.nameChars()),
                (int) params.integer("slots", 1, limits.slots()),
                executors,
                labels == null ? Map.of() : labels,
                resume(params.optionalObject("resume")));
    }

    private Connect.@Nullable Resume resume(@Nullable Params resume) {
        if (resume == null) {
            return null;
        }
        resume.only(List.of("session_id", "running"));
        return new Connect.Resume(resume.name("session_id", limits.nameChars()), holds(resume));
    }

    /// The member `running` of `runner.heartbeat` or of a resume.
    public List<Hold> holds(Params params) {
        List<Hold> holds = new ArrayList<>();
        for (Params item : params.objects("running", limits.slots())) {
            item.only(List.of("job_id", "attempt"));
            holds.add(new Hold(item.name("job_id", limits.nameChars()), attempt(item)));
        }
        return holds;
    }

    /// The member `results` of `runner.result`: one to [Limits#pullJobs()], each with exactly one of success and
    /// error.
    public List<Report> reports(Params params) {
        List<Report> reports = new ArrayList<>();
        for (Params item : params.objects("results", limits.pullJobs())) {
            item.only(List.of("job_id", "attempt", "lease", "success", "error", "exit_code"));
            reports.add(new Report(key(item), result(item)));
        }
        return reports;
    }

    /// The member `jobs` of `runner.release`.
    public List<Assignment.Key> keys(Params params) {
        List<Assignment.Key> keys = new ArrayList<>();
        for (Params item : params.objects("jobs", limits.pullJobs())) {
            item.only(KEY);
            keys.add(key(item));
        }
        return keys;
    }

    /// The parameters of `runner.log`.
    public LogAppend log(Params params) {
        return new LogAppend(
                key(params), stream(params), params.integer("offset", 0, Long.MAX_VALUE), params.text("data"));
    }

    /// The member `stream`.
    public LogStream stream(Params params) {
        return LogStream.find(params.text("stream"))
                .orElseThrow(() -> params.invalid("stream", "stream must be stdout or stderr"));
    }

    /// What `runner.progress` says of a job.
    public Progress.Said progress(Params params) {
        Double percent = params.optionalNumberFrom("percent", 0, 100);
        String note = bounded(params, "note", NOTE_CHARS);
        String checkpoint = bounded(params, "checkpoint", CHECKPOINT_CHARS);
        if (percent == null && note == null && checkpoint == null) {
            throw params.invalid("percent", "runner.progress needs percent, note or checkpoint");
        }
        return new Progress.Said(percent, note, checkpoint);
    }

    private static @Nullable String bounded(Params params, String name, int charsMax) {
        String text = params.optionalText(name);
        if (text != null && Utf8.isLonger(text, charsMax)) {
            throw params.invalid(name, name + " must have at most " + charsMax + " characters")
                    .with("max", charsMax);
        }
        return text;
    }

    private static JobResult result(Params item) {
        String success = item.optionalText("success");
        String error = item.optionalText("error");
        if ((success == null) == (error == null)) {
            throw item.invalid(
                    success == null ? "success" : "error", "a result has exactly one of success and error, a string");
        }
        Integer exitCode = item.has("exit_code")
                ? Integer.valueOf((int) item.integer("exit_code", Integer.MIN_VALUE, Integer.MAX_VALUE))
                : null;
        return success != null
                ? new JobResult.Success(success)
                : new JobResult.Failure(error == null ? "" : error, exitCode);
    }

    /// `job_id`, `attempt` and `lease`.
    public Assignment.Key key(Params item) {
        String jobId = item.name("job_id", limits.nameChars());
        int attempt = attempt(item);
        String lease = item.text("lease");
        boolean wellFormed = lease.length() == LEASE_CHARS && lease.chars().allMatch(RunnerReader::isHex);
        // A lease that nobody can have given is as good as any that is guessed: such a report is stale, and hurts no
        // other in its batch.
        return new Assignment.Key(jobId, attempt, wellFormed ? Long.parseUnsignedLong(lease, 16) : 0);
    }

    private static boolean isHex(int c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }

    private static int attempt(Params item) {
        return (int) item.integer("attempt", 1, Integer.MAX_VALUE);
    }
}
