package hero.supervisor.check;

import hero.supervisor.domain.LogStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// What jobs print, while they run.
final class LogCases {
    private static final int WINDOW = 1024;
    private static final String TEXT = "0123456789abcdef ".repeat(300).strip();

    private LogCases() {}

    static List<Case> all() {
        return List.of(
                Case.of(
                        "log-offset",
                        "the server took nothing, then only a part, of a runner.log",
                        "the server's offset wins: go on from next_offset, whatever was sent",
                        LogCases::offset),
                Case.of(
                        "log-window",
                        "a log_window of 1024 bytes and a server that does not answer",
                        "at most log_window bytes of a stream may be on their way, and in one call",
                        LogCases::window));
    }

    private static String offset(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        for (int took : List.of(0, 100)) {
            stage.next(Said.Log.class, heard -> {
                stage.server(server -> server.took(heard, took));
                return true;
            });
        }
        HandOver job = stage.give(jobs.say(TEXT));
        jobs.succeeds(job, TEXT);
        List<Said.Log> logs = logs(stage);
        stage.await(() -> logs(stage).size() > 2, "runner.log did not come again after next_offset asked for more");
        // Calls that were on their way already may come between: what counts is that the offset comes.
        stage.await(
                () -> from(stage, 0).size() > 1 && !from(stage, 100).isEmpty(),
                "runner.log did not go on from next_offset 0, then 100");
        String again = from(stage, 100).getLast().append().data();
        if (!TEXT.startsWith(again, 100) && !(TEXT + "\n").startsWith(again, 100)) {
            throw Fault.failed("runner.log at offset 100 holds other text than the job printed there");
        }
        return "runner.log went on from 0, then from 100; " + logs.size() + " calls in all";
    }

    private static List<Said.Log> from(Stage stage, long offset) {
        return logs(stage).stream()
                .filter(log -> log.append().offset() == offset)
                .toList();
    }

    /// Those of stdout; not applicable when there are none.
    private static List<Said.Log> logs(Stage stage) {
        List<Said.Log> logs = stage.heard(Said.Log.class).stream()
                .filter(log -> log.append().stream() == LogStream.STDOUT)
                .toList();
        if (logs.isEmpty()) {
            throw Fault.notApplicable("the runner sends no runner.log, which is optional");
        }
        return logs;
    }

    private static String window(Stage stage, Jobs jobs) throws InterruptedException {
        Line first = stage.connected();
        stage.server(server -> server.logWindow = WINDOW);
        first.close(1012, "retry_after_ms=10");
        stage.connectedAfter(first, stage.settings().patience(), "no connection came after 1012");
        List<Heard> held = new ArrayList<>();
        stage.next(Said.Log.class, held::add);
        HandOver job = stage.give(jobs.say(TEXT));
        stage.wait(stage.settings().patience(), () -> !held.isEmpty() || job.recorded != null);
        logs(stage);
        stage.never(
                () -> bytes(stage) > WINDOW,
                "more than the " + WINDOW + " bytes of log_window were on their way unanswered");
        stage.server(server -> {
            held.forEach(server::answer);
            return server;
        });
        jobs.succeeds(job, TEXT);
        stage.await(() -> stage.heard(Said.Log.class).size() * WINDOW >= TEXT.length(), "the log did not go on");
        for (Said.Log log : logs(stage)) {
            if (bytes(log) > WINDOW) {
                throw Fault.failed("one runner.log had " + bytes(log) + " bytes; log_window is " + WINDOW);
            }
        }
        return "no more than " + WINDOW + " bytes were on their way";
    }

    private static int bytes(Stage stage) {
        return stage.heard(Said.Log.class).stream().mapToInt(LogCases::bytes).sum();
    }

    private static int bytes(Said.Log log) {
        return log.append().data().getBytes(StandardCharsets.UTF_8).length;
    }
}
