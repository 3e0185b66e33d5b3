package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.EventStream;
import hero.supervisor.domain.Scope;
import hero.supervisor.domain.Time;
import hero.supervisor.store.Database;
import hero.supervisor.store.PostgresFixture;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Streams and wake-ups over two gateways on one database.
class StreamsTest {
    private static final List<String> LIFE = List.of("created", "queued", "running", "completed");

    private static Database.Settings database = PostgresFixture.freshDatabase();
    private static LiveGateway a = gateway("a");
    private static LiveGateway b = gateway("b");

    private static LiveGateway gateway(String name) {
        return LiveGateway.start(database, Map.of(Setting.NODE_NAME, name));
    }

    @BeforeAll
    static void a_runner_at_b() {
        b.runner("worker", "worker", 50).answering(job -> Map.of("success", "done " + job.get("id")));
    }

    @AfterAll
    static void stop() {
        a.close();
        b.close();
    }

    private static Told run(LiveGateway at, String id) throws Exception {
        return at.call("job.run", Map.of("secret", at.secret(Scope.USER), "job", LiveGateway.job(id, "worker")));
    }

    private static Map<String, @Nullable Object> event(LiveSocket socket) throws InterruptedException {
        return Told.object(Told.of(socket.next()).members().get("params"));
    }

    /// The events of these jobs up to the last one's end, other jobs' left out.
    private static List<Map<String, @Nullable Object>> until(LiveSocket socket, int ends) throws InterruptedException {
        List<Map<String, @Nullable Object>> events = new ArrayList<>();
        int ended = 0;
        while (ended < ends) {
            Map<String, @Nullable Object> event = event(socket);
            events.add(event);
            ended += Boolean.TRUE.equals(event.get("final")) ? 1 : 0;
        }
        return events;
    }

    private static List<String> told(List<Map<String, @Nullable Object>> events) {
        return events.stream()
                .map(event -> event.get("seq") + " " + event.get("job_id") + " " + event.get("status"))
                .toList();
    }

    private static Map<String, List<String>> lives(List<Map<String, @Nullable Object>> events) {
        Map<String, List<String>> lives = new HashMap<>();
        events.forEach(event -> lives.computeIfAbsent(String.valueOf(event.get("job_id")), _ -> new ArrayList<>())
                .add(String.valueOf(event.get("status"))));
        return lives;
    }

    private static Map<String, Object> only(String context) {
        return Map.of("filter", Map.of("context_id", context));
    }

    private static CompletableFuture<Told> begin(LiveSocket socket, LiveGateway at, String id, String context) {
        Map<String, Object> job = LiveGateway.job(id, "worker");
        job.put("context_id", context);
        return socket.begin("job.run", Map.of("secret", at.secret(Scope.USER), "job", job));
    }

    @Test
    void readers_at_both_gateways_are_told_the_same_in_the_same_order_and_whole() throws Exception {
        LiveSocket first = a.socket();
        LiveSocket second = b.socket();
        first.call("jobs.subscribe", only("order")).resultObject();
        second.call("jobs.subscribe", only("order")).resultObject();
        LiveSocket caller = a.socket();
        int jobs = 50;
        List<CompletableFuture<Told>> runs = new ArrayList<>();
        for (int i = 0; i < jobs; i++) {
            runs.add(begin(caller, a, "order-" + i, "order"));
        }
        List<Map<String, @Nullable Object>> atA = until(first, jobs);
        List<Map<String, @Nullable Object>> atB = until(second, jobs);
        runs.forEach(run -> LiveSocket.within(run).resultObject());
        assertEquals(told(atA), told(atB));
        Map<String, List<String>> lives = lives(atA);
        assertEquals(jobs, lives.size());
        lives.forEach((id, life) -> assertEquals(LIFE, life, id));
    }

    @Test
    void two_thousand_readers_of_one_job_are_all_told_each_step_in_order() throws Exception {
        allAreTold("crowd", 16, 125);
    }

    @Test
    @Tag("campaign")
    void ten_thousand_readers_of_one_job_are_all_told_each_step_in_order() throws Exception {
        allAreTold("crowds", 80, 125);
    }

    /// One job, watched over `sockets` connections to both gateways by `each` streams each.
    private static void allAreTold(String id, int sockets, int each) throws Exception {
        LiveSocket caller = a.socket();
        Map<String, Object> secret = Map.of("secret", a.secret(Scope.USER));
        Map<String, Object> create = new HashMap<>(secret);
        create.put("job", LiveGateway.job(id, "worker"));
        caller.call("jobs.create", create);
        List<LiveSocket> readers = new ArrayList<>();
        for (int i = 0; i < sockets; i++) {
            LiveSocket reader = (i % 2 == 0 ? a : b).socket();
            readers.add(reader);
            List<CompletableFuture<Told>> begun = new ArrayList<>();
            for (int n = 0; n < each; n++) {
                begun.add(reader.begin("job.subscribe", Map.of("job_id", id)));
            }
            begun.forEach(answer -> LiveSocket.within(answer).resultObject());
        }
        Map<String, Object> start = new HashMap<>(secret);
        start.put("job_id", id);
        caller.call("job.start", start).result();
        for (LiveSocket reader : readers) {
            Map<Object, List<String>> told = new HashMap<>();
            until(reader, each)
                    .forEach(event -> told.computeIfAbsent(
                                    String.valueOf(event.get("subscription")), _ -> new ArrayList<>())
                            .add(String.valueOf(event.get("status"))));
            assertEquals(each, told.size());
            told.forEach((stream, life) -> assertEquals(LIFE, life, stream::toString));
            reader.close();
        }
    }

    @Test
    void a_reader_that_hops_between_gateways_misses_nothing_and_hears_nothing_twice() throws Exception {
        LiveSocket caller = a.socket();
        LiveSocket reader = a.socket();
        String seq = String.valueOf(
                reader.call("jobs.subscribe", only("hop")).resultObject().get("seq"));
        int jobs = 120;
        List<CompletableFuture<Told>> runs = new ArrayList<>();
        for (int i = 0; i < jobs; i++) {
            runs.add(begin(caller, a, "hop-" + i, "hop"));
        }
        List<Map<String, @Nullable Object>> events = new ArrayList<>();
        int hops = 0;
        while (events.size() < jobs * LIFE.size()) {
            for (int i = 0; i < 40 && events.size() < jobs * LIFE.size(); i++) {
                events.add(event(reader));
            }
            seq = String.valueOf(events.getLast().get("seq"));
            reader.close();
            reader = (hops++ % 2 == 0 ? b : a).socket();
            Map<String, Object> params = new HashMap<>(only("hop"));
            params.put("since", seq);
            assertTrue(!reader.call("jobs.subscribe", params).resultObject().containsKey("gap"));
        }
        runs.forEach(run -> LiveSocket.within(run).resultObject());
        assertEquals(events.size(), new HashSet<>(told(events)).size());
        lives(events).forEach((id, life) -> assertEquals(LIFE, life, id));
        assertEquals(jobs, lives(events).size());
    }

    @Test
    void what_a_long_transaction_commits_late_is_not_skipped() throws Exception {
        LiveSocket reader = a.socket();
        reader.call("jobs.subscribe", Map.of("filter", Map.of("runner", "late")))
                .resultObject();
        try (Connection held = DriverManager.getConnection(database.url(), database.user(), database.password());
                Statement statement = held.createStatement()) {
            held.setAutoCommit(false);
            insert(statement, "late-1");
            b.register("late");
            Map<String, Object> create =
                    Map.of("secret", b.secret(Scope.USER), "job", LiveGateway.job("late-2", "late"));
            b.call("jobs.create", create).result();
            held.commit();
        }
        assertEquals("late-1", event(reader).get("job_id"));
        assertEquals("late-2", event(reader).get("job_id"));
    }

    private static void insert(Statement statement, String jobId) throws SQLException {
        statement.execute("insert into job_events (job_id, status, attempt, runner, queue, node) values ('" + jobId
                + "', 'queued', 0, 'late', 'late', 'c')");
    }

    @Test
    void a_caller_blocked_at_one_gateway_is_answered_when_the_result_comes_at_the_other() throws Exception {
        a.register("slow");
        Map<String, Object> job = LiveGateway.job("blocked", "slow");
        LiveSocket caller = a.socket();
        CompletableFuture<Told> run = caller.begin("job.run", Map.of("secret", a.secret(Scope.USER), "job", job));
        LiveRunner runner = b.runner("slow", "slow", 1);
        var taken = runner.take();
        CompletableFuture<Told> result = a.socket().begin("job.result", Map.of("job_id", "blocked"));
        assertEquals("recorded", runner.end(taken, Map.of("success", "at last")));
        assertEquals("at last", LiveSocket.within(run).resultObject().get("success"));
        assertEquals("at last", LiveSocket.within(result).resultObject().get("success"));
    }

    @Test
    void a_job_stream_follows_the_answer_begins_with_the_present_and_ends() throws Exception {
        run(a, "ended").resultObject();
        LiveSocket reader = b.socket();
        String id = String.valueOf(reader.call("job.subscribe", Map.of("job_id", "ended"))
                .resultObject()
                .get("subscription"));
        Map<String, @Nullable Object> event = event(reader);
        assertEquals(id, event.get("subscription"));
        assertEquals("completed", event.get("status"));
        assertEquals(true, event.get("final"));
        assertEquals(
                false,
                reader.call("job.unsubscribe", Map.of("subscription", id)).result());
    }

    @Test
    void the_client_goes_on_at_another_gateway_when_its_own_stops() throws Exception {
        LiveGateway c = gateway("c");
        List<URI> urls = List.of(
                URI.create("ws://127.0.0.1:" + c.port() + "/rpc"), URI.create("ws://127.0.0.1:" + b.port() + "/rpc"));
        EventStream stream = new EventStream(urls, null, Time.system(), new Random(1));
        BlockingQueue<Map<String, Object>> heard = new LinkedBlockingQueue<>();
        List<Map<String, @Nullable Object>> events = new ArrayList<>();
        AtomicInteger ends = new AtomicInteger();
        Thread follower = Thread.startVirtualThread(() -> stream.follow("jobs.subscribe", only("client"), event -> {
            heard.add(event);
            return !Boolean.TRUE.equals(event.get("final")) || ends.incrementAndGet() < 2;
        }));
        Awaitility.await().until(() -> c.supervisor().streams() > 0);
        LiveSocket caller = a.socket();
        LiveSocket.within(begin(caller, a, "client-1", "client")).resultObject();
        while (lives(events).getOrDefault("client-1", List.of()).size() < LIFE.size()) {
            events.add(Told.object(heard.poll(20, TimeUnit.SECONDS)));
        }
        c.close();
        LiveSocket.within(begin(caller, a, "client-2", "client")).resultObject();
        assertTrue(follower.join(Duration.ofSeconds(20)));
        heard.forEach(event -> events.add(Told.object(event)));
        assertEquals(Map.of("client-1", LIFE, "client-2", LIFE), lives(events));
    }

    @Test
    void a_connection_has_at_most_128_streams() {
        LiveSocket reader = a.socket();
        Object stream = null;
        for (int i = 0; i < 128; i++) {
            stream = reader.call("jobs.subscribe", only("nothing"))
                    .resultObject()
                    .get("subscription");
        }
        Told refused = reader.call("jobs.subscribe", only("nothing"));
        assertEquals("busy", refused.data("kind"));
        assertEquals("subscriptions", refused.data("limit"));
        assertEquals(128, refused.data("max"));
        assertEquals(
                true,
                reader.call("job.unsubscribe", Map.of("subscription", String.valueOf(stream)))
                        .result());
        reader.call("jobs.subscribe", only("nothing")).resultObject();
    }
}
