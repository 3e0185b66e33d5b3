package hero.supervisor.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.app.PostgresProcess;
import hero.supervisor.client.RemoteError;
import hero.supervisor.client.SupervisorClient;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Time;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A real PostgreSQL is killed, hangs, and is replaced by its standby, under a gateway and a runner that stay.
/// Part of the campaign (`-Pcampaign`); every build has `app/DatabaseAwayTest`.
@Tag("campaign")
@Timeout(600)
final class PostgresAwayProcessTest {
    private static final Duration AWAY = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private static Map<String, Object> errand(int number) {
        return new Errand(number, 0, Errand.Mode.SUCCEEDS).job();
    }

    private static JobResult done(int number) {
        return new JobResult.Success("done " + number);
    }

    /// Repeats a run until it is answered; only `busy` is a reason to.
    private static JobResult runUntilAnswered(SupervisorClient client, int number) {
        var answer = new JobResult[1];
        await("job " + number).atMost(Duration.ofSeconds(90)).until(() -> {
            try {
                answer[0] = client.jobRun(errand(number));
                return true;
            } catch (RemoteError e) {
                assertTrue(e.is("busy"), e::toString);
                return false;
            }
        });
        return answer[0];
    }

    @Test
    void a_killed_and_a_hanging_postgresql_lose_nothing_and_break_no_socket() throws Exception {
        try (PostgresProcess postgres = PostgresProcess.start(folder);
                Cluster cluster =
                        new Cluster(folder, postgres, postgres.settings().url(), 1, Map.of())) {
            Workers workers = new Workers(cluster, 1, 0, 10);
            SupervisorClient client = cluster.client(0, "user");
            client.jobsCreate(errand(1));
            CompletableFuture<JobResult> waiting = client.jobResultAsync("c-1");
            assertEquals(done(2), client.jobRun(errand(2)));

            assertTrue(postgres.killBackend());
            assertEquals(done(3), runUntilAnswered(client, 3));

            postgres.kill();
            RemoteError away = refusal(client, "c-2");
            assertTrue(away.is("busy") && away.retryAfterMs(0) > 0, away::toString);
            postgres.start();
            assertEquals(done(4), runUntilAnswered(client, 4));

            postgres.hang();
            // Far below the 30 s after which the driver gives up: the client's own patience is 20 s.
            RemoteError hung = refusal(client, "c-2");
            assertTrue(hung.is("busy"), hung::toString);
            postgres.goOn();
            assertEquals(done(5), runUntilAnswered(client, 5));

            assertFalse(waiting.isDone(), waiting::toString);
            runUntilStarted(client);
            assertEquals(done(1), waiting.get());
            // Refused as busy: a statement that PostgreSQL had been sent by then may have been done all the same.
            assertEquals(done(6), client.jobRun(errand(6)));
            assertFalse(client.rpc().closed().isDone(), "the caller's socket");
            assertEquals(1, workers.connects(0));
            new Ledger(postgres)
                    .assertRight(Map.of(
                            "c-1", done(1), "c-2", done(2), "c-3", done(3), "c-4", done(4), "c-5", done(5), "c-6",
                            done(6)));
        }
    }

    /// What is asked of a server whose database is away.
    private static RemoteError refusal(SupervisorClient client, String jobId) throws Exception {
        List<CompletableFuture<?>> calls = List.of(
                client.rpc().call("job.status", Map.of("job_id", jobId)),
                client.rpc().call("jobs.create", Map.of("job", errand(6))),
                client.rpc().call("job.stop", Map.of("job_id", "c-99")));
        RemoteError last = null;
        for (CompletableFuture<?> call : calls) {
            Throwable failure = call.handle((answer, error) -> error).get(20, TimeUnit.SECONDS);
            last = failure instanceof RemoteError error ? error : new RemoteError(0, "" + failure, null, Map.of());
            assertEquals("busy", last.kind(), last::toString);
        }
        return last == null ? new RemoteError(0, "none", null, Map.of()) : last;
    }

    private static void runUntilStarted(SupervisorClient client) {
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            try {
                client.jobStart("c-1");
                return true;
            } catch (RemoteError e) {
                return false;
            }
        });
    }

    /// Longer than a lease and its grace: nobody has beaten when PostgreSQL is back, and nobody may be called
    /// lost.
    @Test
    void a_minute_without_postgresql_ends_no_session_and_what_ended_meanwhile_is_recorded_once() throws Exception {
        try (PostgresProcess postgres = PostgresProcess.start(folder);
                Cluster cluster =
                        new Cluster(folder, postgres, postgres.settings().url(), 2, Map.of())) {
            Workers workers = new Workers(cluster, 0, 2, 4);
            SupervisorClient client = cluster.client(0, "user");
            Waiting jobs = new Waiting(folder);
            Map<String, JobResult> right = new TreeMap<>();
            Map<String, CompletableFuture<JobResult>> waiting = new TreeMap<>();
            for (int n = 1; n <= 6; n++) {
                String id = "away-" + n;
                right.put(id, new JobResult.Success(id));
                waiting.put(id, client.jobRunAsync(shell(id, jobs)));
            }
            await().atMost(Duration.ofSeconds(60)).until(() -> jobs.begun().size() == 6);
            client.jobsCreate(shell("acknowledged", jobs));

            postgres.stop();
            long backNanos = Time.system().nanoTime() + AWAY.toNanos();
            refusal(client, "acknowledged");
            jobs.letGo();
            await("a minute")
                    .atMost(AWAY.multipliedBy(2))
                    .pollInterval(Duration.ofSeconds(3))
                    .until(() -> {
                        refusal(client, "acknowledged");
                        return Time.system().nanoTime() - backNanos > 0;
                    });
            waiting.forEach((id, answer) -> assertFalse(answer.isDone(), id));
            postgres.start();

            for (Map.Entry<String, CompletableFuture<JobResult>> answer : waiting.entrySet()) {
                assertEquals(right.get(answer.getKey()), answer.getValue().get(60, TimeUnit.SECONDS));
            }
            client.jobStart("acknowledged");
            right.put("acknowledged", client.jobResult("acknowledged"));
            assertEquals(new JobResult.Success("acknowledged"), right.get("acknowledged"));
            assertFalse(client.rpc().closed().isDone(), "the caller's socket");
            assertEquals("1 1", workers.connects(0) + " " + workers.connects(1), "the runners' sockets");
            assertEquals(7, jobs.begun().size(), "each job was begun once");
            Ledger ledger = new Ledger(postgres);
            ledger.assertRight(right);
            assertEquals(0, ledger.number("select count(*) from job_attempts"), "no attempt was burned");
            assertEquals(2, ledger.number("select count(*) from runner_sessions"), "no session was lost");
            assertEquals(0, ledger.number("select count(*) from runner_sessions_ended"));
        }
    }

    private static Map<String, Object> shell(String id, Waiting jobs) {
        return ServeFixture.job(id, Errand.SHELL, jobs.script(id, "echo " + id), 3600);
    }

    @Test
    void a_fail_over_to_the_standby_loses_nothing_that_was_acknowledged() throws Exception {
        Path second = Files.createDirectory(folder.resolve("standby"));
        try (PostgresProcess primary = PostgresProcess.start(folder, "wal_level=replica", "max_wal_senders=4");
                PostgresProcess standby = primary.standby(second)) {
            try (Connection connection = primary.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("alter system set synchronous_standby_names = 'standby'");
                statement.execute("select pg_reload_conf()");
            }
            String url = "jdbc:postgresql://127.0.0.1:" + primary.port() + ",127.0.0.1:" + standby.port()
                    + "/postgres?targetServerType=primary";
            try (Cluster cluster = new Cluster(folder, primary, url, 1, Map.of())) {
                failOver(primary, standby, cluster);
            }
        }
    }

    private static void failOver(PostgresProcess primary, PostgresProcess standby, Cluster cluster) throws Exception {
        Workers workers = new Workers(cluster, 1, 0, 20);
        SupervisorClient client = cluster.client(0, "user");
        Set<Integer> acknowledged = ConcurrentHashMap.newKeySet();
        var over = new AtomicBoolean();
        CompletableFuture<Void> load = CompletableFuture.runAsync(() -> {
            for (int number = 0; !over.get(); number++) {
                assertEquals(done(number), runUntilAnswered(client, number));
                acknowledged.add(number);
            }
        });
        await().atMost(Duration.ofSeconds(60)).until(() -> acknowledged.size() >= 20);
        primary.kill();
        standby.promote();
        int before = acknowledged.size();
        await().atMost(Duration.ofSeconds(90)).until(() -> acknowledged.size() >= before + 20);
        over.set(true);
        load.get();
        assertFalse(client.rpc().closed().isDone(), "the caller's socket");
        assertEquals(1, workers.connects(0));
        Map<String, JobResult> told = new TreeMap<>();
        acknowledged.forEach(number -> told.put("c-" + number, done(number)));
        new Ledger(standby).assertRight(told);
    }
}
