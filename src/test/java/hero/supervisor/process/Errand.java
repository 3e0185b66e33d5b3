package hero.supervisor.process;

import hero.supervisor.domain.JobResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// One job of the campaign: what it does, and which outcomes are right.
///
/// @param tookMs how long its runner works on it
record Errand(int number, int tookMs, Mode mode) {
    enum Mode {
        SUCCEEDS,
        FAILS,

        /// Fails at its first attempt and has a retry.
        FLAKY,

        /// Stopped by its caller, sooner or later.
        STOPPED,

        /// Handed out at most once.
        ONCE,

        /// A real process of the bundled runner.
        PROCESS
    }

    static final String BULK = "bulk";
    static final String SHELL = "shell";

    /// The n-th job: two thirds simply succeed, a tenth are real processes.
    static Errand make(int number, int longestMs, RandomGenerator random) {
        int of = number % 20;
        Mode mode = of < 2
                ? Mode.PROCESS
                : of < 4
                        ? Mode.FAILS
                        : of < 5 ? Mode.FLAKY : of < 6 ? Mode.STOPPED : of < 7 ? Mode.ONCE : Mode.SUCCEEDS;
        return new Errand(number, random.nextInt(2) == 0 ? 0 : random.nextInt(longestMs), mode);
    }

    /// Of a job's payload.
    static Errand of(String payload) {
        String[] parts = payload.split(";", -1);
        return new Errand(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Mode.valueOf(parts[2]));
    }

    String id() {
        return "c-" + number;
    }

    /// As `jobs.create` takes it.
    Map<String, Object> job() {
        boolean process = mode == Mode.PROCESS;
        Map<String, Object> job = new HashMap<>(Map.of(
                "id",
                id(),
                "caller_id",
                "campaign",
                "context_id",
                "campaign",
                "payload",
                process ? script() : number + ";" + tookMs + ";" + mode,
                "executor",
                "sh",
                "runner",
                process ? SHELL : BULK,
                "timeout",
                3600));
        if (mode == Mode.FLAKY) {
            job.put("retries", 1);
            job.put("retry_delay", 0.2);
        } else if (mode == Mode.ONCE) {
            job.put("at_most_once", true);
        }
        return job;
    }

    private String script() {
        return "echo done " + number;
    }

    /// What its runner reports.
    Map<String, String> outcome(long attempt) {
        boolean fails = mode == Mode.FAILS || (mode == Mode.FLAKY && attempt == 1);
        return fails ? Map.of("error", "no " + number) : Map.of("success", "done " + number);
    }

    /// Whether a caller may be told so.
    boolean right(JobResult result) {
        List<String> rights = new ArrayList<>();
        rights.add(mode == Mode.FAILS ? "error no " + number : "success done " + number);
        if (mode == Mode.STOPPED) {
            rights.add("error stopped");
        } else if (mode == Mode.ONCE) {
            rights.add("error runner lost");
        }
        return rights.contains(word(result));
    }

    private static String word(JobResult result) {
        return switch (result) {
            case JobResult.Success success -> "success " + success.output();
            case JobResult.Failure failure -> "error " + failure.message();
        };
    }
}
