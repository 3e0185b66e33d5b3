package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Scope;
import hero.supervisor.store.Database;
import hero.supervisor.store.PostgresFixture;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Jobs, runners, callers and stops on different gateways of one database.
@Timeout(60)
final class SeveralGatewaysTest {
    private final Database.Settings database = PostgresFixture.freshDatabase();
    private final List<LiveGateway> gateways = new ArrayList<>();

    @AfterEach
    void stop() {
        gateways.forEach(LiveGateway::close);
    }

    private LiveGateway gateway(String name) {
        return gateway(name, Map.of());
    }

    private LiveGateway gateway(String name, Map<Setting, String> settings) {
        Map<Setting, String> all = new LinkedHashMap<>(settings);
        all.put(Setting.NODE_NAME, name);
        LiveGateway gateway = LiveGateway.start(database, all);
        gateways.add(gateway);
        return gateway;
    }

    private static void start(LiveGateway at, String id, Map<String, Object> extras) throws Exception {
        Map<String, Object> job = LiveGateway.job(id, "worker");
        job.putAll(extras);
        at.call("jobs.create", Map.of("secret", at.secret(Scope.USER), "job", job))
                .result();
        at.call("job.start", Map.of("secret", at.secret(Scope.USER), "job_id", id))
                .result();
    }

    private static void ask(LiveGateway at, String method, String id) throws Exception {
        at.call(method, Map.of("secret", at.secret(Scope.USER), "job_id", id)).result();
    }

    private static Map<String, @Nullable Object> stopOrder(LiveRunner runner) throws InterruptedException {
        return Told.object(Told.of(runner.socket().next()).members().get("params"));
    }

    private static List<?> beat(LiveRunner runner, Map<String, @Nullable Object> job) {
        Object stops = runner.socket()
                .call(
                        "runner.heartbeat",
                        Map.of("running", List.of(Map.of("job_id", "j", "attempt", job.getOrDefault("attempt", 1)))))
                .resultObject()
                .get("stops");
        return stops instanceof List<?> list ? list : List.of();
    }

    private static String error(LiveGateway at, String id) throws Exception {
        return String.valueOf(
                at.call("job.result", Map.of("job_id", id)).resultObject().get("error"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_job_started_at_one_gateway_runs_at_another_and_answers_a_caller_at_a_third(boolean notified)
            throws Exception {
        LiveGateway a = gateway("a");
        LiveGateway b = gateway("b");
        LiveGateway c = gateway("c");
        if (!notified) {
            gateways.forEach(gateway -> gateway.supervisor().deafen());
        }
        LiveRunner runner = b.runner("worker", "worker", 1);
        CompletableFuture<Told> pulled = runner.socket().begin("runner.pull", Map.of("max", 1, "wait_ms", 20_000));
        a.call("jobs.create", Map.of("secret", a.secret(Scope.USER), "job", LiveGateway.job("j", "worker")))
                .result();
        CompletableFuture<Told> blocked = c.socket().begin("job.result", Map.of("job_id", "j"));
        ask(a, "job.start", "j");
        Map<String, @Nullable Object> job = Told.object(((List<?>) Objects.requireNonNull(
                        LiveSocket.within(pulled).resultObject().get("jobs")))
                .getFirst());
        assertFalse(blocked.isDone());
        assertEquals("recorded", runner.end(job, Map.of("success", "from b")));
        assertEquals("from b", LiveSocket.within(blocked).resultObject().get("success"));
    }

    /// A caller at one gateway keeps a runner at another one busy: that one is lent, so that the jobs go past the
    /// queue. Then its own gateway has jobs for it, and gets it back.
    @Test
    void a_runner_is_lent_to_the_gateway_whose_callers_have_the_jobs_and_comes_back() throws Exception {
        LiveGateway a = gateway("a");
        LiveGateway b = gateway("b");
        LiveRunner runner = b.runner("worker", "worker", 4);
        runner.answering(job -> Map.of("success", String.valueOf(job.get("id"))));
        await().untilAsserted(() -> assertTrue(pastTheQueue(a) > 0, "none of the last hundred was lent"));
        assertEquals("own", run(b, "own"));
        for (int i = 0; i < 20; i++) {
            assertEquals("mixed" + i, run(i % 2 == 0 ? a : b, "mixed" + i));
        }
        assertEquals(0, rows("select count(*) from jobs where status <> 'completed'"));
    }

    /// How many of a hundred jobs of callers at this gateway were written as running when they were created.
    private long pastTheQueue(LiveGateway at) throws Exception {
        long before = rows("select coalesce(max(number), 0) from jobs");
        for (int i = 0; i < 100; i++) {
            String id = "j" + before + "-" + i;
            assertEquals(id, run(at, id));
        }
        return rows("select count(*) from job_events where detail = 'handed' and node like 'a/%' and job_id in"
                + " (select id from jobs where number > " + before + ")");
    }

    private long rows(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(database.url(), database.user(), database.password());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static String run(LiveGateway at, String id) throws Exception {
        return String.valueOf(
                at.call("job.run", Map.of("secret", at.secret(Scope.USER), "job", LiveGateway.job(id, "worker")))
                        .resultObject()
                        .get("success"));
    }

    @Test
    void a_job_that_becomes_due_is_brought_to_a_runner_at_whichever_gateway() throws Exception {
        LiveGateway a = gateway("a");
        LiveGateway b = gateway("b");
        List<LiveRunner> runners = List.of(a.runner("worker", "worker", 50), b.runner("other", "worker", 50));
        BlockingQueue<String> ran = new LinkedBlockingQueue<>();
        runners.forEach(runner -> runner.answering(job -> {
            ran.add(String.valueOf(job.get("id")));
            return Map.of("success", "done");
        }));
        // Whoever finds it due, the runner at the other gateway may be the only one with room.
        a.call("stop_runner", Map.of("actor_id", "worker")).result();
        for (int i = 0; i < 4; i++) {
            start(
                    a,
                    "due-" + i,
                    Map.of("start_at", Instant.now().plusMillis(300L * i).toString()));
            assertEquals("due-" + i, ran.poll(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void a_stop_asked_for_here_reaches_the_runner_there_and_is_repeated_until_it_ends() throws Exception {
        LiveGateway a = gateway("a");
        LiveGateway b = gateway("b");
        LiveRunner runner = b.runner("worker", "worker", 1);
        start(a, "j", Map.of());
        Map<String, @Nullable Object> job = runner.take();
        ask(a, "job.stop", "j");
        Map<String, @Nullable Object> order = stopOrder(runner);
        assertEquals("j graceful", order.get("job_id") + " " + order.get("mode"));
        assertEquals(1, beat(runner, job).size());
        assertEquals(1, beat(runner, job).size());
        runner.end(job, Map.of("error", "ended"));
        assertEquals("stopped", error(a, "j"));
        assertEquals(0, beat(runner, job).size());
        assertEquals(1, PrometheusText.parse(b.get("/metrics").body()).value("hero_job_stop_seconds_count"));
        Map<String, @Nullable Object> known =
                a.call("job.get", Map.of("job_id", "j")).resultObject();
        assertTrue(known.get("stop_requested_at") instanceof String, known::toString);
    }

    @Test
    void a_runner_that_does_not_stop_is_told_to_kill_and_then_the_job_ends_without_it() throws Exception {
        LiveGateway a = gateway("a");
        LiveGateway b = gateway("b", Map.of(Setting.STOP_GRACE_MS, "200"));
        LiveRunner runner = b.runner("worker", "worker", 1);
        start(a, "j", Map.of());
        runner.take();
        ask(a, "job.stop", "j");
        assertEquals("graceful", stopOrder(runner).get("mode"));
        assertEquals("kill", stopOrder(runner).get("mode"));
        assertEquals("stopped", error(a, "j"));
    }

    @Test
    void a_stop_reaches_a_runner_that_was_reconnecting_and_comes_back_at_another_gateway() throws Exception {
        LiveGateway a = gateway("a");
        LiveGateway b = gateway("b");
        LiveGateway c = gateway("c");
        LiveRunner runner = b.runner("worker", "worker", 1);
        start(a, "j", Map.of());
        Map<String, @Nullable Object> job = runner.take();
        runner.close();
        ask(a, "job.stop", "j");
        LiveRunner back = resumed(c);
        assertEquals(1, beat(back, job).size());
        back.end(job, Map.of("error", "ended"));
        assertEquals("stopped", error(b, "j"));
    }

    @Test
    void a_stop_reaches_the_runner_of_a_gateway_that_died() throws Exception {
        LiveGateway a = gateway("a");
        LiveGateway b = gateway("b");
        LiveRunner runner = b.runner("worker", "worker", 1);
        start(a, "j", Map.of());
        Map<String, @Nullable Object> job = runner.take();
        b.close();
        gateways.remove(b);
        ask(a, "job.stop", "j");
        LiveRunner back = resumed(a);
        assertEquals(1, beat(back, job).size());
        back.end(job, Map.of("error", "ended"));
        assertEquals("stopped", error(a, "j"));
    }

    @Test
    void a_stop_of_a_runner_that_never_comes_back_ends_with_its_lease() throws Exception {
        Map<Setting, String> quick = Map.of(
                Setting.LEASE_MS,
                "1500",
                Setting.HEARTBEAT_MS,
                "300",
                Setting.RESUME_GRACE_MS,
                "500",
                Setting.STOP_GRACE_MS,
                "60000");
        LiveGateway a = gateway("a", quick);
        LiveGateway b = gateway("b", quick);
        LiveRunner runner = b.runner("worker", "worker", 1);
        start(a, "j", Map.of());
        runner.take();
        runner.close();
        ask(a, "job.stop", "j");
        assertEquals("stopped", error(a, "j"));
    }

    @Test
    void a_runner_stopped_by_force_at_one_gateway_stops_what_it_runs_at_another() throws Exception {
        LiveGateway a = gateway("a");
        LiveGateway b = gateway("b");
        LiveRunner runner = b.runner("worker", "worker", 1);
        start(a, "j", Map.of());
        Map<String, @Nullable Object> job = runner.take();
        a.call("stop_runner", Map.of("actor_id", "worker", "force", true)).result();
        assertEquals("j", stopOrder(runner).get("job_id"));
        runner.end(job, Map.of("error", "ended"));
        assertEquals("stopped", error(a, "j"));
    }

    private LiveRunner resumed(LiveGateway at) {
        String session = at.sql("select session_id from jobs where id = 'j'").getFirst();
        LiveRunner runner = new LiveRunner(at.socket());
        Map<String, Object> hello = new LinkedHashMap<>(
                Map.of("secret", at.secret(Scope.REGISTER), "name", "worker", "slots", 1, "executors", List.of("sh")));
        hello.put("resume", Map.of("session_id", session, "running", List.of(Map.of("job_id", "j", "attempt", 1))));
        Map<String, @Nullable Object> answer =
                runner.socket().call("runner.connect", hello).resultObject();
        assertEquals(session, answer.get("session_id"));
        return runner;
    }
}
