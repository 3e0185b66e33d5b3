package hero.supervisor.api;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Scope;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.Reply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class RpcTest {
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final ConcurrentLinkedQueue<String> counted = new ConcurrentLinkedQueue<>();
    private final ScriptMethods methods = new ScriptMethods();
    private final Rpc rpc =
            methods.rpc(Limits.DEFAULT, threads, (method, outcome, took) -> counted.add(method + " " + outcome));
    private final FakePeer peer = new FakePeer();

    @AfterEach
    void close() {
        threads.close();
    }

    @Test
    void the_number_1_and_the_string_1_are_two_calls() throws Exception {
        Future<@Nullable String> number = later(result("1", "j"));
        Future<@Nullable String> string = later(result("\"1\"", "j"));
        await().until(() -> methods.waiting() == 2);
        finish("j");
        assertEquals("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"done\"}", number.get());
        assertEquals("{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":\"done\"}", string.get());
        assertTrue(peer.idsInFlight().isEmpty());
    }

    @Test
    void an_id_in_flight_is_refused_and_the_first_call_goes_on() throws Exception {
        Future<@Nullable String> first = later(result("7", "j"));
        await().until(() -> methods.waiting() == 1);
        assertTrue(String.valueOf(answer(result("7", "j"))).contains("\"kind\":\"duplicate_id\""));
        String batch = String.valueOf(answer("[" + result("7", "j") + "," + result("8", "k,0.001") + "]"));
        assertTrue(batch.contains("\"id\":7,\"error\":{\"code\":-32600"), batch);
        assertTrue(batch.contains("\"id\":8,\"error\":{\"code\":-32004"), batch);
        finish("j");
        assertEquals("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"done\"}", first.get());
        assertEquals("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"done\"}", answer(result("7", "j")));
    }

    @Test
    void a_fast_call_overtakes_slow_ones() throws Exception {
        Future<@Nullable String> slow = later(result("1", "j"));
        Future<@Nullable String> slower = later(result("2", "j"));
        await().until(() -> peer.parked.get() == 2);
        assertEquals(
                "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":[]}",
                answer("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"jobs.list\"}"));
        finish("j");
        slow.get();
        slower.get();
        assertEquals(0, peer.parked.get());
    }

    @Test
    void when_the_peer_goes_its_waits_go_with_it() throws Exception {
        Future<@Nullable String> waiting = later(result("1", "j"));
        Future<@Nullable String> batch = later("[" + result("2", "j") + "," + result("3", "j") + "]");
        await().until(() -> peer.registrations() == 3 && methods.waiting() == 3);
        peer.end();
        assertNull(waiting.get());
        assertNull(batch.get());
        assertEquals(0, peer.registrations());
        assertTrue(peer.idsInFlight().isEmpty());
        assertEquals(0, peer.parked.get());
        assertTrue(counted.contains("job.result gone"));
    }

    @Test
    void one_wait_too_many_is_busy_and_names_the_limit() {
        String reply = String.valueOf(answer(result("1", "j"), new FakePeer().waits(0)));
        assertTrue(reply.contains("\"code\":-32005"), reply);
        assertTrue(reply.contains("\"limit\":\"waits_per_connection\",\"max\":20000"), reply);
        assertTrue(reply.contains("\"retry_after_ms\":1000"), reply);
    }

    @Test
    void outside_the_safe_corner_every_call_needs_a_secret() {
        String status = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.status\",\"params\":[\"j\"]}";
        String missing = String.valueOf(answer(status, new FakePeer().outside()));
        assertTrue(missing.contains("\"kind\":\"unauthorized\""), missing);
        String wrong = status.replace("[\"j\"]", "{\"job_id\":\"j\",\"secret\":\"wrong\"}");
        assertEquals(missing, answer(wrong, new FakePeer().outside()));
        // Nothing is learned from the other parameters before the secret was judged.
        assertEquals(missing, answer(status.replace("\"j\"", "5"), new FakePeer().outside()));
        assertEquals(missing, answer(status.replace("[\"j\"]", "[]"), new FakePeer().outside()));
        String ok = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"status of j\"}";
        assertEquals(ok, answer(status, new FakePeer().outside().with(grant(Scope.USER))));
        assertEquals(ok, answer(wrong.replace("wrong", "user"), new FakePeer().outside()));
        String discover = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}";
        assertTrue(String.valueOf(answer(discover, new FakePeer().outside())).contains("openrpc"));
    }

    @Test
    void the_secret_of_the_call_wins_over_that_of_the_connection() {
        String remove = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"remove_runner\",\"params\":{\"actor_id\":\"r\"%s}}";
        FakePeer user = new FakePeer().with(grant(Scope.USER));
        FakePeer admin = new FakePeer().with(grant(Scope.ADMIN));
        String done = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}";
        assertEquals(done, answer(remove.formatted(""), admin));
        assertEquals(done, answer(remove.formatted(",\"secret\":\"admin\""), user));
        assertTrue(String.valueOf(answer(remove.formatted(""), user)).contains("\"kind\":\"forbidden\""));
        assertTrue(String.valueOf(answer(remove.formatted(",\"secret\":\"user\""), admin))
                .contains("\"needs\":\"admin\""));
    }

    @Test
    void a_login_lasts_for_the_connection() {
        FakePeer outside = new FakePeer().outside();
        String login = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"auth.login\",\"params\":[\"%s\"]}";
        assertTrue(String.valueOf(answer(login.formatted("wrong"), outside)).contains("unauthorized"));
        assertNull(outside.grant());
        assertEquals("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", answer(login.formatted("user"), outside));
        assertEquals(grant(Scope.USER), outside.grant());
    }

    @Test
    void runner_methods_need_a_connection_that_can_carry_messages_both_ways() {
        String pull = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"runner.pull\",\"params\":[1]}";
        FakePeer socket = new FakePeer().with(grant(Scope.REGISTER));
        assertEquals("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", answer(pull, socket));
        String refused = String.valueOf(answer(pull, new FakePeer().oneWay().with(grant(Scope.REGISTER))));
        assertTrue(refused.contains("-32600") && refused.contains("websocket"), refused);
        assertTrue(String.valueOf(answer(pull, new FakePeer().with(grant(Scope.USER))))
                .contains("forbidden"));
        assertTrue(String.valueOf(answer(pull, new FakePeer())).contains("unauthorized"), "not even in the corner");
    }

    @Test
    void discovery_is_the_document_itself_whatever_the_form() {
        String document = new String(methods.document().bytes(), StandardCharsets.UTF_8).strip();
        for (String params : List.of("", ",\"params\":[]", ",\"params\":{}", ",\"params\":null")) {
            assertEquals(
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" + document + "}",
                    answer("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"" + params + "}"));
        }
    }

    @Test
    void names_that_strangers_invent_do_not_become_labels() {
        answer("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.fly\"}");
        answer("{\"jsonrpc\":\"2.0\",\"method\":\"test.fail\"}");
        answer("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}");
        answer("{");
        assertEquals(
                List.of("_OTHER method_not_found", "test.fail internal", "_OTHER ignored", "_OTHER parse_error"),
                List.copyOf(counted));
    }

    @Test
    void a_stream_that_fails_after_bytes_have_left_breaks_off() {
        Reply reply = Objects.requireNonNull(rpc.answer(
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.stream\",\"params\":[100000,true]}"
                        .getBytes(StandardCharsets.UTF_8),
                peer));
        assertTrue(reply.streams());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThrows(IOException.class, () -> reply.writeTo(out));
        String text = out.toString(StandardCharsets.UTF_8);
        assertTrue(text.startsWith("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[0,1,2,"));
        assertTrue(!text.contains("error") && !text.endsWith("}"));
    }

    @Test
    void a_batch_runs_no_more_calls_at_once_than_it_may() throws Exception {
        ScriptMethods waits = new ScriptMethods();
        Rpc narrow = waits.rpc(Limits.DEFAULT, threads, (method, outcome, took) -> {});
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            items.add(result(String.valueOf(i), "j"));
        }
        Future<@Nullable String> batch =
                threads.submit(() -> text(narrow.answer(bytes("[" + String.join(",", items) + "]"), peer)));
        await().until(() -> waits.waiting() == 100);
        assertEquals(1, peer.parked.get(), "one message is one wait of its connection");
        text(narrow.answer(bytes("{\"jsonrpc\":\"2.0\",\"method\":\"test.finish\",\"params\":[\"j\"]}"), peer));
        assertTrue(String.valueOf(batch.get()).endsWith("{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":\"done\"}]"));
        assertEquals(0, peer.parked.get());
    }

    @Test
    void a_gateway_that_closes_refuses_the_calls_of_a_batch() {
        Rpc closing = methods.rpc(
                Limits.DEFAULT,
                task -> {
                    throw new java.util.concurrent.RejectedExecutionException();
                },
                (method, outcome, took) -> {});
        String reply = String.valueOf(
                text(closing.answer(bytes("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"jobs.list\"}]"), peer)));
        assertTrue(reply.contains("-32007"), reply);
    }

    @Test
    void table_and_document_must_be_the_same() {
        MethodTable.Lines lines = MethodTable.of(methods.document())
                .on("job.start", Access.USER, call -> Body.NULL)
                .on("job.fly", Access.USER, call -> Body.NULL);
        String message = String.valueOf(
                assertThrows(IllegalStateException.class, lines::build).getMessage());
        assertTrue(message.contains("job.fly is not in openrpc.json"), message);
        assertTrue(message.contains("job.status is in openrpc.json, but not in the table"), message);
    }

    private static Grant grant(Scope scope) {
        return new Grant("s-" + scope.word(), scope.word(), scope);
    }

    /// `job` may carry a timeout: `j,0.001`.
    private static String result(String id, String job) {
        String[] parts = job.split(",", 2);
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"job.result\",\"params\":[\"" + parts[0] + "\""
                + (parts.length > 1 ? "," + parts[1] : "") + "]}";
    }

    @Test
    void a_wait_has_no_thread_of_its_own() {
        FakePeer peer = new FakePeer();
        var waiting = IntStream.range(0, 500)
                .mapToObj(i -> begun(result(String.valueOf(i), "j"), peer))
                .toList();
        // All of them have begun on this thread: nothing else would be free to do it.
        assertEquals(500, methods.waiting());
        assertEquals(500, peer.parked.get());
        finish("j");
        waiting.forEach(answer -> assertTrue(String.valueOf(text(answer.join())).endsWith("\"result\":\"done\"}")));
        assertEquals(0, peer.parked.get());
        assertEquals(0, peer.registrations());
        assertEquals(Set.of(), peer.idsInFlight());
    }

    @Test
    void a_wait_ends_with_its_time_or_with_its_connection() {
        FakePeer peer = new FakePeer();
        assertTrue(String.valueOf(text(begun(result("1", "j,0.01"), peer).join()))
                .contains("wait_timeout"));
        var gone = begun(result("2", "j"), peer);
        assertEquals(1, peer.parked.get());
        peer.end();
        assertNull(gone.join());
        assertEquals(0, peer.parked.get());
    }

    @Test
    void an_answer_that_cannot_be_written_is_an_error_also_without_a_thread() {
        var answer = begun(result("1", "too deep"), peer);
        finish("too deep");
        assertTrue(String.valueOf(text(answer.join())).contains("\"code\":-32603"));
        assertEquals(Set.of(), peer.idsInFlight());
    }

    private void finish(String job) {
        answer("{\"jsonrpc\":\"2.0\",\"method\":\"test.finish\",\"params\":[\"" + job + "\"]}");
    }

    private Future<@Nullable String> later(String message) {
        return threads.submit(() -> answer(message));
    }

    private @Nullable String answer(String message) {
        return answer(message, peer);
    }

    private @Nullable String answer(String message, FakePeer from) {
        return text(begun(message, from).join());
    }

    private CompletableFuture<@Nullable Reply> begun(String message, FakePeer from) {
        var answer = new CompletableFuture<@Nullable Reply>();
        rpc.answer(bytes(message), from, (reply, mayBlock) -> answer.complete(reply));
        return answer;
    }

    private static byte[] bytes(String message) {
        return message.getBytes(StandardCharsets.UTF_8);
    }

    private static @Nullable String text(@Nullable Reply reply) {
        return reply == null ? null : new String(reply.bytes(), StandardCharsets.UTF_8);
    }
}
