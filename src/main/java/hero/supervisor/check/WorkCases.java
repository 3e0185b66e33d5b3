package hero.supervisor.check;

import hero.supervisor.domain.Connect;
import hero.supervisor.domain.JobResult;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Taking jobs and carrying them out.
final class WorkCases {
    private static final int DEADLINE_MS = 400;

    /// A server takes messages of 1 MiB, so a payload is never longer than this.
    private static final int PAYLOAD_CHARS = 1 << 20;

    private WorkCases() {}

    static List<Case> all() {
        return Stream.concat(work().stream(), rules().stream()).toList();
    }

    private static List<Case> work() {
        return List.of(
                Case.of(
                        "connect",
                        "a runner introduces itself and asks for jobs",
                        "runner.connect needs name, slots and executors, then runner.pull asks for up to the free slots",
                        WorkCases::connect),
                Case.of(
                        "heartbeat",
                        "nothing to do for a while",
                        "a heartbeat every heartbeat_ms, also while a pull is open",
                        WorkCases::heartbeat),
                Case.of(
                        "success",
                        "a job that prints a line",
                        "success is what the job printed, without its last line end",
                        WorkCases::success),
                Case.of(
                        "error",
                        "a job that ends with code 3",
                        "error is why it failed, for people, with exit_code when there was a process",
                        WorkCases::error),
                Case.of(
                        "empty",
                        "a job with an empty payload",
                        "an empty payload is a payload: every job handed over gets a result",
                        WorkCases::empty),
                Case.of(
                        "characters",
                        "quotes, umlauts, emoji and line ends",
                        "messages are UTF-8; what the job printed comes back as it was",
                        WorkCases::characters),
                Case.of("big", "a payload of 1 MiB", "a payload may be as long as a message may be", WorkCases::big));
    }

    private static List<Case> rules() {
        return List.of(
                Case.of(
                        "credit",
                        "jobs until the slots are full",
                        "ask for as many jobs as there are free slots, and ask again when one is free",
                        WorkCases::credit),
                Case.of(
                        "names",
                        "a job runs over several heartbeats",
                        "running holds everything that the runner has; what two beats do not name is queued again",
                        WorkCases::names),
                Case.of(
                        "twice",
                        "the same hand-over of a job comes twice",
                        "attempt and lease name one hand-over: it is carried out once",
                        WorkCases::twice),
                Case.of(
                        "newer",
                        "a newer attempt of a job comes while the older one runs",
                        "an attempt that is named in abandon is ended and reports nothing; the newer one runs",
                        WorkCases::newer),
                Case.of(
                        "deadline",
                        "a job that runs longer than deadline_ms",
                        "the runner ends the attempt with an error when deadline_ms is over",
                        WorkCases::deadline),
                Case.of(
                        "unknown",
                        "unknown notifications, and unknown members in answers",
                        "what a runner does not know it ignores",
                        WorkCases::unknown),
                Case.of(
                        "busy",
                        "the server refuses a pull as busy, with retry_after_ms",
                        "after busy the same call may be sent again, once retry_after_ms is over",
                        WorkCases::busy));
    }

    private static String connect(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        Connect connect = stage.connect();
        if (connect.executors().isEmpty()) {
            throw Fault.failed("runner.connect names no executors: no job could be carried out");
        }
        stage.await(() -> !stage.heard(Said.Pull.class).isEmpty(), "no runner.pull came");
        int max = stage.heard(Said.Pull.class).getFirst().max();
        if (max > connect.slots()) {
            throw Fault.failed("runner.pull asks for " + max + " jobs with " + connect.slots() + " slots");
        }
        return "the name is " + connect.name() + ", slots " + connect.slots() + ", executors "
                + String.join(", ", connect.executors());
    }

    private static String heartbeat(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        long leaseMs = stage.settings().leaseMs();
        long due = leaseMs / stage.settings().heartbeatMs();
        int before = stage.heard(Said.Beat.class).size();
        stage.wait(java.time.Duration.ofMillis(leaseMs), () -> false);
        int came = stage.heard(Said.Beat.class).size() - before;
        if (came < Math.max(1, due / 3) || came > 5 * due + 5) {
            throw Fault.failed(came + " heartbeats came in " + leaseMs + " ms; heartbeat_ms asks for about " + due);
        }
        return came + " heartbeats came in " + leaseMs + " ms; about " + due + " were due";
    }

    private static String success(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        jobs.succeeds(stage.give(jobs.say("hello from the check")), "hello from the check");
        return "runner.result came with the job's output";
    }

    private static String error(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        JobResult.Failure failure = jobs.fails(stage.give(jobs.fail("no such luck")));
        if (failure.message().isBlank()) {
            throw Fault.failed("error is empty; it must say why the job failed");
        }
        Integer code = failure.exitCode();
        if (code != null && code != 3) {
            throw Fault.failed("exit_code is " + code + "; the process ended with 3");
        }
        return "error is " + Jobs.quoted(failure.message())
                + (code == null
                        ? ", without exit_code, which is allowed only where there is no process"
                        : ", exit_code 3");
    }

    private static String empty(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        JobResult result = stage.result(stage.give(jobs.empty()));
        jobs.succeeds(stage.give(jobs.say("and on")), "and on");
        return "it was reported as " + (result instanceof JobResult.Success ? "a success" : "an error")
                + ", and the next job was carried out";
    }

    private static String characters(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        String text = "'single' \"double\" `tick` $HOME %s \\n \\ <&> äöüß 漢字 🙂 \t|\u2028|\n\n  last line, indented";
        jobs.succeeds(stage.give(jobs.say(text)), text);
        return text.codePointCount(0, text.length()) + " odd characters came back as they were";
    }

    private static String big(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        jobs.succeeds(stage.give(jobs.padded(PAYLOAD_CHARS, "at the end")), "at the end");
        return "a payload of " + PAYLOAD_CHARS + " characters was carried out";
    }

    private static String credit(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        int slots = stage.connect().slots();
        int filled = Math.min(slots, 3);
        for (int i = 0; i < filled; i++) {
            jobs.begin(jobs.work());
        }
        stage.never(
                () -> asked(stage) > slots - filled,
                "with " + filled + " of " + slots + " slots taken, open pulls ask for more than the " + (slots - filled)
                        + " that are free");
        return "with " + filled + " of " + slots + " slots taken, open pulls ask for " + asked(stage);
    }

    private static int asked(Stage stage) {
        return stage.server(server -> server.openPulls().stream()
                .mapToInt(pull -> pull.said() instanceof Said.Pull said ? said.max() : 0)
                .sum());
    }

    private static String names(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        HandOver job = stage.give(jobs.work());
        stage.await(() -> named(stage, job), "no heartbeat named a job that runs");
        stage.never(() -> !named(stage, job), "a heartbeat did not name a job that runs");
        stage.stop(job, "kill", 0);
        stage.result(job);
        stage.beats(1);
        stage.await(() -> !named(stage, job), "heartbeats go on naming a job whose result was recorded");
        return "each heartbeat named the job until its result was recorded, and none afterwards";
    }

    /// The last heartbeat did.
    static boolean named(Stage stage, HandOver job) {
        List<Said.Beat> beats = stage.heard(Said.Beat.class);
        return !beats.isEmpty() && beats.getLast().running().contains(job.hold());
    }

    private static String twice(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        requireSlots(stage);
        HandOver job = jobs.work(8);
        stage.next(Said.Pull.class, pull -> {
            stage.server(server -> server.handOver(pull, List.of(job, job)));
            return true;
        });
        stage.server(Server::endPulls);
        jobs.succeeds(job, "");
        stage.never(() -> job.reports > 1, "the job was reported a second time after its result was recorded");
        long marks = jobs.marks(job);
        if (marks > 8) {
            throw Fault.failed("the job was carried out twice: " + marks + " marks instead of 8");
        }
        return "it was carried out and reported once";
    }

    private static String newer(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        requireSlots(stage);
        HandOver older = jobs.begin(jobs.work());
        HandOver newer = jobs.next(older, jobs.say("second"));
        stage.server(server -> older.abandoned = true);
        stage.give(newer);
        jobs.succeeds(newer, "second");
        jobs.over(older, "the older attempt was abandoned");
        stage.never(() -> older.reports > 0, "the older attempt was reported, although abandon had named it");
        return "the newer attempt was reported, the older one ended in silence";
    }

    private static void requireSlots(Stage stage) {
        if (stage.connect().slots() < 2) {
            throw Fault.notApplicable("the runner has one slot; this needs two");
        }
    }

    private static String deadline(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        HandOver job = jobs.work();
        job.extra.put("deadline_ms", DEADLINE_MS);
        jobs.begin(job);
        JobResult.Failure failure = jobs.fails(job);
        jobs.over(job, "the deadline of " + DEADLINE_MS + " ms is over");
        return "it was ended and reported with the error " + Jobs.quoted(failure.message());
    }

    private static String unknown(Stage stage, Jobs jobs) throws InterruptedException {
        Line line = stage.connected();
        stage.server(server ->
                server.unknown.put("of_a_later_version", Map.of("list", List.of(1, Map.of("a", true)), "text", "x")));
        stage.tell("runner.of_a_later_version", Map.of("job_id", "nobody", "attempt", 1));
        stage.tell("server.notice", Map.of());
        stage.server(Server::endPulls);
        stage.beats(2);
        HandOver job = jobs.say("still here");
        job.extra.put("of_a_later_version", List.of());
        jobs.succeeds(stage.give(job), "still here");
        if (!line.open) {
            throw Fault.failed("the runner ended its connection");
        }
        return "none of it disturbed the runner";
    }

    private static String busy(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        long pauseMs = 2 * stage.settings().heartbeatMs();
        stage.next(Said.Pull.class, pull -> {
            pull.refuse(-32005, "busy", "too much to do", Map.of("retry_after_ms", pauseMs));
            return true;
        });
        stage.server(Server::endPulls);
        HandOver job = stage.give(jobs.say("later"));
        List<Heard> pulls = stage.messages(Said.Pull.class);
        long refusedNs = 0;
        for (int i = 1; i < pulls.size(); i++) {
            refusedNs =
                    Math.max(refusedNs, pulls.get(i).atNs() - pulls.get(i - 1).atNs());
        }
        if (refusedNs / 1_000_000 < pauseMs * 9 / 10) {
            throw Fault.failed("the next runner.pull came before the " + pauseMs + " ms of retry_after_ms were over");
        }
        jobs.succeeds(job, "later");
        return "the next runner.pull came after " + refusedNs / 1_000_000 + " ms; retry_after_ms was " + pauseMs;
    }
}
