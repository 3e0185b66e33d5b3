package hero.supervisor.process;

import static hero.supervisor.process.ServeFixture.job;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.RemoteError;
import hero.supervisor.client.SupervisorClient;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The convention's three workflows against real processes: by our client, and by the JDK's WebSocket with JSON
/// written by hand, as somebody without our client would. Source: job-api-convention.md, workflow examples.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class WorkflowProcessTest {
    private static final String RUNNER = "osis-runner-1";

    @TempDir
    static Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private ServeFixture system;

    @BeforeAll
    void a_server_and_a_runner() {
        system = new ServeFixture(folder, Map.of());
        system.runner(RUNNER, "--slots", "2", "--executor", "osis=sh");
    }

    @AfterAll
    void nothing_stays() {
        http.shutdownNow();
        system.close();
    }

    @Test
    void fire_and_forget_by_the_client() {
        SupervisorClient client = system.client("user");
        assertEquals(new JobResult.Success("Hello World"), client.jobRun(job(RUNNER, "echo Hello World")));
        assertEquals(
                new JobResult.Failure("exit code 2\nbad", null), client.jobRun(job(RUNNER, "echo bad >&2; exit 2")));
    }

    @Test
    void asynchronous_with_polling_by_the_client() {
        SupervisorClient client = system.client("user");
        String id = client.jobsCreate(job(RUNNER, "sleep 0.3; echo polled"));
        assertEquals(JobStatus.CREATED, client.jobStatus(id).status());
        client.jobStart(id);
        await().until(() -> client.jobStatus(id).status().isFinal());
        var state = client.jobStatus(id);
        assertEquals(JobStatus.COMPLETED, state.status());
        assertTrue(state.startedAt() != null && state.completedAt() != null);
        assertEquals(new JobResult.Success("polled"), client.jobResult(id));
    }

    @Test
    void a_batch_with_stop_and_delete_by_the_client() {
        SupervisorClient client = system.client("user");
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            ids.add(client.jobsCreate(job(RUNNER, "echo " + i)));
        }
        ids.forEach(client::jobStart);
        List<JobResult> results = ids.stream().map(client::jobResult).toList();
        for (int i = 0; i < 5; i++) {
            assertEquals(new JobResult.Success("" + i), results.get(i));
        }
        for (String id : ids) {
            client.jobStop(id);
            client.jobDelete(id);
            assertEquals(
                    -32000,
                    assertThrows(RemoteError.class, () -> client.jobStatus(id)).code());
        }
    }

    @Test
    void fire_and_forget_by_hand() {
        try (Hand hand = new Hand()) {
            assertEquals(
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"success\":\"Hello World\"}}",
                    hand.call(1, "job.run", "{\"secret\":\"" + hand.secret() + "\",\"job\":" + full("job-123") + "}"));
        }
    }

    @Test
    void asynchronous_with_polling_by_hand() {
        try (Hand hand = new Hand()) {
            assertEquals(
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"job-124\"}",
                    hand.call(1, "jobs.create", "[\"" + hand.secret() + "\"," + full("job-124") + "]"));
            String created = hand.call(2, "job.status", "[\"job-124\"]");
            assertTrue(
                    created.contains("\"status\":\"created\"")
                            && created.contains("\"created_at\":\"2023-01-01T00:00:00Z\"")
                            && created.contains("\"started_at\":null")
                            && created.contains("\"completed_at\":null"),
                    created);
            assertEquals(
                    "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":null}",
                    hand.call(3, "job.start", "{\"secret\":\"" + hand.secret() + "\",\"job_id\":\"job-124\"}"));
            await().until(() -> {
                String status = hand.call(4, "job.status", "[\"job-124\"]");
                return !status.contains("\"running\"") && !status.contains("\"queued\"");
            });
            assertEquals(
                    "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"success\":\"Hello World\"}}",
                    hand.call(5, "job.result", "[\"job-124\"]"));
            String list = hand.call(6, "jobs.list", "[]");
            assertTrue(
                    list.contains("\"id\":\"job-124\"") && list.contains("\"payload\":\"echo 'Hello World'\""), list);
        }
    }

    @Test
    void a_batch_with_stop_and_delete_by_hand() {
        try (Hand hand = new Hand()) {
            List<String> ids = List.of("batch-1", "batch-2", "batch-3");
            for (String id : ids) {
                assertTrue(
                        hand.call(1, "jobs.create", "{\"secret\":\"" + hand.secret() + "\",\"job\":" + full(id) + "}")
                                .endsWith("\"result\":\"" + id + "\"}"));
            }
            for (String id : ids) {
                hand.call(2, "job.start", "{\"secret\":\"" + hand.secret() + "\",\"job_id\":\"" + id + "\"}");
            }
            for (String id : ids) {
                String result = hand.call(3, "job.result", "[\"" + id + "\"]");
                assertTrue(result.endsWith("\"result\":{\"success\":\"Hello World\"}}"), result);
            }
            for (String id : ids) {
                String params = "{\"secret\":\"" + hand.secret() + "\",\"job_id\":\"" + id + "\"}";
                assertEquals("{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":null}", hand.call(4, "job.stop", params));
                assertEquals("{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":null}", hand.call(5, "job.delete", params));
                String gone = hand.call(6, "job.status", "[\"" + id + "\"]");
                assertTrue(gone.contains("\"code\":-32000"), gone);
            }
        }
    }

    /// The convention's job with our shell as its language.
    private static String full(String id) {
        return "{\"id\":\"" + id + "\",\"caller_id\":\"client-1\",\"context_id\":\"context-1\","
                + "\"payload\":\"echo 'Hello World'\",\"executor\":\"osis\",\"runner\":\"" + RUNNER + "\","
                + "\"timeout\":300,\"env_vars\":{},"
                + "\"created_at\":\"2023-01-01T00:00:00Z\",\"updated_at\":\"2023-01-01T00:00:00Z\"}";
    }

    /// A WebSocket of the JDK: one call at a time.
    private final class Hand implements WebSocket.Listener, AutoCloseable {
        private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
        private final StringBuilder text = new StringBuilder();
        private final WebSocket socket = http.newWebSocketBuilder()
                .buildAsync(URI.create(system.webSocket()), this)
                .join();

        String secret() {
            return system.secret("user");
        }

        String call(int id, String method, String params) {
            socket.sendText(
                            "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + params
                                    + "}",
                            true)
                    .join();
            try {
                String answer = answers.poll(60, TimeUnit.SECONDS);
                if (answer == null) {
                    throw new AssertionError("no answer to " + method);
                }
                return answer;
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                answers.add(text.toString());
                text.setLength(0);
            }
            from.request(1);
            return null;
        }

        @Override
        public void close() {
            socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        }
    }
}
