package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Scope;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/// Ten thousand callers that wait at once. Alone, as it counts the threads of this JVM.
@Isolated
final class WaitingTest {
    private static final int CALLERS = 10_000;

    private static final int JOBS = 50;
    private static final int SOCKETS = 4;

    private static void make(LiveGateway live) throws Exception {
        for (int i = 0; i < JOBS; i++) {
            live.call(
                            "create_job",
                            Map.of("secret", live.secret(Scope.USER), "job", LiveGateway.job("w" + i, "waited")))
                    .result();
        }
    }

    private static List<CompletableFuture<Told>> callers(LiveGateway live) {
        List<LiveSocket> sockets = new ArrayList<>();
        for (int i = 0; i < SOCKETS; i++) {
            sockets.add(live.socket());
        }
        List<CompletableFuture<Told>> answers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            answers.add(sockets.get(i % SOCKETS).begin("job.result", List.of("w" + i % JOBS)));
        }
        return answers;
    }

    /// Connections to this database that do anything, also an open transaction.
    private static String busyConnections(LiveGateway live) {
        return live.sql("select count(*) from pg_stat_activity where datname = current_database()"
                        + " and pid <> pg_backend_pid() and state <> 'idle'")
                .getFirst();
    }

    @Test
    void ten_thousand_callers_cost_no_thread_and_no_connection_and_are_all_answered() throws Exception {
        try (LiveGateway live = LiveGateway.start()) {
            live.register("waited");
            make(live);
            int threads = ManagementFactory.getThreadMXBean().getThreadCount();
            List<CompletableFuture<Told>> answers = callers(live);
            await().until(() -> live.supervisor().waits() == CALLERS);
            int more = ManagementFactory.getThreadMXBean().getThreadCount() - threads;
            assertTrue(more < 50, more + " further platform threads");
            // The gateway's own sweeps look in now and then; nothing stays.
            await().until(() -> busyConnections(live).equals("0"));
            assertEquals("ok", live.call("jobs.list", Map.of("limit", 1)).outcome());
            LiveRunner runner = live.runner("waited", "waited", JOBS);
            Map<String, Map<String, @Nullable Object>> jobs = new HashMap<>();
            while (jobs.size() < JOBS) {
                runner.pull(JOBS, 5000).forEach(job -> jobs.put(String.valueOf(job.get("id")), job));
            }
            assertTrue(answers.stream().noneMatch(CompletableFuture::isDone));
            for (Map.Entry<String, Map<String, @Nullable Object>> job : jobs.entrySet()) {
                assertEquals("recorded", runner.end(job.getValue(), Map.of("success", "of " + job.getKey())));
            }
            for (int i = 0; i < CALLERS; i++) {
                assertEquals(
                        Map.of("success", "of w" + i % JOBS),
                        LiveSocket.within(answers.get(i)).result());
            }
            await().until(live::nobodyWaits);
        }
    }

    @Test
    void callers_that_go_away_leave_nothing_behind() throws Exception {
        try (LiveGateway live = LiveGateway.start()) {
            live.register("waited");
            make(live);
            List<LiveSocket> sockets = new ArrayList<>();
            for (int i = 0; i < SOCKETS; i++) {
                sockets.add(live.socket());
            }
            for (int i = 0; i < 2000; i++) {
                sockets.get(i % SOCKETS).begin("job.result", List.of("w" + i % JOBS));
            }
            await().until(() -> live.supervisor().waiters() == 2000);
            sockets.forEach(LiveSocket::close);
            await().until(live::nobodyWaits);
            assertEquals(
                    "queued",
                    live.call("job.status", List.of("w0")).resultObject().get("status"));
        }
    }

    @Test
    void a_result_that_is_there_is_given_also_to_a_caller_who_will_not_wait() throws Exception {
        try (LiveGateway live = LiveGateway.start()) {
            live.register("waited");
            Map<String, Object> job = LiveGateway.job("stopped-1", "waited");
            live.call("jobs.create", Map.of("secret", live.secret(Scope.USER), "job", job));
            assertEquals(
                    "-32004 wait_timeout",
                    live.call("job.result", Map.of("job_id", "stopped-1", "timeout", 0))
                            .outcome());
            for (String call : List.of("job.run", "run_job")) {
                Told late =
                        live.call(call, Map.of("secret", live.secret(Scope.USER), "job", withoutId(job), "timeout", 0));
                assertEquals("-32004 wait_timeout", late.outcome(), late.text());
                List<Object> id = List.of(String.valueOf(late.data("job_id")));
                await().until(() -> live.call("job.status", id).outcome().equals("ok"));
            }
            live.call("job.stop", Map.of("secret", live.secret(Scope.USER), "job_id", "stopped-1"));
            assertEquals(
                    Map.of("error", "stopped"),
                    live.call("job.result", Map.of("job_id", "stopped-1", "timeout", 0))
                            .result());
            await().until(live::nobodyWaits);
        }
    }

    private static Map<String, Object> withoutId(Map<String, Object> job) {
        Map<String, Object> rest = new HashMap<>(job);
        rest.remove("id");
        return rest;
    }

    /// A wait that is over leaves nothing either, on each transport.
    @Test
    void a_wait_that_times_out_is_forgotten() throws Exception {
        try (LiveGateway live = LiveGateway.start()) {
            live.register("waited");
            make(live);
            LiveSocket socket = live.socket();
            for (int i = 0; i < 20; i++) {
                assertEquals(
                        "-32004 wait_timeout",
                        socket.call("job.result", List.of("w0", 0.01)).outcome());
                Told late = live.call("job.result", List.of("w0", 0.01));
                assertEquals("-32004 wait_timeout", late.outcome());
                assertEquals("w0", late.data("job_id"));
            }
            await().until(live::nobodyWaits);
        }
    }
}
