package hero.supervisor.check;

import hero.supervisor.domain.Report;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// Reporting results until they are answered, and no longer.
final class ResultCases {
    private ResultCases() {}

    static List<Case> all() {
        return List.of(
                Case.of(
                        "answer-lost",
                        "a result is recorded and the connection breaks before the answer",
                        "until an outcome comes keep the result, and send it again after reconnecting",
                        ResultCases::answerLost),
                Case.of(
                        "result-busy",
                        "the server refuses a result as busy",
                        "until an outcome comes keep the result, and send it again",
                        ResultCases::busy),
                Case.of(
                        "duplicate",
                        "a result is answered with duplicate",
                        "duplicate: it was recorded before; forget the job",
                        (stage, jobs) -> answered(stage, jobs, "duplicate")),
                Case.of(
                        "stale",
                        "a result is answered with stale",
                        "stale: the hand-over no longer held; forget the job",
                        (stage, jobs) -> answered(stage, jobs, "stale")));
    }

    private static String answerLost(Stage stage, Jobs jobs) throws InterruptedException {
        Line line = stage.connected();
        HandOver job = jobs.say("once");
        stage.next(Said.Results.class, results -> {
            record(stage, results);
            line.cut();
            return true;
        });
        stage.give(job);
        stage.await(() -> job.reports > 0, "no runner.result for a job that had ended");
        stage.await(() -> job.reports > 1, "the answer to a result was lost, and the result did not come again");
        List<Report> all = stage.heard(Said.Results.class).stream()
                .flatMap(results -> results.reports().stream())
                .filter(report -> report.key().equals(job.key))
                .toList();
        if (!all.getFirst().equals(all.get(1))) {
            throw Fault.failed("the repeated result is another one than before");
        }
        stage.never(() -> job.reports > 2, "the result came a third time, although it had been answered");
        return "the same result came again on the next connection, and no more after its answer";
    }

    private static void record(Stage stage, Heard heard) {
        if (heard.said() instanceof Said.Results results) {
            stage.server(
                    server -> results.reports().stream().map(server::recorded).toList());
        }
    }

    private static String busy(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        Predicate<Heard> busy = results -> {
            results.refuse(
                    -32005,
                    "busy",
                    "the database does not answer",
                    Map.of("retry_after_ms", stage.settings().heartbeatMs()));
            return true;
        };
        stage.next(Said.Results.class, busy);
        stage.next(Said.Results.class, busy);
        HandOver job = stage.give(jobs.say("patience"));
        jobs.succeeds(job, "patience");
        return "the result came again until it was recorded";
    }

    private static String answered(Stage stage, Jobs jobs, String outcome) throws InterruptedException {
        stage.connected();
        stage.next(Said.Results.class, heard -> {
            if (heard.said() instanceof Said.Results results) {
                record(stage, heard);
                heard.answer(results.reports().stream()
                        .map(report -> Map.of("job_id", report.key().jobId(), "outcome", outcome))
                        .toList());
            }
            return true;
        });
        HandOver job = stage.give(jobs.say("told before"));
        stage.result(job);
        stage.never(() -> job.reports > 1, "the result came again, although it had been answered with " + outcome);
        stage.beats(1);
        if (WorkCases.named(stage, job)) {
            throw Fault.failed("heartbeats go on naming a job whose result was answered with " + outcome);
        }
        jobs.succeeds(stage.give(jobs.say("and on")), "and on");
        return "the job was forgotten, and the next one carried out";
    }
}
