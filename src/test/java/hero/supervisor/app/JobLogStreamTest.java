package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.EventStream;
import hero.supervisor.domain.Scope;
import hero.supervisor.domain.Time;
import hero.supervisor.store.Database;
import hero.supervisor.store.PostgresFixture;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What jobs print, told live: readers at one gateway, the runner at another.
@Timeout(60)
@SuppressWarnings("NullAway.Init")
final class JobLogStreamTest {
    private static final Database.Settings DATABASE = PostgresFixture.freshDatabase();

    private static LiveGateway a;
    private static LiveGateway b;
    private static LiveRunner runner;

    @BeforeAll
    static void a_runner_at_b() {
        a = gateway("a");
        b = gateway("b");
        runner = b.runner("printer", "printer", 20);
    }

    @AfterAll
    static void stop() {
        a.close();
        b.close();
    }

    private static LiveGateway gateway(String name) {
        return LiveGateway.start(DATABASE, Map.of(Setting.NODE_NAME, name));
    }

    private static Map<String, @Nullable Object> running(String id, Map<String, Object> extras) throws Exception {
        Map<String, Object> job = LiveGateway.job(id, "printer");
        job.putAll(extras);
        a.call("create_job", Map.of("secret", a.secret(Scope.USER), "job", job)).result();
        return runner.take();
    }

    private static void print(Map<String, @Nullable Object> job, String stream, long offset, String data) {
        Map<String, @Nullable Object> piece = LiveRunner.report(job, Map.of("stream", stream, "offset", offset));
        piece.put("data", data);
        runner.socket().call("runner.log", piece).resultObject();
    }

    private static Map<String, @Nullable Object> told(LiveSocket reader) throws InterruptedException {
        return Told.object(Told.of(reader.next()).members().get("params"));
    }

    private static LiveSocket reader(LiveGateway at, String jobId, @Nullable Map<String, ?> since) {
        LiveSocket reader = at.socket();
        Map<String, Object> params = new LinkedHashMap<>(Map.of("job_id", jobId, "logs", true));
        if (since != null) {
            params.put("log_since", since);
        }
        reader.call("job.subscribe", params).resultObject();
        return reader;
    }

    /// Everything up to the end of the stream.
    private static List<Map<String, @Nullable Object>> rest(LiveSocket reader) throws InterruptedException {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        do {
            all.add(told(reader));
        } while (!Boolean.TRUE.equals(all.getLast().get("final")));
        return all;
    }

    private static String text(List<Map<String, @Nullable Object>> told) {
        StringBuilder text = new StringBuilder();
        told.stream().filter(one -> one.containsKey("data")).forEach(one -> text.append(one.get("data")));
        return text.toString();
    }

    @Test
    void what_is_printed_at_one_gateway_is_told_at_the_other_and_the_end_comes_last() throws Exception {
        Map<String, @Nullable Object> job = running("live", Map.of());
        LiveSocket reader = reader(a, "live", null);
        assertEquals("running", told(reader).get("status"));
        print(job, "stdout", 0, "one\n");
        print(job, "stderr", 0, "Ärger\n");
        Map<String, @Nullable Object> first = told(reader);
        assertEquals("live stdout 0 one\n 4 1", words(first));
        assertEquals("live stderr 0 Ärger\n 11 1", words(told(reader)));
        print(job, "stdout", 4, "x".repeat(100_000));
        runner.end(job, Map.of("success", "done"));
        List<Map<String, @Nullable Object>> rest = rest(reader);
        assertEquals(100_000, text(rest).length());
        assertEquals("completed", rest.getLast().get("status"));
        Awaitility.await().until(() -> a.supervisor().streams() == 0);
    }

    private static String words(Map<String, @Nullable Object> piece) {
        return piece.get("job_id") + " " + piece.get("stream") + " " + piece.get("offset") + " " + piece.get("data")
                + " " + piece.get("next") + " " + piece.get("attempt");
    }

    @Test
    void a_reader_that_hops_between_gateways_misses_nothing_and_reads_nothing_twice() throws Exception {
        Map<String, @Nullable Object> job = running("hop", Map.of());
        Thread printer = Thread.startVirtualThread(() -> {
            long offset = 0;
            for (int i = 0; i < 200; i++) {
                print(job, "stdout", offset, i + ";");
                offset += (i + ";").length();
            }
            runner.end(job, Map.of("success", "done"));
        });
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        Map<String, Object> since = Map.of("attempt", 1, "offset", 0);
        boolean over = false;
        for (int hop = 0; !over; hop++) {
            LiveSocket reader = reader(hop % 2 == 0 ? a : b, "hop", since);
            for (int i = 0; i < 30 && !over; i++) {
                Map<String, @Nullable Object> one = told(reader);
                over = Boolean.TRUE.equals(one.get("final"));
                if (one.get("next") instanceof Integer next) {
                    all.add(one);
                    since = Map.of("attempt", 1, "offset", next);
                }
            }
            reader.close();
        }
        assertTrue(printer.join(Duration.ofSeconds(20)));
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            expected.append(i).append(';');
        }
        assertEquals(expected.toString(), text(all));
    }

    @Test
    void the_log_of_an_ended_job_is_told_before_its_end() throws Exception {
        Map<String, @Nullable Object> job = running("ended", Map.of());
        for (int i = 0; i < 30; i++) {
            print(job, "stdout", i * 100_000L, "y".repeat(100_000));
        }
        runner.end(job, Map.of("success", "done"));
        List<Map<String, @Nullable Object>> all = rest(reader(a, "ended", null));
        assertEquals(3_000_000, text(all).length(), "more than a connection's queue holds");
        assertEquals("completed", all.getLast().get("status"));
    }

    @Test
    void a_later_attempt_is_told_behind_the_earlier_one() throws Exception {
        Map<String, @Nullable Object> job = running("twice", Map.of("retries", 1));
        LiveSocket reader = reader(a, "twice", null);
        print(job, "stdout", 0, "first\n");
        runner.end(job, Map.of("error", "once more"));
        Map<String, @Nullable Object> again = runner.take();
        print(again, "stdout", 0, "second\n");
        runner.end(again, Map.of("success", "done"));
        List<Map<String, @Nullable Object>> all = rest(reader);
        assertEquals("first\nsecond\n", text(all));
        assertEquals(2, all.getLast().get("attempt"));
    }

    @Test
    void a_stream_that_is_given_up_tells_nothing_more_and_log_since_alone_is_refused() throws Exception {
        Map<String, @Nullable Object> job = running("given-up", Map.of());
        LiveSocket reader = a.socket();
        Object stream = reader.call("job.subscribe", Map.of("job_id", "given-up", "logs", true))
                .resultObject()
                .get("subscription");
        told(reader);
        assertEquals(
                true,
                reader.call("job.unsubscribe", Map.of("subscription", String.valueOf(stream)))
                        .result());
        print(job, "stdout", 0, "unheard\n");
        runner.end(job, Map.of("success", "done"));
        Told refused = reader.call(
                "job.subscribe", Map.of("job_id", "given-up", "log_since", Map.of("attempt", 1, "offset", 0)));
        assertEquals("-32602 invalid_params /log_since", refused.outcome());
        reader.call("job.subscribe", Map.of("job_id", "given-up")).resultObject();
        assertEquals("completed", told(reader).get("status"), "nothing of the first stream came in between");
    }

    @Test
    void the_client_goes_on_at_another_gateway_when_its_own_stops() throws Exception {
        LiveGateway c = gateway("c");
        List<URI> urls = List.of(
                URI.create("ws://127.0.0.1:" + c.port() + "/rpc"), URI.create("ws://127.0.0.1:" + b.port() + "/rpc"));
        Map<String, @Nullable Object> job = running("client", Map.of());
        List<Map<String, @Nullable Object>> all = new CopyOnWriteArrayList<>();
        EventStream stream = new EventStream(urls, null, Time.system(), new Random(1));
        Thread follower = Thread.startVirtualThread(
                () -> stream.follow("job.subscribe", Map.of("job_id", "client", "logs", true), event -> {
                    all.add(Told.object(event));
                    return !Boolean.TRUE.equals(event.get("final"));
                }));
        print(job, "stdout", 0, "before\n");
        Awaitility.await().until(() -> text(all).equals("before\n"));
        c.close();
        print(job, "stdout", 7, "after\n");
        Awaitility.await().until(() -> text(all).equals("before\nafter\n"));
        runner.end(job, Map.of("success", "done"));
        assertTrue(follower.join(Duration.ofSeconds(20)));
        assertEquals("before\nafter\n", text(all));
    }
}
