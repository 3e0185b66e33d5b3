package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.transport.RawWebSocket;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Isolated;

/// Lists of many jobs, as they are streamed. Alone, as it measures the heap of this JVM.
@Isolated
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ListTest {
    private static final int JOBS = 25_000;
    /// All rows together are some 80 MB as JSON; what a list may cost is a fraction of that.
    private static final int PAYLOAD = 3000;

    private static final long HEAP_MAX = 30L << 20;
    private static final String ALL = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"jobs.list\",\"params\":{}}";

    private final LiveGateway live = LiveGateway.start();

    @BeforeAll
    void fill() {
        live.sql("insert into jobs (id, caller_id, context_id, payload, runner, queue, executor, timeout_s, env_vars,"
                + " created_text, updated_text, fingerprint, accepted_at, status) select 'j' || n, 'c' || n % 10, 'x',"
                + " repeat('p', " + PAYLOAD + "), 'r', 'r', 'sh', 300, '{}', '2023-01-01T00:00:00Z',"
                + " '2023-01-01T00:00:00Z', '\\x00', timestamptz '2024-01-01 00:00Z' + n * interval '1 minute',"
                + " 'created' from generate_series(1, " + JOBS + ") n order by n");
        live.sql("analyze jobs");
    }

    @AfterAll
    void close() {
        live.close();
    }

    /// Reads the ids out of a stream of jobs, however it comes, and keeps nothing else.
    private static final class Ids {
        private static final byte[] KEY = "{\"id\":\"".getBytes(StandardCharsets.US_ASCII);
        private final StringBuilder id = new StringBuilder();
        private int matched;
        private boolean inside;
        private int count;
        private int wrong;

        void take(int b) {
            if (inside) {
                if (b == '"') {
                    inside = false;
                    wrong += id.toString().equals("j" + (JOBS - count)) ? 0 : 1;
                    count++;
                    id.setLength(0);
                } else {
                    id.append((char) b);
                }
            } else {
                matched = b == KEY[matched] ? matched + 1 : b == KEY[0] ? 1 : 0;
                if (matched == KEY.length) {
                    inside = true;
                    matched = 0;
                }
            }
        }

        void check() {
            assertEquals(JOBS, count);
            assertEquals(0, wrong, "newest first");
        }
    }

    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Test
    void all_jobs_over_http_newest_first_in_constant_memory() throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            live.call("jobs.list", Map.of("limit", 2000)).result();
            long before = usedHeap();
            HttpResponse<InputStream> answer = http.send(
                    HttpRequest.newBuilder(URI.create(live.url() + "/rpc"))
                            .header("Content-Type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofString(ALL))
                            .build(),
                    HttpResponse.BodyHandlers.ofInputStream());
            Ids ids = new Ids();
            long most = 0;
            int end = 0;
            try (InputStream in = answer.body()) {
                byte[] buffer = new byte[1 << 16];
                for (int size = in.read(buffer), n = 0; size >= 0; size = in.read(buffer), n++) {
                    for (int i = 0; i < size; i++) {
                        ids.take(buffer[i]);
                        end = buffer[i];
                    }
                    if (n % 400 == 200) {
                        most = Math.max(most, usedHeap() - before);
                    }
                }
            }
            ids.check();
            assertEquals('}', end);
            assertTrue(most < HEAP_MAX, (most >> 20) + " MiB of heap");
        }
    }

    @Test
    void all_jobs_over_a_websocket_newest_first_in_constant_memory() throws Exception {
        live.call("jobs.list", Map.of("limit", 2000)).result();
        RawWebSocket socket = live.raw();
        long before = usedHeap();
        socket.text(ALL);
        Ids ids = new Ids();
        long most = 0;
        int frames = 0;
        RawWebSocket.Frame frame;
        do {
            frame = socket.read();
            for (byte b : frame.payload()) {
                ids.take(b);
            }
            if (frames++ % 400 == 200) {
                most = Math.max(most, usedHeap() - before);
            }
        } while (!frame.fin() || frame.opcode() >= RawWebSocket.CLOSE);
        ids.check();
        assertTrue(frames > 100, "one frame of " + frames);
        assertTrue(most < HEAP_MAX, (most >> 20) + " MiB of heap");
    }

    /// Five readers that take nothing more: what waits for them is bounded, and others are served.
    @Test
    void a_reader_that_stops_gets_no_more_than_a_queue_full() throws Exception {
        long before = usedHeap();
        List<RawWebSocket> slow = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            RawWebSocket socket = RawWebSocket.open(live.port(), 4096);
            socket.text(ALL);
            slow.add(socket);
        }
        for (RawWebSocket socket : slow) {
            assertNotNull(socket.read());
        }
        long more = usedHeap() - before;
        assertTrue(more < HEAP_MAX, (more >> 20) + " MiB of heap");
        assertEquals("ok", live.call("list_runners", null).outcome());
        for (RawWebSocket socket : slow) {
            socket.close();
        }
    }

    private List<String> ids(Map<String, ?> filter) throws IOException, InterruptedException {
        List<String> ids = new ArrayList<>();
        if (live.call("jobs.list", filter).result() instanceof List<?> jobs) {
            for (Object job : jobs) {
                Map<String, @Nullable Object> one = Told.object(job);
                ids.add(String.valueOf(one.get("id")));
            }
        }
        return ids;
    }

    @Test
    void limit_and_after_walk_through_everything() throws Exception {
        assertEquals(List.of("j25000", "j24999", "j24998"), ids(Map.of("limit", 3)));
        assertEquals(List.of("j24997", "j24996"), ids(Map.of("limit", 2, "after", "j24998")));
        assertEquals(List.of("j2", "j1"), ids(Map.of("limit", 10, "after", "j3")));
        assertEquals(List.of(), ids(Map.of("after", "j1")));
        assertEquals(List.of(), ids(Map.of("limit", 0)));
        assertEquals(1201, ids(Map.of("limit", 1201)).size());
    }

    @Test
    void filters_choose_and_keep_the_order() throws Exception {
        assertEquals(List.of("j24993", "j24983"), ids(Map.of("caller_id", "c3", "limit", 2)));
        assertEquals(List.of("j13", "j3"), ids(Map.of("caller_id", "c3", "after", "j23")));
        assertEquals(2500, ids(Map.of("caller_id", "c3")).size());
        assertEquals(List.of(), ids(Map.of("caller_id", "c10")));
        assertEquals(List.of(), ids(Map.of("status", "running")));
        assertEquals(List.of(), ids(Map.of("runner", "other")));
        assertEquals(List.of(), ids(Map.of("executor", "python")));
        assertEquals(
                List.of("j25000"),
                ids(Map.of("status", "created", "runner", "r", "executor", "sh", "context_id", "x", "limit", 1)));
    }

    @Test
    void the_ids_alone_are_streamed_too() throws Exception {
        Object ids = live.call("list_jobs", null).result();
        assertTrue(ids instanceof List<?> all
                && all.size() == JOBS
                && all.getFirst().equals("j" + JOBS));
    }
}
