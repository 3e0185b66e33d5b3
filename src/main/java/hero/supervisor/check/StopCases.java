package hero.supervisor.check;

import hero.supervisor.domain.JobResult;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Ending jobs on request.
final class StopCases {
    private static final long GRACE_MS = 5000;

    private StopCases() {}

    static List<Case> all() {
        return List.of(
                Case.of(
                        "stop",
                        "runner.stop for a running job",
                        "graceful: ask the process to end, then report as usual",
                        StopCases::stop),
                Case.of(
                        "stop-beat",
                        "runner.stop was lost; the heartbeats' answers repeat it",
                        "stops holds what runner.stop says, until a result comes: it does not matter if one was lost",
                        StopCases::stopByBeat),
                Case.of(
                        "stop-stubborn",
                        "a job ignores SIGTERM, and each heartbeat's answer repeats the stop",
                        "kill it grace_ms after the first stop; repeating a stop changes nothing",
                        StopCases::stubborn),
                Case.of(
                        "kill",
                        "runner.stop with mode kill, for a job that ignores SIGTERM",
                        "kill: at once, whatever grace_ms says",
                        StopCases::kill),
                Case.of(
                        "stop-unknown",
                        "runner.stop for a job and for an attempt that the runner does not have",
                        "a stop for a job that you do not have is to be ignored",
                        StopCases::unknown));
    }

    private static String stop(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        HandOver job = jobs.begin(jobs.work());
        stage.stop(job, "graceful", GRACE_MS);
        return ended(stage, jobs, job);
    }

    private static String ended(Stage stage, Jobs jobs, HandOver job) throws InterruptedException {
        JobResult result = stage.result(job);
        jobs.over(job, "the job was stopped");
        stage.never(() -> job.reports > 1, "the stopped job was reported a second time");
        return "it was ended and reported as "
                + switch (result) {
                    case JobResult.Success success -> "a success";
                    case JobResult.Failure failure -> "the error " + Jobs.quoted(failure.message());
                };
    }

    private static String stopByBeat(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        HandOver job = jobs.begin(jobs.work());
        stage.server(server -> job.stop = job.order("graceful", GRACE_MS));
        return ended(stage, jobs, job);
    }

    private static String stubborn(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        // Longer than a beat, so that a runner that counts anew with each repetition never comes to the end.
        long graceMs = 2 * stage.settings().heartbeatMs();
        HandOver job = jobs.begin(jobs.stubborn());
        stage.stop(job, "graceful", graceMs);
        long before = jobs.marks(job);
        String seen = ended(stage, jobs, job);
        return seen + (jobs.marks(job) > before ? ", after it had ignored SIGTERM" : "");
    }

    private static String kill(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        HandOver job = jobs.begin(jobs.stubborn());
        long graceMs = 3 * stage.settings().patience().toMillis();
        stage.stop(job, "kill", graceMs);
        return ended(stage, jobs, job);
    }

    private static String unknown(Stage stage, Jobs jobs) throws InterruptedException {
        Line line = stage.connected();
        HandOver job = jobs.begin(jobs.work());
        stage.tell(
                "runner.stop",
                Map.of("job_id", "nobody", "attempt", 1, "reason", "stopped", "mode", "kill", "grace_ms", 0));
        stage.tell(
                "runner.stop",
                Map.of("job_id", job.key.jobId(), "attempt", 7, "reason", "stopped", "mode", "kill", "grace_ms", 0));
        stage.never(() -> job.reports > 0 || !line.open, "a stop for another job or attempt ended this one");
        long before = jobs.marks(job);
        if (before > 0 && !stage.wait(Duration.ofSeconds(2), () -> jobs.marks(job) > before)) {
            throw Fault.failed("a stop for another job or attempt ended this one's process");
        }
        stage.stop(job, "kill", 0);
        stage.result(job);
        return "the running job went on";
    }
}
