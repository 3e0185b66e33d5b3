package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Scope;
import hero.supervisor.transport.RawWebSocket;
import hero.supervisor.wire.Json;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever is wrong with what a caller sends has its named error, on each transport, and leaves nothing behind.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BadInputTest {
    private static final String ROWS =
            "select concat_ws(' ', (select count(*) from jobs), (select count(*) from job_queue), (select count(*) from"
                    + " job_timers), (select count(*) from job_held), (select count(*) from job_attempts), (select"
                    + " count(*) from job_events), (select count(*) from runners), (select count(*) from secrets))";
    private static final String JOB = "{\"id\":\"bad\",\"caller_id\":\"c\",\"context_id\":\"x\",\"payload\":\"p\","
            + "\"runner\":\"r\",\"executor\":\"sh\"";

    private final LiveGateway live = LiveGateway.start();

    @BeforeAll
    void register() throws Exception {
        live.register("r");
        create(LiveGateway.job("there", "r"));
    }

    @AfterAll
    void close() {
        live.close();
    }

    private Told create(Map<String, Object> job) throws Exception {
        return live.call("jobs.create", Map.of("secret", live.secret(Scope.USER), "job", job));
    }

    private void refused(Line line, String expected, String method, String params) throws Exception {
        String before = rows();
        String call = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + method + "\",\"params\":" + params + "}";
        String answer = line.exchange(call);
        assertEquals(expected, Told.of(answer).outcome(), () -> call + "\n" + answer);
        assertEquals(before, rows(), () -> call + " left something behind");
        assertTrue(live.nobodyWaits());
    }

    private String rows() {
        return live.sql(ROWS).getFirst();
    }

    private String user() {
        return "{\"secret\":\"" + live.secret(Scope.USER) + "\",";
    }

    private static Map<String, String> badMembers() {
        Map<String, String> bad = new LinkedHashMap<>();
        bad.put("\"timeuot\":3", "/job/timeuot");
        bad.put("\"timeout\":-1", "/job/timeout");
        bad.put("\"timeout\":0", "/job/timeout");
        bad.put("\"timeout\":1e309", "/job/timeout");
        bad.put("\"timeout\":-1e309", "/job/timeout");
        bad.put("\"timeout\":31536001", "/job/timeout");
        bad.put("\"timeout\":\"300\"", "/job/timeout");
        bad.put("\"timeout\":true", "/job/timeout");
        bad.put("\"timeout\":[300]", "/job/timeout");
        bad.put("\"env_vars\":[]", "/job/env_vars");
        bad.put("\"env_vars\":{\"A\":1}", "/job/env_vars/A");
        bad.put("\"env_vars\":{\"A\":\"x\\u0000y\"}", "/job/env_vars/A");
        bad.put("\"env_vars\":{\"A\\u0000\":\"x\"}", "/job/env_vars/A\u0000");
        bad.put("\"env_vars\":{\"A=B\":\"x\"}", "/job/env_vars");
        bad.put("\"env_vars\":{\"\":\"x\"}", "/job/env_vars");
        bad.put("\"env_vars\":{\"A\":\"\\ud800\"}", "/job/env_vars/A");
        bad.put("\"labels\":{\"a\":null}", "/job/labels/a");
        bad.put("\"created_at\":\"yesterday\"", "/job/created_at");
        bad.put("\"created_at\":5", "/job/created_at");
        bad.put("\"updated_at\":\"2023-13-01T00:00:00Z\"", "/job/updated_at");
        bad.put("\"start_at\":\"\"", "/job/start_at");
        bad.put("\"start_at\":\"0000-01-01T00:00:00Z\"", "/job/start_at");
        bad.put("\"start_at\":\"2030-01-01T00:00:00+16:00\"", "/job/start_at");
        bad.put("\"retries\":-1", "/job/retries");
        bad.put("\"retries\":1.5", "/job/retries");
        bad.put("\"retries\":101", "/job/retries");
        bad.put("\"retry_delay\":-0.1", "/job/retry_delay");
        bad.put("\"priority\":101", "/job/priority");
        bad.put("\"priority\":1e300", "/job/priority");
        bad.put("\"at_most_once\":\"yes\"", "/job/at_most_once");
        bad.put("\"job_type\":\"sh\"", "/job/job_type");
        return bad;
    }

    @ParameterizedTest
    @EnumSource(Line.Way.class)
    void a_wrong_member_of_a_job_is_named(Line.Way way) throws Exception {
        try (Line line = way.open(live.port())) {
            for (String method : List.of("jobs.create", "job.run", "create_job")) {
                for (Map.Entry<String, String> bad : badMembers().entrySet()) {
                    refused(
                            line,
                            "-32602 invalid_params " + bad.getValue(),
                            method,
                            user() + "\"job\":" + JOB + "," + bad.getKey() + "}}");
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Line.Way.class)
    void a_missing_or_broken_text_of_a_job_is_named(Line.Way way) throws Exception {
        try (Line line = way.open(live.port())) {
            for (String member : List.of("caller_id", "context_id", "payload", "runner", "executor")) {
                Map<String, @Nullable Object> job = new HashMap<>(LiveGateway.job("bad", "r"));
                job.remove(member);
                job(line, "-32602 invalid_params /job/" + member, job);
                for (Object wrong : List.of(5, true, List.of("x"), Map.of(), "nul \u0000")) {
                    job.put(member, wrong);
                    job(line, "-32602 invalid_params /job/" + member, job);
                }
                refused(
                        line,
                        "-32602 invalid_params /job/" + member,
                        "jobs.create",
                        user() + "\"job\":" + halved(job, member) + "}");
            }
            for (String member : List.of("id", "caller_id", "context_id", "runner", "executor")) {
                Map<String, @Nullable Object> job = new HashMap<>(LiveGateway.job("bad", "r"));
                for (Object wrong : List.of("", "x".repeat(256), "two\nlines")) {
                    job.put(member, wrong);
                    job(line, "-32602 invalid_params /job/" + member, job);
                }
            }
            refused(line, "-32602 invalid_params /job", "jobs.create", user() + "\"job\":5}");
            refused(line, "-32602 invalid_params /job", "jobs.create", user() + "\"job\":null}");
            refused(line, "-32602 invalid_params /jobs", "jobs.create", user() + "\"jobs\":{}}");
        }
    }

    private void job(Line line, String expected, Map<String, @Nullable Object> job) throws Exception {
        refused(line, expected, "jobs.create", user() + "\"job\":" + Json.write(job) + "}");
    }

    /// The job with half a surrogate pair in that member.
    private static String halved(Map<String, @Nullable Object> job, String member) {
        job.put(member, "HALF");
        return Json.write(job).replace("HALF", "\\ud83d");
    }

    @ParameterizedTest
    @EnumSource(Line.Way.class)
    void what_is_no_message_is_refused_as_a_whole(Line.Way way) throws Exception {
        try (Line line = way.open(live.port())) {
            String before = rows();
            String deep = "[".repeat(100_000) + "]".repeat(100_000);
            Map<String, String> bad = new LinkedHashMap<>();
            bad.put(deep, "-32700 parse_error");
            bad.put("{\"a\":".repeat(100_000), "-32700 parse_error");
            bad.put(create("\"timeout\":NaN"), "-32700 parse_error");
            bad.put(create("\"timeout\":Infinity"), "-32700 parse_error");
            bad.put(create("\"timeout\":" + "9".repeat(65)), "-32700 parse_error");
            bad.put(create("\"env_vars\":" + deep), "-32700 parse_error");
            bad.put(create("\"payload\":\"twice\""), "-32700 parse_error");
            bad.put(create("\"timeout\":3").substring(1), "-32700 parse_error");
            bad.put("{\"method\":\"jobs.list\",\"id\":1}", "-32600 invalid_request");
            for (Map.Entry<String, String> one : bad.entrySet()) {
                assertEquals(
                        one.getValue(), Told.of(line.exchange(one.getKey())).outcome());
            }
            assertEquals(before, rows());
            assertEquals(
                    "ok",
                    Told.of(line.exchange(LiveGateway.request("1", "list_runners", null)))
                            .outcome());
        }
    }

    private String create(String member) {
        return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"jobs.create\",\"params\":" + user() + "\"job\":" + JOB + ","
                + member + "}}}";
    }

    @Test
    void two_mebibytes_are_too_much() throws Exception {
        String before = rows();
        String call = create("\"labels\":{\"l\":\"" + "x".repeat(2 << 20) + "\"}");
        HttpResponse<byte[]> answer = live.post(call.getBytes(StandardCharsets.UTF_8));
        assertEquals(413, answer.statusCode());
        assertEquals(
                "-32006 too_large",
                Told.of(new String(answer.body(), StandardCharsets.UTF_8)).outcome());
        RawWebSocket socket = live.raw();
        socket.text(call);
        assertEquals(1009, socket.closeCode());
        assertEquals(before, rows());
    }

    @ParameterizedTest
    @EnumSource(Line.Way.class)
    void the_same_id_is_answered_again_only_with_the_same_content(Line.Way way) throws Exception {
        try (Line line = way.open(live.port())) {
            String same = user() + "\"job\":" + Json.write(LiveGateway.job("there", "r")) + "}";
            String before = rows();
            assertEquals(
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"there\"}",
                    line.exchange(LiveGateway.request("1", "jobs.create", Json.read(same))));
            assertEquals(before, rows());
            // The times are no content: whoever leaves them out gets others each time, and may repeat all the same.
            Map<String, Object> later = LiveGateway.job("there", "r");
            later.remove("created_at");
            later.remove("updated_at");
            refused(line, "ok", "jobs.create", user() + "\"job\":" + Json.write(later) + "}");
            for (String member : List.of("caller_id", "context_id", "payload", "executor", "timeout", "env_vars")) {
                Map<String, Object> other = LiveGateway.job("there", "r");
                other.put(
                        member,
                        switch (member) {
                            case "timeout" -> 301;
                            case "env_vars" -> Map.of("A", "b");
                            default -> "other";
                        });
                refused(line, "-32002 conflict /job/id", "jobs.create", user() + "\"job\":" + Json.write(other) + "}");
            }
            Map<String, Object> nobody = LiveGateway.job("new", "nobody");
            refused(
                    line,
                    "-32001 runner_not_found /job/runner",
                    "jobs.create",
                    user() + "\"job\":" + Json.write(nobody) + "}");
            refused(line, "-32602 invalid_params /job_id", "job.status", "[\"a\\u0000b\"]");
            refused(line, "-32602 invalid_params /timeout", "job.result", "[\"there\",\"300\"]");
            refused(line, "-32602 invalid_params /timeout", "job.result", "[\"there\",1e309]");
            refused(line, "-32004 wait_timeout", "job.result", "[\"there\",0]");
        }
    }

    @Test
    void a_result_for_a_job_that_is_not_yours_is_stale() throws Exception {
        try (LiveRunner owner = live.runner("owner", "owner", 2);
                LiveRunner thief = live.runner("thief", "thief", 2)) {
            String secret = live.secret(Scope.USER);
            live.call("create_job", Map.of("secret", secret, "job", LiveGateway.job("owned", "owner")))
                    .result();
            Map<String, @Nullable Object> job = owner.take();
            Map<String, @Nullable Object> forged = new HashMap<>(job);
            forged.put("lease", "0123456789abcdef");
            String before = rows();
            assertEquals("stale", thief.end(forged, Map.of("success", "stolen")));
            assertEquals("stale", owner.end(forged, Map.of("success", "forged")));
            forged.putAll(job);
            forged.put("attempt", 2);
            assertEquals("stale", thief.end(forged, Map.of("error", "stolen")));
            Map<String, @Nullable Object> none = new HashMap<>(job);
            none.put("id", "none");
            assertEquals("stale", thief.end(none, Map.of("success", "stolen")));
            for (Map<String, ?> wrong : List.<Map<String, ?>>of(
                    Map.of(),
                    Map.of("success", "x", "error", "y"),
                    Map.of("success", 5),
                    Map.of("success", "\u0000"))) {
                Told told =
                        thief.socket().call("runner.result", Map.of("results", List.of(LiveRunner.report(job, wrong))));
                assertTrue(told.outcome().startsWith("-32602 invalid_params /results/0"), told.text());
            }
            assertEquals(before, rows());
            assertEquals(
                    "running",
                    live.call("job.status", List.of("owned")).resultObject().get("status"));
            assertEquals("recorded", owner.end(job, Map.of("success", "mine")));
            assertEquals("duplicate", owner.end(job, Map.of("success", "mine")));
            live.call("job.delete", Map.of("secret", secret, "job_id", "owned")).result();
        }
    }

    @ParameterizedTest
    @EnumSource(Line.Way.class)
    void a_secret_that_does_not_hold_is_refused_in_the_same_words(Line.Way way) throws Exception {
        Supervisor supervisor = live.supervisor();
        var revoked = supervisor.secrets().create("revoked", Scope.USER, null);
        var expired = supervisor.secrets().create("expired", Scope.USER, null);
        live.sql("update secrets set expires_at = now() - interval '1 year' where name = 'expired' returning id");
        // Reads all again: the gateway may have looked when that one still held.
        supervisor.secrets().revoke(revoked.id());
        String good = live.secret(Scope.USER);
        String typing = good.substring(0, good.length() - 1) + (good.endsWith("0") ? "1" : "0");
        String words = live.call("job.start", Map.of("job_id", "there")).message();
        try (Line line = way.open(live.port())) {
            for (String secret :
                    List.of("", "wrong", typing, revoked.secret(), expired.secret(), "x".repeat(100_000))) {
                String params = Json.write(Map.of("secret", secret, "job_id", "there"));
                refused(line, "-32602 unauthorized", "job.start", params);
                Told told = Told.of(line.exchange(LiveGateway.request("1", "job.start", Json.read(params))));
                assertEquals(words, told.message());
                assertFalse(secret.length() > 8 && told.text().contains(secret), "the secret comes back");
                // Also where none would be needed, and for a job that is not there.
                refused(line, "-32602 unauthorized", "jobs.list", Json.write(Map.of("secret", secret)));
                refused(line, "-32602 unauthorized", "job.start", Json.write(Map.of("secret", secret, "job_id", "no")));
            }
            refused(line, "-32602 invalid_params /secret", "job.start", "{\"secret\":5,\"job_id\":\"there\"}");
            Map<Scope, List<String>> forbidden = Map.of(
                    Scope.USER, List.of("secrets.list", "stop_all", "register_runner"),
                    Scope.REGISTER, List.of("jobs.list", "job.start", "secrets.list", "start_all"));
            for (Map.Entry<Scope, List<String>> entry : forbidden.entrySet()) {
                for (String method : entry.getValue()) {
                    refused(
                            line,
                            "-32602 forbidden",
                            method,
                            Json.write(Map.of("secret", live.secret(entry.getKey()))));
                }
            }
        }
    }

    @Test
    void a_port_in_use_is_said_and_nothing_is_left_running() {
        Config config = LiveGateway.config(live.database(), Map.of(Setting.PORT, String.valueOf(live.port())));
        String connections = "select count(*) from pg_stat_activity where datname = current_database()";
        int before = Integer.parseInt(live.sql(connections).getFirst());
        CannotStart refusal = assertThrows(CannotStart.class, () -> Supervisor.start(config));
        assertEquals(CannotStart.Reason.SURROUNDINGS, refusal.reason());
        assertTrue(String.valueOf(refusal.getMessage())
                .startsWith("cannot listen on 127.0.0.1 port " + live.port() + ": another program has the port"));
        await().until(() -> Integer.parseInt(live.sql(connections).getFirst()) <= before);
    }

    @Test
    void a_bad_bearer_is_401_on_both_transports() throws Exception {
        byte[] call = LiveGateway.request("1", "list_runners", null).getBytes(StandardCharsets.UTF_8);
        for (String header : List.of("Bearer wrong", "Basic dTpw", "Bearer", live.secret(Scope.USER))) {
            HttpResponse<byte[]> answer = live.post(call, "Content-Type", "application/json", "Authorization", header);
            assertEquals(401, answer.statusCode(), header);
            assertEquals(
                    "-32602 unauthorized",
                    Told.of(new String(answer.body(), StandardCharsets.UTF_8)).outcome());
            assertTrue(handshake(Map.of("Authorization", header)).startsWith("HTTP/1.1 401 "));
        }
    }

    private String handshake(Map<String, String> headers) throws IOException {
        try (RawWebSocket tcp = RawWebSocket.tcp(live.port())) {
            return tcp.handshake("/rpc", headers);
        }
    }

    @Test
    void a_foreign_origin_or_host_is_403_on_both_transports() throws Exception {
        String body = LiveGateway.request("1", "list_runners", null);
        for (Map<String, String> headers : List.of(
                Map.of("Origin", "https://evil.example"),
                Map.of("Origin", "null"),
                Map.of("Host", "evil.example"),
                Map.of("Host", "evil.example", "Origin", "http://evil.example"))) {
            assertTrue(handshake(headers).startsWith("HTTP/1.1 403 "), headers.toString());
            try (RawWebSocket tcp = RawWebSocket.tcp(live.port())) {
                String host = headers.getOrDefault("Host", "127.0.0.1:" + live.port());
                String origin = headers.containsKey("Origin") ? "Origin: " + headers.get("Origin") + "\r\n" : "";
                tcp.raw(("POST /rpc HTTP/1.1\r\nHost: " + host + "\r\n" + origin
                                + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n"
                                + body)
                        .getBytes(StandardCharsets.UTF_8));
                assertTrue(tcp.readHead().startsWith("HTTP/1.1 403 "), headers.toString());
            }
        }
    }
}
