package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.app.SpanReceiver.Span;
import hero.supervisor.domain.Scope;
import hero.supervisor.store.PostgresFixture;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// One trace from the client's call over queue, runner and result.
final class TracingTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String CLIENT = "00f067aa0ba902b7";
    private static final String SENT = "00-" + TRACE + "-" + CLIENT + "-01";
    private static final String STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";

    @Test
    void a_call_at_one_gateway_and_a_run_at_another_are_one_trace() throws Exception {
        try (SpanReceiver receiver = new SpanReceiver()) {
            String handed;
            var database = PostgresFixture.freshDatabase();
            try (LiveGateway a = LiveGateway.start(database, traced(receiver, "a"));
                    LiveGateway b = LiveGateway.start(database, traced(receiver, "b"))) {
                LiveRunner runner = b.runner("r", "r", 1);
                var result = CompletableFuture.supplyAsync(() -> run(a, "j"));
                var job = runner.take();
                handed = String.valueOf(job.get("traceparent"));
                assertEquals(STATE, job.get("tracestate"));
                runner.end(job, Map.of("success", "done"));
                assertTrue(result.join().contains("done"));
            }
            Span call = only(receiver, "job.run");
            assertEquals(CLIENT, call.parent());
            assertEquals(2, call.kind());
            assertEquals("jsonrpc", call.attributes().get("rpc.system"));
            assertEquals("job.run", call.attributes().get("rpc.method"));
            assertEquals(STATE, call.state());
            Span queued = only(receiver, "job queued");
            Span run = only(receiver, "job run");
            for (Span span : List.of(queued, run, only(receiver, "job wake"))) {
                assertEquals(TRACE, span.trace(), span.name());
                assertEquals(STATE, span.state(), span.name());
                assertEquals(call.id(), span.parent(), span.name());
            }
            assertEquals("j", run.attributes().get("supervisor.job_id"));
            assertEquals("completed", run.attributes().get("supervisor.outcome"));
            assertEquals(queued.end(), run.start());
            assertEquals("00-" + TRACE + "-" + run.id() + "-01", handed);
        }
    }

    @Test
    void a_run_that_ends_at_another_gateway_than_it_began_at_is_told_once_under_the_id_that_its_job_knows()
            throws Exception {
        try (SpanReceiver receiver = new SpanReceiver()) {
            String handed;
            var database = PostgresFixture.freshDatabase();
            try (LiveGateway a = LiveGateway.start(database, traced(receiver, "a"));
                    LiveGateway b = LiveGateway.start(database, traced(receiver, "b"))) {
                LiveRunner first = new LiveRunner(a.socket());
                Object session =
                        first.connect(a.secret(Scope.REGISTER), "r", "r", 1).get("session_id");
                create(a, "j", SENT);
                var job = first.take();
                handed = String.valueOf(job.get("traceparent"));
                LiveRunner second = new LiveRunner(b.socket());
                second.socket()
                        .call(
                                "runner.connect",
                                Map.of(
                                        "secret",
                                        a.secret(Scope.REGISTER),
                                        "name",
                                        "r",
                                        "queue",
                                        "r",
                                        "slots",
                                        1,
                                        "executors",
                                        List.of("sh"),
                                        "resume",
                                        Map.of(
                                                "session_id",
                                                String.valueOf(session),
                                                "running",
                                                List.of(Map.of("job_id", "j", "attempt", 1)))))
                        .result();
                assertEquals("recorded", second.end(job, Map.of("error", "no")));
            }
            Span run = only(receiver, "job run");
            assertEquals("00-" + TRACE + "-" + run.id() + "-01", handed);
            assertEquals("failed", run.attributes().get("supervisor.outcome"));
        }
    }

    @Test
    void a_call_that_fails_tells_its_code_and_one_without_a_trace_begins_its_own() throws Exception {
        try (SpanReceiver receiver = new SpanReceiver()) {
            try (LiveGateway gateway = LiveGateway.start(traced(receiver, "a"))) {
                gateway.call("job.status", Map.of("job_id", "none"));
                gateway.call("no.such", Map.of());
            }
            Span status = only(receiver, "job.status");
            assertEquals("", status.parent());
            assertEquals("-32000", status.attributes().get("rpc.jsonrpc.error_code"));
            assertEquals("-32601", only(receiver, "_OTHER").attributes().get("rpc.jsonrpc.error_code"));
        }
    }

    @Test
    void the_ratio_is_for_calls_without_a_trace_and_the_callers_flag_for_the_others() throws Exception {
        try (SpanReceiver receiver = new SpanReceiver()) {
            var settings = new java.util.EnumMap<>(traced(receiver, "a"));
            settings.put(Setting.TRACE_RATIO, "0");
            try (LiveGateway gateway = LiveGateway.start(settings)) {
                gateway.register("r");
                create(gateway, "plain", null);
                create(gateway, "unsampled", SENT.substring(0, 53) + "00");
                create(gateway, "sampled", SENT);
                assertEquals(
                        List.of("unsampled", "sampled"),
                        gateway.sql("select id from job_traces join jobs on number = job_number order by number"));
            }
            assertEquals(1, receiver.spans().size());
            assertEquals(TRACE, only(receiver, "create_job").trace());
        }
    }

    @Test
    void without_a_receiver_the_callers_traceparent_is_handed_on_and_removed_with_the_job() throws Exception {
        try (LiveGateway gateway = LiveGateway.start()) {
            LiveRunner runner = gateway.runner("r", "r", 3);
            // To a pull that is parked, and into the queue.
            var parked = CompletableFuture.supplyAsync(runner::take);
            create(gateway, "one", SENT);
            create(gateway, "two", SENT);
            create(gateway, "none", null);
            create(gateway, "wrong", "00-1");
            var one = parked.join();
            assertEquals(SENT, one.get("traceparent"));
            assertEquals(SENT, runner.take().get("traceparent"));
            assertFalse(runner.take().containsKey("traceparent"));
            assertEquals(2, gateway.sql("select * from job_traces").size());
            runner.end(one, Map.of("success", ""));
            gateway.call("job.delete", Map.of("secret", gateway.secret(Scope.USER), "job_id", one.get("id")))
                    .result();
            assertEquals(1, gateway.sql("select * from job_traces").size());
        }
    }

    @Test
    void the_tracestate_goes_with_its_traceparent_to_a_parked_pull_and_through_the_queue() throws Exception {
        try (LiveGateway gateway = LiveGateway.start()) {
            LiveRunner runner = gateway.runner("r", "r", 4);
            var parked = CompletableFuture.supplyAsync(runner::take);
            create(gateway, "parked", SENT, STATE);
            assertEquals(STATE, parked.join().get("tracestate"));
            create(gateway, "queued", SENT, " " + STATE + " ,");
            create(gateway, "wrong", SENT, "no state");
            create(gateway, "alone", null, STATE);
            assertEquals(STATE, runner.take().get("tracestate"));
            var wrong = runner.take();
            assertEquals(SENT, wrong.get("traceparent"));
            assertFalse(wrong.containsKey("tracestate"));
            assertFalse(runner.take().containsKey("tracestate"));
            assertEquals(
                    List.of(STATE, STATE, "null"),
                    gateway.sql("select coalesce(tracestate, 'null') from job_traces order by job_number"));
        }
    }

    @Test
    void a_receiver_that_is_away_keeps_nobody() throws Exception {
        try (LiveGateway gateway = LiveGateway.start(Map.of(Setting.TRACE_ENDPOINT, "http://127.0.0.1:1"))) {
            LiveRunner runner = gateway.runner("r", "r", 1);
            create(gateway, "j", SENT);
            var job = runner.take();
            assertNotEquals(SENT, job.get("traceparent"));
            assertEquals("recorded", runner.end(job, Map.of("success", "")));
        }
    }

    private static Map<Setting, String> traced(SpanReceiver receiver, String node) {
        return Map.of(Setting.TRACE_ENDPOINT, receiver.url(), Setting.NODE_NAME, node);
    }

    /// By `_meta`, in whose place a header would do as well.
    private static void create(LiveGateway gateway, String id, @Nullable String traceparent) throws Exception {
        create(gateway, id, traceparent, null);
    }

    private static void create(
            LiveGateway gateway, String id, @Nullable String traceparent, @Nullable String tracestate)
            throws Exception {
        Map<String, Object> params = new java.util.HashMap<>();
        params.put("secret", gateway.secret(Scope.USER));
        params.put("job", LiveGateway.job(id, "r"));
        Map<String, Object> meta = new java.util.HashMap<>();
        if (traceparent != null) {
            meta.put("traceparent", traceparent);
        }
        if (tracestate != null) {
            meta.put("tracestate", tracestate);
        }
        if (!meta.isEmpty()) {
            params.put("_meta", meta);
        }
        gateway.call("create_job", params).result();
    }

    /// With the header.
    private static String run(LiveGateway gateway, String id) {
        try {
            String body = LiveGateway.request(
                    "1", "job.run", Map.of("secret", gateway.secret(Scope.USER), "job", LiveGateway.job(id, "r")));
            var answer = gateway.post(
                    body.getBytes(StandardCharsets.UTF_8),
                    "Content-Type",
                    "application/json",
                    "traceparent",
                    SENT,
                    "tracestate",
                    "rojo=00f067aa0ba902b7",
                    "tracestate",
                    "congo=t61rcWkgMzE");
            return new String(answer.body(), StandardCharsets.UTF_8);
        } catch (java.io.IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Span only(SpanReceiver receiver, String name) {
        List<Span> spans = receiver.named(name);
        assertEquals(1, spans.size(), name + " of " + receiver.spans());
        return spans.getFirst();
    }
}
