package hero.supervisor.check;

import java.time.Duration;
import java.util.List;

/// The end of a runner. These come last: it has to be started again after each.
final class EndCases {
    private static final int TICK_MS = 50;
    /// So that a runner which forgets its heartbeats at the end is seen.
    private static final int HEARTBEATS = 3;

    private static final int NORMAL = 1000;
    private static final int SUPERSEDED = 4002;

    private EndCases() {}

    static List<Case> all() {
        return List.of(
                Case.of(
                                "drain",
                                "the server says drain while a job runs",
                                "drain: no more jobs will come; finish, report, close with 1000",
                                EndCases::drain)
                        .ending(),
                Case.of(
                                "superseded",
                                "the connection is closed with 4002: a newer one has taken the session",
                                "4002: do not connect again",
                                EndCases::superseded)
                        .ending(),
                Case.of(
                                "sigterm",
                                "SIGTERM to the runner while a job runs, and one more job in the queue",
                                "a good end: drain, release what has not begun, finish and report the rest, close with 1000",
                                EndCases::sigterm)
                        .ending());
    }

    private static String drain(Stage stage, Jobs jobs) throws InterruptedException {
        Line line = stage.connected();
        HandOver job = jobs.begin(jobs.work(ticks(stage)));
        stage.server(Server::drain);
        goesOn(stage, job);
        int pulls = stage.heard(Said.Pull.class).size();
        jobs.succeeds(job, "");
        closed(stage, line);
        if (stage.heard(Said.Pull.class).size() > pulls) {
            throw Fault.failed("runner.pull came after an answer had said drain");
        }
        stage.never(() -> cameBack(stage), "the runner connected again after it had been drained");
        return "the job was finished and reported, no further one asked for, the connection closed with 1000";
    }

    /// A job of some heartbeats, which ends while there is still patience with its result.
    private static int ticks(Stage stage) {
        long ms = Math.min(
                HEARTBEATS * stage.settings().heartbeatMs(),
                stage.settings().patience().toMillis() / 2);
        return (int) Math.max(12, ms / TICK_MS);
    }

    /// Waits for a heartbeat, or for the end of the job: nobody has to send one after that.
    private static void goesOn(Stage stage, HandOver job) throws InterruptedException {
        int beats = stage.heard(Said.Beat.class).size();
        stage.await(
                () -> stage.heard(Said.Beat.class).size() > beats || isOver(job),
                "heartbeats stopped while a job was running");
    }

    private static boolean isOver(HandOver job) {
        return job.recorded != null || job.released;
    }

    private static void closed(Stage stage, Line line) throws InterruptedException {
        stage.await(() -> !line.open, "nothing runs any more, and the connection was not closed");
        if (line.closedWith != NORMAL) {
            throw Fault.failed("the connection ended with " + line.closedWith + " instead of 1000");
        }
    }

    private static String superseded(Stage stage, Jobs jobs) throws InterruptedException {
        Line line = stage.connected();
        line.close(SUPERSEDED, "superseded");
        // Longer than the first pauses of any back-off that begins below a second.
        Duration most = Duration.ofMillis(Math.max(1000, 3 * stage.settings().heartbeatMs()));
        if (stage.wait(most, () -> cameBack(stage))) {
            throw Fault.failed(
                    "the runner connected again: two runners would take the session from each other for ever");
        }
        return "it did not connect again";
    }

    /// Someone's system may start the runner again, as a new one; a process of ours is not started again.
    private static boolean cameBack(Stage stage) {
        int allowed = stage.process() == null ? 2 : 1;
        return stage.connections() > allowed
                || (stage.connections() > 1 && stage.connect().resume() != null);
    }

    private static String sigterm(Stage stage, Jobs jobs) throws InterruptedException {
        Started process = stage.process();
        if (process == null) {
            throw Fault.notApplicable(
                    "only a runner that the kit has started can be sent a signal; put its command" + " behind --");
        }
        Line line = stage.connected();
        HandOver job = jobs.begin(jobs.work(ticks(stage)));
        process.terminate();
        goesOn(stage, job);
        HandOver late = jobs.say("too late");
        stage.offer(late);
        stage.await(() -> isOver(job), "SIGTERM came, and the running job was neither reported nor released");
        closed(stage, line);
        if (late.handed && late.recorded == null && !late.released) {
            throw Fault.failed("a job that was taken after SIGTERM was neither released nor reported");
        }
        stage.await(() -> !process.isAlive(), "the runner's process is still there after it had closed");
        return "the running job was " + (job.released ? "released" : "reported") + ", the other one "
                + (late.released ? "released" : late.handed ? "reported" : "left in the queue")
                + ", then the process ended with code " + process.exitCode();
    }
}
