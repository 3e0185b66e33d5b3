package hero.supervisor.client;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class RpcClientTest {
    private final FakeServer server = new FakeServer();
    private final List<String> notified = new CopyOnWriteArrayList<>();

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void calls_in_flight_are_answered_in_any_order() {
        try (RpcClient client = connect()) {
            List<CompletableFuture<@Nullable Object>> answers = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                answers.add(client.call("echo", Map.of("n", i)));
            }
            List<FakeServer.Call> calls = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                calls.add(server.next());
            }
            Collections.shuffle(calls);
            calls.forEach(call -> call.answer(call.params().get("n")));
            for (int i = 0; i < 200; i++) {
                assertEquals(i, answers.get(i).join());
            }
            assertEquals(0, client.openCalls());
        }
    }

    @Test
    void many_threads_may_call_at_once_with_long_messages() {
        try (RpcClient client = connect()) {
            String text = "ü🚀".repeat(50_000);
            List<CompletableFuture<@Nullable Object>> answers = new CopyOnWriteArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                threads.add(Thread.ofVirtual().start(() -> answers.add(client.call("echo", Map.of("text", text)))));
            }
            for (int i = 0; i < 20; i++) {
                FakeServer.Call call = server.next();
                assertEquals(text, call.params().get("text"));
                call.answer(true);
            }
            await().until(() -> threads.stream().noneMatch(Thread::isAlive));
            answers.forEach(answer -> assertEquals(true, answer.join()));
        }
    }

    @Test
    void fragments_are_joined_and_notifications_come_in_order() {
        try (RpcClient client = connect()) {
            var answer = client.call("x", Map.of());
            FakeServer.Call call = server.next();
            for (int i = 0; i < 50; i++) {
                call.connection().notify("job.event", Map.of("seq", i));
            }
            call.connection().sendFragmented(Map.of("jsonrpc", "2.0", "id", call.id(), "result", "ä".repeat(1000)));
            assertEquals("ä".repeat(1000), answer.join());
            assertEquals(50, notified.size());
            assertEquals("job.event{seq=49}", notified.getLast());
        }
    }

    @Test
    void an_error_of_the_server_keeps_its_code_kind_and_data() {
        try (RpcClient client = connect()) {
            var answer = client.call("job.get", Map.of("job_id", "x"));
            server.next().refuse(-32000, "job_not_found", "there is no job 'x'");
            RemoteError error = assertInstanceOf(
                    RemoteError.class,
                    assertThrows(CompletionException.class, answer::join).getCause());
            assertEquals(-32000, error.code());
            assertEquals("there is no job 'x'", error.getMessage());
            assertTrue(error.is("job_not_found"));
            assertEquals(1, error.retryAfterMs(9));
        }
    }

    @Test
    void a_machine_without_room_for_a_connection_is_like_a_server_that_is_not_there() {
        var full = List.of(
                new UncheckedIOException(new IOException("Too many open files")),
                new OutOfMemoryError("unable to create native thread"));
        for (URI url : List.of(server.url(), URI.create("http://127.0.0.1:1"))) {
            for (Throwable why : full) {
                var settings = RpcSettings.of(url, null);
                var lost = assertThrows(
                        ConnectionLost.class,
                        () -> RpcClient.connect(
                                settings, Time.system(), RpcClient.Notifications.ignored(), failing(why)));
                assertTrue(lost.nobodyThere());
                String words = why instanceof UncheckedIOException ? "Too many open files" : why.getMessage();
                assertEquals("cannot connect to " + settings.url() + ": " + words, lost.getMessage());
            }
        }
    }

    /// Its client cannot be built.
    private static HttpClient.Builder failing(Throwable why) {
        return (HttpClient.Builder) Proxy.newProxyInstance(
                RpcClientTest.class.getClassLoader(),
                new Class<?>[] {HttpClient.Builder.class},
                (builder, method, arguments) -> {
                    if (method.getName().equals("build")) {
                        throw why;
                    }
                    return builder;
                });
    }

    @Test
    void a_lost_connection_fails_open_calls_and_later_ones() {
        try (RpcClient client = connect()) {
            var answer = client.call("job.result", Map.of());
            server.next();
            server.cut();
            assertInstanceOf(
                    ConnectionLost.class,
                    assertThrows(CompletionException.class, answer::join).getCause());
            assertEquals(1006, client.closed().join().code());
            assertInstanceOf(
                    ConnectionLost.class,
                    assertThrows(
                                    CompletionException.class,
                                    () -> client.call("x", Map.of()).join())
                            .getCause());
            assertEquals(0, client.openCalls());
        }
    }

    @Test
    void code_and_reason_of_a_close_are_told() {
        try (RpcClient client = connect()) {
            var answer = client.call("x", Map.of());
            server.next().connection().close(1012, "retry_after_ms=500");
            assertEquals(
                    new RpcClient.Closed(1012, "retry_after_ms=500"),
                    client.closed().join());
            assertThrows(CompletionException.class, answer::join);
        }
    }

    @Test
    void a_server_that_shows_no_sign_of_life_is_given_up() {
        server.alive = false;
        var settings = RpcSettings.of(server.url(), null).withSilence(Duration.ofMillis(50), Duration.ofMillis(300));
        try (RpcClient client = RpcClient.connect(settings, Time.system(), RpcClient.Notifications.ignored())) {
            assertEquals(1006, client.closed().join().code());
        }
    }

    @Test
    void pings_keep_a_quiet_connection() {
        var settings = RpcSettings.of(server.url(), null).withSilence(Duration.ofMillis(20), Duration.ofMillis(2000));
        try (RpcClient client = RpcClient.connect(settings, Time.system(), RpcClient.Notifications.ignored())) {
            var answer = client.call("slow", Map.of());
            FakeServer.Call call = server.next();
            assertThrows(
                    java.util.concurrent.TimeoutException.class,
                    () -> client.closed().get(3, java.util.concurrent.TimeUnit.SECONDS));
            call.answer(1);
            assertEquals(1, answer.join());
        }
    }

    @Test
    void closing_fails_open_calls_and_tells_the_server() {
        RpcClient client = connect();
        var answer = client.call("x", Map.of());
        server.next();
        client.close();
        assertThrows(CompletionException.class, answer::join);
        assertEquals(1000, client.closed().join().code());
        client.close();
    }

    @Test
    void the_secret_travels_in_the_header_and_nowhere_else() {
        var settings = RpcSettings.of(server.url(), "hsv_usr_x");
        assertFalse(settings.toString().contains("hsv_usr_x"));
        try (RpcClient client = RpcClient.connect(settings, Time.system(), RpcClient.Notifications.ignored())) {
            var answer = client.call("x", Map.of());
            assertEquals(Map.of(), server.next().params());
            assertFalse(answer.isDone());
            assertTrue(server.heads.getFirst().startsWith("GET /rpc HTTP/1.1\r\n"));
            assertTrue(server.heads.getFirst().contains("Authorization: Bearer hsv_usr_x\r\n"));
        }
    }

    @Test
    void a_refused_secret_and_an_absent_server_are_told_apart() {
        server.refusal = "401 Unauthorized";
        ConnectionLost refused = assertThrows(ConnectionLost.class, this::connect);
        assertTrue(refused.refused());
        assertTrue(String.valueOf(refused.getMessage()).contains("refused the secret"));
        server.close();
        ConnectionLost absent = assertThrows(ConnectionLost.class, this::connect);
        assertFalse(absent.refused());
        assertTrue(String.valueOf(absent.getMessage()).startsWith("there is no server at ws://127.0.0.1:"));
    }

    @Test
    void typed_calls_read_the_seeds_shapes() {
        try (var client = new SupervisorClient(connect())) {
            Map<String, @Nullable Object> status = new HashMap<>();
            status.put("job_id", "j");
            status.put("status", "running");
            status.put("created_at", "2023-01-01T00:00:00Z");
            status.put("started_at", "2023-01-01T00:00:05+00:00");
            status.put("completed_at", null);
            answerNext("job.status", Map.of("job_id", "j"), status);
            assertEquals(JobStatus.RUNNING, client.jobStatus("j").status());
            answerNext("job.result", Map.of("job_id", "j"), Map.of("error", "exit code 1"));
            assertEquals(new JobResult.Failure("exit code 1", null), client.jobResult("j"));
            answerNext("job.run", Map.of("job", Map.of("id", "j")), Map.of("success", ""));
            assertEquals(new JobResult.Success(""), client.jobRun(Map.of("id", "j")));
            answerNext("stop_runner", Map.of("actor_id", "r", "force", true), null);
            client.stopRunner("r", true);
            answerNext("get_all_status", Map.of(), List.of(List.of("r", "idle")));
            assertEquals(List.of(List.of("r", "idle")), client.getAllStatus());
        }
    }

    @Test
    void a_url_that_is_none_is_refused_in_words() {
        for (String bad : List.of("localhost:3030", "ftp://h", "ws://user:pw@h", "ws:///x")) {
            assertThrows(IllegalArgumentException.class, () -> RpcSettings.of(bad, null), bad);
        }
        assertEquals(
                URI.create("http://h:1/rpc"),
                RpcSettings.of("http://h:1/", null).url());
        assertEquals(URI.create("ws://h/x"), RpcSettings.of("ws://h/x", null).url());
    }

    private void answerNext(String method, Map<String, ?> params, @Nullable Object result) {
        Thread.ofVirtual().start(() -> {
            FakeServer.Call call = server.next();
            if (call.method().equals(method) && call.params().equals(params)) {
                call.answer(result);
            } else {
                call.refuse(-32602, "invalid_params", "expected " + method + params + ", not " + call);
            }
        });
    }

    private RpcClient connect() {
        return RpcClient.connect(
                RpcSettings.of(server.url(), null), Time.system(), (method, params) -> notified.add(method + params));
    }
}
