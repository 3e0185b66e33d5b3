package hero.supervisor.process;

import static hero.supervisor.process.ServeFixture.job;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.SupervisorClient;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.process.Processes.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `supervisor runner` as a process, on a server with short limits: how jobs end and how runners end.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RunnerProcessTest {
    private static final JobResult STOPPED = new JobResult.Failure("stopped", null);

    @TempDir
    static Path folder;

    private ServeFixture system;
    private SupervisorClient client;

    @BeforeAll
    void a_server_and_a_runner() {
        system = new ServeFixture(
                folder,
                Map.of(
                        "SUPERVISOR_HEARTBEAT_MS", "500",
                        "SUPERVISOR_LEASE_MS", "6000",
                        "SUPERVISOR_RESUME_GRACE_MS", "1000",
                        "SUPERVISOR_STOP_GRACE_MS", "1500"));
        client = system.client("user");
        system.runner("steady", "--slots", "4", "--executor", "gone=no-such-program-here {}");
    }

    @AfterAll
    void nothing_stays() {
        system.close();
    }

    @Test
    void a_runner_told_to_end_lets_its_job_finish_and_takes_no_other() throws IOException {
        Command runner = system.runner("drains", "--slots", "1");
        Path go = folder.resolve("go");
        String first =
                started(job("drain-1", "drains", "while [ ! -e " + go + " ]; do sleep 0.05; done; echo done", 60));
        awaitRunning(first);
        String second = started(job("drain-2", "drains", "echo later", 60));
        runner.signal("TERM").awaitLine("runner drains is draining");
        assertEquals(JobStatus.RUNNING, client.jobStatus(first).status());
        Files.createFile(go);
        assertEquals(new JobResult.Success("done"), client.jobResult(first));
        assertEquals(0, runner.exit(), runner::toString);
        assertEquals(JobStatus.QUEUED, client.jobStatus(second).status());
        system.runner("drains", "--slots", "1");
        assertEquals(new JobResult.Success("later"), client.jobResult(second));
    }

    @Test
    void a_killed_runners_job_goes_to_another_one_as_its_second_attempt() throws IOException {
        Command first = system.runner("lost", "--slots", "1");
        Path pids = folder.resolve("pids");
        String script =
                "echo $$ > " + pids + "-$SUPERVISOR_ATTEMPT; [ $SUPERVISOR_ATTEMPT = 2 ] && echo two || sleep 300";
        String id = started(job("redelivered", "lost", script, 60));
        Path pid = Path.of(pids + "-1");
        await().until(() -> Files.exists(pid) && Files.size(pid) > 0);
        first.signal("KILL").ended();
        system.runner("other", "--queue", "lost", "--slots", "1");
        assertEquals(new JobResult.Success("two"), client.jobResult(id));
        assertEquals(2, Tree.array(client.jobGet(id).get("attempts")).size(), () -> "" + client.jobGet(id));
        // What the killed runner left running was ended when the other one started.
        long left = Long.parseLong(Files.readString(pid).strip());
        await().until(() -> !Processes.runs(left));
    }

    @Test
    void a_job_over_its_time_ends_at_the_runner_with_everything_it_started() throws IOException {
        Path pids = folder.resolve("timeout-pids");
        String id = started(job("slow", "steady", "sleep 300 & echo $! > " + pids + "; wait", 1));
        assertEquals(new JobResult.Failure("timed out after 1 s", null), client.jobResult(id));
        assertEquals(JobStatus.TIMEOUT, client.jobStatus(id).status());
        long pid = Long.parseLong(Files.readString(pids).strip());
        await().until(() -> !Processes.runs(pid));
    }

    @Test
    void the_server_ends_a_job_over_its_time_when_the_runner_stands_still() throws IOException {
        Command runner = system.runner("frozen", "--slots", "1");
        String id = started(job("frozen-job", "frozen", "sleep 300", 2));
        awaitRunning(id);
        runner.signal("STOP");
        assertEquals(new JobResult.Failure("timed out after 2 s", null), client.jobResult(id));
        assertEquals(JobStatus.TIMEOUT, client.jobStatus(id).status());
        runner.signal("CONT");
        // The runner comes back, ends what it still has, and works on.
        assertEquals(new JobResult.Success("alive"), client.jobRun(job("frozen", "echo alive")));
        assertEquals(JobStatus.TIMEOUT, client.jobStatus(id).status());
    }

    @Test
    void a_runner_that_stands_still_too_long_loses_its_job_and_is_told_when_it_comes_back() throws IOException {
        Command runner = system.runner("still", "--slots", "1");
        Path pids = folder.resolve("still-pids");
        String id = started(job(
                "still-job",
                "still",
                "echo $$ > " + pids + "-$SUPERVISOR_ATTEMPT; [ $SUPERVISOR_ATTEMPT = 2 ] && echo two || sleep 300",
                60));
        Path file = Path.of(pids + "-1");
        await().until(() -> Files.exists(file) && Files.size(file) > 0);
        runner.signal("STOP");
        system.runner("moving", "--queue", "still", "--slots", "1");
        assertEquals(new JobResult.Success("two"), client.jobResult(id));
        long pid = Long.parseLong(Files.readString(file).strip());
        assertTrue(Processes.runs(pid), "nobody has told it yet");
        runner.signal("CONT");
        await().atMost(Duration.ofSeconds(30)).until(() -> !Processes.runs(pid));
        assertEquals(new JobResult.Success("two"), client.jobResult(id));
        assertTrue(runner.process().isAlive(), runner::toString);
    }

    @Test
    void a_stopped_job_may_tidy_up() throws IOException {
        Path ready = folder.resolve("tidy-ready");
        Path tidied = folder.resolve("tidied");
        String id = started(job(
                "tidy",
                "steady",
                "trap 'echo x > " + tidied + "; exit 0' TERM; sleep 300 & echo $! > " + ready + "; wait",
                60));
        await().until(() -> Files.exists(ready) && Files.size(ready) > 0);
        client.jobStop(id);
        assertEquals(STOPPED, client.jobResult(id));
        assertEquals(JobStatus.FAILED, client.jobStatus(id).status());
        assertTrue(Files.exists(tidied));
        long child = Long.parseLong(Files.readString(ready).strip());
        await().until(() -> !Processes.runs(child));
    }

    @Test
    void a_job_that_does_not_listen_is_killed() throws IOException {
        Path ready = folder.resolve("deaf-ready");
        String id = started(
                job("deaf", "steady", "trap '' TERM; echo $$ > " + ready + "; while :; do sleep 0.2; done", 60));
        await().until(() -> Files.exists(ready) && Files.size(ready) > 0);
        client.jobStop(id);
        assertEquals(STOPPED, client.jobResult(id));
        long pid = Long.parseLong(Files.readString(ready).strip());
        await().until(() -> !Processes.runs(pid));
    }

    @Test
    void a_deleted_job_is_stopped_first() throws IOException {
        Path ready = folder.resolve("deleted-ready");
        String id = started(job("deleted", "steady", "echo $$ > " + ready + "; sleep 300", 60));
        await().until(() -> Files.exists(ready) && Files.size(ready) > 0);
        client.jobDelete(id);
        long pid = Long.parseLong(Files.readString(ready).strip());
        await().until(() -> !Processes.runs(pid));
        Command gone = system.user("job", "status", id);
        assertEquals(2, gone.exit(), gone::toString);
    }

    @Test
    void an_executor_that_is_not_there_is_said() {
        Map<String, Object> cobol = new HashMap<>(job("steady", "x"));
        cobol.put("executor", "cobol");
        String message = failure(client.jobRun(cobol));
        assertTrue(message.startsWith("executor 'cobol' is not there on runner 'steady'; it has "), message);
        cobol.put("executor", "gone");
        message = failure(client.jobRun(cobol));
        assertTrue(message.contains("'no-such-program-here' is not there"), message);
    }

    @Test
    void a_job_sees_its_own_variables_and_nothing_of_the_runners() {
        Map<String, Object> job = new HashMap<>(job("steady", "env; tr '\\0' '\\n' < /proc/$PPID/cmdline"));
        job.put("env_vars", Map.of("MINE", "yes"));
        JobResult result = client.jobRun(job);
        String seen = result instanceof JobResult.Success(String output) ? output : result.toString();
        assertTrue(seen.lines().anyMatch("MINE=yes"::equals), seen);
        assertFalse(seen.contains("hsv_") || seen.contains("SUPERVISOR_SECRET"), seen);
        assertFalse(seen.contains("SUPERVISOR_URL"), seen);
    }

    private static String failure(JobResult result) {
        return result instanceof JobResult.Failure failure ? failure.message() : result.toString();
    }

    private String started(Map<String, Object> job) {
        String id = client.jobsCreate(job);
        client.jobStart(id);
        return id;
    }

    private void awaitRunning(String id) {
        await().until(() -> client.jobStatus(id).status() == JobStatus.RUNNING);
    }
}
