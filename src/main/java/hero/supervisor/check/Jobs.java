package hero.supervisor.check;

import hero.supervisor.check.Language.Task;
import hero.supervisor.domain.JobResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The jobs of one case, in a language that the runner speaks, and what can be seen of their processes: they put
/// marks into a file as long as they run. A runner that shares no files with the kit leaves none, and is judged by
/// what it says.
final class Jobs {
    /// Longer than any case: such a job ends because someone ends it.
    private static final int TICKS = 20 * 300;

    /// Six times the pause between two marks.
    private static final Duration STILL = Duration.ofMillis(300);

    private final Stage stage;
    private final Path folder;

    Jobs(Stage stage, Path folder) {
        this.stage = stage;
        this.folder = folder;
    }

    /// Prints `text`.
    HandOver say(String text) {
        return job(Task.SAY, text, 0);
    }

    /// Prints `text` on stderr, ends with code 3.
    HandOver fail(String text) {
        return job(Task.FAIL, text, 0);
    }

    /// Works until it is ended.
    HandOver work() {
        return job(Task.WORK, "", TICKS);
    }

    /// Works for about `ticks` times 50 ms.
    HandOver work(int ticks) {
        return job(Task.WORK, "", ticks);
    }

    /// Works until it is ended, and ignores SIGTERM.
    HandOver stubborn() {
        return job(Task.STUBBORN, "", TICKS);
    }

    /// Nothing to run at all.
    HandOver empty() {
        return stage.job(new Work(language().executor(), "", Map.of()));
    }

    /// A payload of `chars` characters, nearly all of them a comment, that prints `text`.
    HandOver padded(int chars, String text) {
        String comment = language().comment();
        if (comment.isEmpty()) {
            throw Fault.notApplicable("a long payload can be made of the kit's own payloads only");
        }
        Work work = work(Task.SAY, text, 0);
        String filler = comment + "x".repeat(chars - work.payload().length() - comment.length() - 1) + "\n";
        return stage.job(new Work(work.executor(), filler + work.payload(), work.envVars()));
    }

    /// The same job handed over as another attempt, with other work.
    HandOver next(HandOver job, HandOver work) {
        return stage.attempt(job.key.jobId(), job.key.attempt() + 1, work.work);
    }

    private HandOver job(Task task, String text, int ticks) {
        Work work = work(task, text, ticks);
        HandOver job = stage.job(work);
        return new HandOver(job.key, work.with("CHECK_MARKS", file(job).toString()));
    }

    private Work work(Task task, String text, int ticks) {
        Language language = language();
        String payload = language.payloads().get(task);
        if (payload == null) {
            throw Fault.notApplicable("no payload for the executor " + language.executor() + " that does this; give"
                    + " one with --payload " + task.name().toLowerCase(Locale.ROOT) + "=TEXT");
        }
        return new Work(language.executor(), payload, Map.of("CHECK_TEXT", text, "CHECK_TICKS", String.valueOf(ticks)));
    }

    private Language language() {
        var executors = stage.connect().executors();
        return Language.among(executors, own(stage.settings()))
                .orElseThrow(() -> Fault.notApplicable("the runner's executors are " + String.join(", ", executors)
                        + ", and the kit has payloads for " + String.join(", ", Language.names())
                        + "; give others with --executor NAME --payload say=TEXT"));
    }

    private static @Nullable Language own(CheckSettings settings) {
        String executor = settings.executor();
        if (executor == null) {
            return null;
        }
        Map<Task, String> payloads = new EnumMap<>(Task.class);
        settings.payloads().forEach((task, text) -> payloads.put(Task.valueOf(task.toUpperCase(Locale.ROOT)), text));
        return Language.own(executor, payloads);
    }

    // ---- seeing ----

    private Path file(HandOver job) {
        return folder.resolve(job.key.jobId() + "-" + job.key.attempt());
    }

    long marks(HandOver job) {
        try {
            return Files.exists(file(job)) ? Files.size(file(job)) : 0;
        } catch (IOException e) {
            throw new UncheckedIOException("the marks of a job cannot be read", e);
        }
    }

    /// Hands it over and waits until it runs, as far as that shows.
    HandOver begin(HandOver job) throws InterruptedException {
        stage.give(job);
        int beats = stage.heard(Said.Beat.class).size();
        stage.await(
                () -> marks(job) > 0 || stage.heard(Said.Beat.class).size() > beats + 3,
                "neither the job's work nor a heartbeat could be seen");
        return job;
    }

    /// Waits until its process does nothing any more.
    void over(HandOver job, String otherwise) throws InterruptedException {
        long[] seen = {-1};
        stage.await(
                () -> {
                    long before = seen[0];
                    seen[0] = marks(job);
                    return before == seen[0] && still(job, before);
                },
                otherwise + ": the job's process goes on");
    }

    private boolean still(HandOver job, long before) {
        try {
            return !stage.wait(STILL, () -> marks(job) != before);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    // ---- judging ----

    /// Waits for the result; fails unless it is this success.
    void succeeds(HandOver job, String output) throws InterruptedException {
        JobResult result = stage.result(job);
        String seen = switch (result) {
            case JobResult.Success success -> success.output();
            case JobResult.Failure failure ->
                throw Fault.failed(
                        "the job should have succeeded, and was reported with the error " + quoted(failure.message()));
        };
        if (!seen.equals(output)) {
            throw Fault.failed("the job printed " + quoted(output) + ", and the result's success is " + quoted(seen));
        }
    }

    /// Waits for the result; fails unless it is an error, which it returns.
    JobResult.Failure fails(HandOver job) throws InterruptedException {
        JobResult result = stage.result(job);
        if (result instanceof JobResult.Failure failure) {
            return failure;
        }
        throw Fault.failed("the job should have failed, and was reported as a success");
    }

    static String quoted(String text) {
        String line = Objects.toString(text).replace("\n", "\\n");
        return "'" + (line.length() > 80 ? line.substring(0, 79) + "…" : line) + "'";
    }
}
