package hero.supervisor.check;

import hero.supervisor.domain.Connect;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Losing the connection, and finding the way back.
final class ConnectionCases {
    private static final int TICKS = 12;

    private ConnectionCases() {}

    static List<Case> all() {
        return List.of(
                Case.of(
                        "cut",
                        "the connection breaks while a job runs",
                        "connect again with resume, session_id and all that is held; what the verdict keeps goes on",
                        ConnectionCases::cut),
                Case.of(
                        "abandon",
                        "the verdict after a broken connection is abandon",
                        "abandon: end it and report nothing",
                        ConnectionCases::abandon),
                Case.of(
                        "abandon-beat",
                        "a heartbeat's answer names a running job in abandon",
                        "abandon names what is no longer the runner's: end it and report nothing",
                        ConnectionCases::abandonBeat),
                Case.of(
                        "half-open",
                        "the server reads and answers nothing any more, the connection stays open",
                        "without a heartbeat for lease_ms the session is lost: give up the connection before, and resume",
                        ConnectionCases::halfOpen),
                Case.of(
                        "restart",
                        "the server closes with 1012 and retry_after_ms",
                        "after 1012 wait as long as the hint says, connect again, resume",
                        ConnectionCases::restart),
                Case.of(
                        "session-gone",
                        "a heartbeat is refused as conflict: the session is gone",
                        "a session that is gone is answered with conflict: connect again, with resume",
                        ConnectionCases::sessionGone));
    }

    private static String cut(Stage stage, Jobs jobs) throws InterruptedException {
        Line line = stage.connected();
        HandOver job = jobs.begin(jobs.work(TICKS));
        line.cut();
        resumed(stage, line, job, "the connection was cut");
        jobs.succeeds(job, "");
        stage.never(() -> job.reports > 1, "the job was reported again after its result was recorded");
        if (jobs.marks(job) > TICKS) {
            throw Fault.failed("the job was begun again: " + jobs.marks(job) + " marks instead of " + TICKS);
        }
        return "the runner resumed, the job went on, its result was reported once";
    }

    /// Waits for the resume; fails unless it names session and job.
    private static Line resumed(Stage stage, Line before, HandOver job, String what) throws InterruptedException {
        Duration within = Duration.ofMillis(2 * stage.settings().leaseMs());
        Line line = stage.connectedAfter(
                before,
                within,
                what + ", and no connection came within lease and grace, " + Stage.words(within) + " together");
        Connect.Resume resume = stage.connect().resume();
        if (resume == null) {
            throw Fault.failed(what + ", and runner.connect came without resume: the job would be taken away");
        }
        if (!resume.sessionId().equals(stage.server(Server::sessionId))) {
            throw Fault.failed("resume names the session " + Jobs.quoted(resume.sessionId())
                    + "; it must be the session_id of the last answer to runner.connect");
        }
        if (!resume.running().contains(job.hold())) {
            throw Fault.failed(what + ", and resume does not name the running job: it would be taken away");
        }
        return line;
    }

    private static String abandon(Stage stage, Jobs jobs) throws InterruptedException {
        Line line = stage.connected();
        HandOver job = jobs.begin(jobs.work());
        stage.server(server -> job.abandoned = true);
        line.cut();
        resumed(stage, line, job, "the connection was cut");
        return endedInSilence(stage, jobs, job);
    }

    private static String abandonBeat(Stage stage, Jobs jobs) throws InterruptedException {
        stage.connected();
        HandOver job = jobs.begin(jobs.work());
        stage.server(server -> job.abandoned = true);
        return endedInSilence(stage, jobs, job);
    }

    private static String endedInSilence(Stage stage, Jobs jobs, HandOver job) throws InterruptedException {
        jobs.over(job, "the job was abandoned");
        stage.beats(1);
        stage.await(() -> !WorkCases.named(stage, job), "heartbeats go on naming an abandoned job");
        stage.never(() -> job.reports > 0, "an abandoned job was reported");
        jobs.succeeds(stage.give(jobs.say("free again")), "free again");
        return "the job was ended, nothing of it was reported, its slot is free again";
    }

    private static String halfOpen(Stage stage, Jobs jobs) throws InterruptedException {
        Line line = stage.connected();
        HandOver job = jobs.begin(jobs.work());
        line.deafen();
        resumed(stage, line, job, "the server answered nothing for longer than lease_ms");
        stage.stop(job, "kill", 0);
        stage.result(job);
        return "the runner gave the connection up, resumed, and kept its job";
    }

    private static String restart(Stage stage, Jobs jobs) throws InterruptedException {
        Line line = stage.connected();
        HandOver job = jobs.begin(jobs.work());
        long hintMs = Math.min(1000, stage.settings().leaseMs() / 2);
        line.close(1012, "retry_after_ms=" + hintMs);
        long closedNs = stage.nowNs();
        resumed(stage, line, job, "the connection was closed with 1012");
        long pauseMs = (stage.messages(Said.Hello.class).getLast().atNs() - closedNs) / 1_000_000;
        if (pauseMs < hintMs * 9 / 10) {
            throw Fault.failed("it came back after " + pauseMs + " ms, although the hint said " + hintMs
                    + ": all runners of a server would come at once");
        }
        stage.stop(job, "kill", 0);
        stage.result(job);
        return "it resumed after " + pauseMs + " ms; the hint said " + hintMs;
    }

    private static String sessionGone(Stage stage, Jobs jobs) throws InterruptedException {
        Line line = stage.connected();
        HandOver job = jobs.begin(jobs.work());
        stage.next(Said.Beat.class, beat -> {
            beat.refuse(-32002, "conflict", "the session is gone; connect again", Map.of("reason", "session_lost"));
            return true;
        });
        // Whether on a new connection or on the same one: runner.connect with resume is what counts.
        Duration within = Duration.ofMillis(2 * stage.settings().leaseMs());
        if (!stage.wait(within, () -> stage.messages(Said.Hello.class).size() > 1)) {
            throw Fault.failed(
                    "a heartbeat was refused as conflict, and no runner.connect came within " + Stage.words(within));
        }
        if (stage.connect().resume() == null) {
            throw Fault.failed("runner.connect came without resume after the session was gone");
        }
        stage.stop(job, "kill", 0);
        stage.result(job);
        return "the runner connected again with resume" + (line.open ? ", on the same connection" : "");
    }
}
