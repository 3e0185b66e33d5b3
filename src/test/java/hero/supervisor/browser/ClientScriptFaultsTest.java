package hero.supervisor.browser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.client.FakeServer;
import hero.supervisor.client.FakeServer.Call;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// `client.js` while connections are lost, against a server that does what the test says. It never cuts a
/// connection right behind a message: the JDK's client, on which the page stands here, tells nobody of that.
class ClientScriptFaultsTest {
    private FakeServer server;
    private JavaScriptRealm page;

    @BeforeEach
    void start() {
        server = new FakeServer();
        page = new JavaScriptRealm();
    }

    @AfterEach
    void stop() {
        page.close();
        server.close();
    }

    private CompletableFuture<String> run(String statements) {
        String url = server.url().toString();
        return CompletableFuture.supplyAsync(
                () -> page.run("const client = new SupervisorClient(url);" + statements, Map.of("url", url)),
                Thread::startVirtualThread);
    }

    private static String answer(CompletableFuture<String> running)
            throws InterruptedException, ExecutionException, TimeoutException {
        return running.get(60, TimeUnit.SECONDS);
    }

    private static Map<String, Object> event(String subscription, int seq, String status) {
        return Map.of("subscription", subscription, "seq", "1:" + seq, "job_id", "j", "status", status, "attempt", 1);
    }

    @Test
    void a_call_whose_answer_was_lost_is_sent_again_as_the_same_job() throws Exception {
        CompletableFuture<String> running = run("return client.job_run({ job: { payload: 'p' } });");
        Object first = server.next("job.run").params().get("job");
        server.cut();
        Call again = server.next("job.run");
        again.answer(Map.of("success", "once"));
        assertEquals("{\"success\":\"once\"}", answer(running));
        assertEquals(first, again.params().get("job"), "with the id that the client gave it");
        assertTrue(String.valueOf(first).contains("id="), String.valueOf(first));
    }

    @Test
    void a_call_that_a_server_gives_back_as_it_leaves_is_asked_again() throws Exception {
        CompletableFuture<String> running = run("return client.job_result('j');");
        Call first = server.next("job.result");
        first.refuse(-32007, "shutting_down", "ask another one");
        first.connection().close(1012, "retry_after_ms=1");
        server.next("job.result").answer(Map.of("success", "later"));
        assertEquals("{\"success\":\"later\"}", answer(running));
    }

    @Test
    void jobs_without_an_id_get_different_ones() throws Exception {
        CompletableFuture<String> running =
                run("return Promise.all([1, 2].map(() => client.jobs_create({ job: { payload: 'p', id: null } })));");
        Call one = server.next("jobs.create");
        Call other = server.next("jobs.create");
        one.answer("a");
        other.answer("b");
        assertEquals("[\"a\",\"b\"]", answer(running));
        assertNotEquals(one.params(), other.params());
        assertFalse(one.params().toString().contains("id=null"), one.params()::toString);
    }

    @Test
    void what_makes_something_new_each_time_is_not_sent_again() throws Exception {
        CompletableFuture<String> running = run("return client.secrets_create({ name: 'n', scope: 'user' });");
        server.next("secrets.create");
        server.cut();
        assertTrue(answer(running).startsWith("ConnectionLost: the connection ended"), running.join());
    }

    @Test
    void what_was_repeated_and_finds_that_it_was_done_has_been_done() throws Exception {
        CompletableFuture<String> running = run("""
                return [await client.job_delete({ job_id: 'j' }), await client.job_start({ job_id: 'j' })];
                """);
        server.next("job.delete");
        server.cut();
        server.next("job.delete").refuse(-32000, "job_not_found", "there is no job 'j'");
        server.next("job.start");
        server.cut();
        server.next("job.start").refuse(-32002, "conflict", "the job 'j' has ended");
        assertEquals("[null,null]", answer(running));
    }

    @Test
    void a_wait_has_all_its_patience_when_its_connection_is_lost() throws Exception {
        CompletableFuture<String> running = run("""
                const patient = new SupervisorClient(url, { patience: 1000 });
                const wait = patient.job_result("j");
                await new Promise((done) => setTimeout(done, 1200));
                await client.call("job.status", ["older than that"]);
                return wait;
                """);
        Call first = server.next("job.result");
        server.next("job.status").answer(null);
        first.connection().close(1012, "");
        server.next("job.result").answer(Map.of("success", "still"));
        assertEquals("{\"success\":\"still\"}", answer(running));
    }

    @Test
    void a_server_that_was_there_may_be_away_for_a_moment_when_a_call_begins() throws Exception {
        CompletableFuture<String> running = run("""
                await client.call("job.status", ["it is there"]);
                await client.call("secrets.create", { name: "fails with its connection" }).catch(() => {});
                return client.list_runners();
                """);
        server.next("job.status").answer(null);
        Call away = server.next("secrets.create");
        server.refusal = "503 Service Unavailable";
        int before = server.heads.size();
        away.connection().close(1012, "");
        Awaitility.await().until(() -> server.heads.size() > before);
        server.refusal = null;
        server.next("list_runners").answer(java.util.List.of("a"));
        assertEquals("[\"a\"]", answer(running));
    }

    @Test
    void of_a_message_that_was_too_large_only_the_largest_call_fails() throws Exception {
        CompletableFuture<String> running = run("""
                const small = client.job_result("j");
                const large = client.call("job.get", ["x".repeat(1000)]).catch((error) => error.code);
                return [await large, await small];
                """);
        server.next("job.result");
        server.next("job.get").connection().close(1009, "too large");
        server.next("job.result").answer(Map.of("success", "kept"));
        assertEquals("[1009,{\"success\":\"kept\"}]", answer(running));
    }

    @Test
    void a_revoked_secret_ends_it() throws Exception {
        CompletableFuture<String> running = run("return client.job_result('j');");
        server.next("job.result").connection().close(4401, "revoked");
        assertEquals("ConnectionLost: the connection ended (4401, revoked)", answer(running));
    }

    @Test
    void a_server_that_is_not_there_is_said_at_once() throws Exception {
        String away = "ws://127.0.0.1:1";
        assertEquals(
                "ConnectionLost: no connection to " + away + "/rpc",
                page.run("return new SupervisorClient(url).list_runners();", Map.of("url", away)));
        assertEquals(
                "[\"a\"]",
                answerOf("return new SupervisorClient(['" + away + "', '" + server.url() + "']).list_runners();"),
                "the next one is asked");
    }

    private String answerOf(String statements) throws Exception {
        CompletableFuture<String> running = run(statements);
        server.next("list_runners").answer(java.util.List.of("a"));
        return answer(running);
    }

    @Test
    void a_stream_goes_on_behind_the_last_event_over_another_connection() throws Exception {
        CompletableFuture<String> running = run("""
                const seen = [];
                for await (const event of client.watchJobs({ runner: "r" })) {
                  seen.push(event.seq);
                  if (event.status === "failed") break;
                }
                return seen;
                """);
        Call first = server.next("jobs.subscribe");
        assertEquals(Map.of("filter", Map.of("runner", "r")), first.params());
        first.answer(Map.of("subscription", "s1", "seq", "1:1"));
        first.connection().notify("job.event", event("s1", 2, "queued"));
        first.connection().notify("job.event", event("other", 3, "queued"));
        first.connection().close(1012, "retry_after_ms=1");
        Call second = server.next("jobs.subscribe");
        assertEquals("1:2", second.params().get("since"));
        second.answer(Map.of("subscription", "s1", "seq", "1:2"));
        second.connection().notify("job.event", event("s1", 4, "failed"));
        assertEquals("[\"1:2\",\"1:4\"]", answer(running));
        assertEquals("s1", server.next("job.unsubscribe").params().get("subscription"), "who leaves says so");
    }

    @Test
    void a_followed_job_is_neither_told_nor_printed_twice() throws Exception {
        CompletableFuture<String> running = run("""
                const seen = [];
                for await (const event of client.watchJob("j", { logs: true })) {
                  seen.push(event.type === "log" ? event.data : event.status);
                }
                return seen;
                """);
        Call first = server.next("job.subscribe");
        first.answer(Map.of("subscription", "s1", "seq", "1:1"));
        first.connection().notify("job.event", event("s1", 2, "running"));
        first.connection().notify("job.log", log("one\n", 0, 4));
        first.connection().close(1012, "");
        Call second = server.next("job.subscribe");
        assertEquals(Map.of("attempt", 1, "offset", 4), second.params().get("log_since"));
        second.answer(Map.of("subscription", "s1", "seq", "1:3"));
        second.connection().notify("job.event", event("s1", 3, "running"));
        second.connection().notify("job.log", log("two\n", 4, 8));
        second.connection()
                .notify(
                        "job.event",
                        Map.of(
                                "subscription",
                                "s1",
                                "seq",
                                "1:5",
                                "job_id",
                                "j",
                                "status",
                                "completed",
                                "final",
                                true));
        assertEquals("[\"running\",\"one\\n\",\"two\\n\",\"completed\"]", answer(running));
    }

    private static Map<String, Object> log(String data, int offset, int next) {
        return Map.of(
                "subscription",
                "s1",
                "job_id",
                "j",
                "attempt",
                1,
                "stream",
                "stdout",
                "offset",
                offset,
                "data",
                data,
                "next",
                next);
    }

    @Test
    void gaps_are_told_also_two_in_a_row() throws Exception {
        CompletableFuture<String> running = run("""
                const seen = [];
                for await (const event of client.watchJobs({}, { since: "1:1" })) {
                  seen.push(`${event.type} ${event.from}`);
                  if (seen.length === 3) return seen;
                }
                """);
        Call call = server.next("jobs.subscribe");
        // A gap that the answer tells comes as a notification, too.
        call.answer(Map.of("subscription", "s1", "seq", "1:9", "gap", Map.of("from", "1:1", "to", "1:9")));
        for (int at = 9; at < 12; at++) {
            call.connection()
                    .notify(
                            "job.gap",
                            Map.of(
                                    "subscription",
                                    "s1",
                                    "seq",
                                    "1:" + at,
                                    "from",
                                    "1:" + at,
                                    "to",
                                    "1:" + at,
                                    "reason",
                                    "slow_reader"));
        }
        assertEquals("[\"gap 1:9\",\"gap 1:10\",\"gap 1:11\"]", answer(running));
    }

    @Test
    void who_reads_too_slowly_goes_on_behind_what_was_read_and_misses_nothing() throws Exception {
        int sent = 10_100;
        CompletableFuture<String> running = run("""
                let count = 0, last = 0, wrong = 0;
                const order = (event) => Number(event.seq.slice(2));
                for await (const event of client.watchJobs({}, { since: "1:0" })) {
                  if (count++ === 0) await client.call("job.status", ["flood"]);
                  if (order(event) !== last + 1) wrong++;
                  last = order(event);
                  if (last === 10_100) return [count, wrong];
                }
                """);
        Call first = server.next("jobs.subscribe");
        first.answer(Map.of("subscription", "s1", "seq", "1:0"));
        first.connection().notify("job.event", event("s1", 1, "queued"));
        Call held = server.next("job.status");
        for (int at = 2; at <= sent; at++) {
            first.connection().notify("job.event", event("s1", at, "queued"));
        }
        held.answer(null);
        Call second = server.next("jobs.subscribe");
        int since =
                Integer.parseInt(String.valueOf(second.params().get("since")).substring(2));
        assertTrue(since >= 1 && since < sent, "since " + since);
        second.answer(Map.of("subscription", "s2", "seq", "1:" + since));
        for (int at = since + 1; at <= sent; at++) {
            second.connection().notify("job.event", event("s2", at, "queued"));
        }
        assertEquals("[" + sent + ",0]", answer(running));
    }

    @Test
    void a_signal_ends_a_call_and_a_stream() throws Exception {
        CompletableFuture<String> running = run("""
                const stop = new AbortController();
                const call = client.call("job.result", { job_id: "j" }, { signal: stop.signal }).catch((e) => e.name);
                const stream = (async () => {
                  for await (const event of client.watchJobs({}, { signal: stop.signal }));
                })().catch((e) => e.name);
                await client.call("job.status", ["both are under way"], { signal: stop.signal });
                const listeners = stop.listeners.size;
                stop.abort();
                return [await call, await stream, listeners, stop.listeners.size];
                """);
        server.next("job.result");
        server.next("jobs.subscribe").answer(Map.of("subscription", "s1", "seq", "1:1"));
        server.next("job.status").answer(null);
        assertEquals("[\"AbortError\",\"AbortError\",1,0]", answer(running), "one listener for both");
        assertEquals("s1", server.next("job.unsubscribe").params().get("subscription"));
    }

    @Test
    void a_signal_that_comes_while_there_is_no_connection_ends_both() throws Exception {
        CompletableFuture<String> running = run("""
                const stop = new AbortController();
                const call = client.call("job.result", ["j"], { signal: stop.signal }).catch((e) => e.name);
                const stream = client.watchJob("j", { signal: stop.signal }).next().catch((e) => e.name);
                stop.abort();
                return [await call, await stream, stop.listeners.size];
                """);
        assertEquals("[\"AbortError\",\"AbortError\",0]", answer(running));
    }

    @Test
    void a_client_that_is_closed_between_two_tries_fails_what_is_under_way() throws Exception {
        CompletableFuture<String> running = run("""
                const calls = ["j", "k"].map((id) => client.job_result(id).catch((error) => error.message));
                const stream = client.watchJobs().next().catch((error) => error.message);
                await client.call("secrets.create", {}).catch(() => {});
                client.close();
                return [...await Promise.all(calls), await stream];
                """);
        server.next("jobs.subscribe").answer(Map.of("subscription", "s1", "seq", "1:1"));
        Call once = server.next("secrets.create");
        server.refusal = "503 Service Unavailable";
        once.connection().close(1012, "");
        assertEquals(
                "[\"the client was closed\",\"the client was closed\",\"the client was closed\"]", answer(running));
    }

    @Test
    void a_closed_client_fails_what_is_under_way_and_connects_no_more() throws Exception {
        CompletableFuture<String> running = run("""
                const waiting = client.job_result("j").catch((error) => error.name);
                await client.call("job.status", ["it is under way"]);
                client.close();
                return [await waiting, await client.list_runners().catch((error) => error.message)];
                """);
        server.next("job.result");
        server.next("job.status").answer(null);
        assertEquals("[\"ConnectionLost\",\"the client was closed\"]", answer(running));
        assertFalse(server.heads.size() > 1, "one connection was made");
    }
}
