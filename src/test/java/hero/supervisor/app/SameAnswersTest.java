package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import hero.supervisor.api.RpcScript;
import hero.supervisor.api.ScriptMethods;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Time;
import hero.supervisor.transport.Gateway;
import hero.supervisor.transport.GatewaySettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The same message has the same answer over HTTP, as a WebSocket's text, and in fragments of 3 bytes, or of more
/// where it is long.
final class SameAnswersTest {

    /// The protocol's scripts, each over each way; the expected bytes are the script's.
    @TestFactory
    List<DynamicTest> every_script_is_answered_as_written() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Line.Way way : Line.Way.values()) {
            List<String> scripts = new ArrayList<>(RpcScript.ALL);
            if (way == Line.Way.HTTP) {
                scripts.add(RpcScript.BYTES);
            }
            for (String script : scripts) {
                tests.add(DynamicTest.dynamicTest(way + " " + script, () -> play(way, script)));
            }
        }
        return tests;
    }

    private static void play(Line.Way way, String script) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                Gateway gateway = scripted(threads)) {
            gateway.start();
            try (Line line = way.open(gateway.port())) {
                RpcScript.resource(script).play(line::exchange);
            }
        }
    }

    private static Gateway scripted(ExecutorService threads) {
        ScriptMethods methods = new ScriptMethods();
        return new Gateway(
                GatewaySettings.of("127.0.0.1", 0, Limits.DEFAULT),
                new RpcAnswers(methods.rpc(Limits.DEFAULT, threads, (method, outcome, took) -> {})),
                secret -> {
                    throw new Refusal(Refusal.Kind.UNAUTHORIZED, "no secret is shown here");
                },
                methods.document()::bytes,
                List::of,
                Time.system());
    }

    /// Every method of the seed, with success and each error that it has, in each form of parameters.
    @ParameterizedTest
    @EnumSource(Line.Way.class)
    void every_method_in_every_form(Line.Way way) throws Exception {
        try (LiveGateway live = LiveGateway.start();
                Line line = way.open(live.port())) {
            live.runner("answers", "answers", 10).answering(job -> {
                String payload = String.valueOf(job.get("payload"));
                return payload.startsWith("fail ") ? Map.of("error", payload.substring(5)) : Map.of("success", payload);
            });
            live.runner("holds", "holds", 10).holding();
            for (FormScript.Form form : FormScript.Form.values()) {
                new FormScript(live, line, form).play();
            }
            assertEquals(List.of("0"), live.sql("select count(*) from jobs"));
            assertEquals(List.of("0"), live.sql("select count(*) from job_queue"));
        }
    }

    /// An id that is at work on one connection is free on another, and over HTTP always.
    @Test
    void ids_belong_to_a_connection() throws Exception {
        try (LiveGateway live = LiveGateway.start()) {
            live.register("r");
            live.call(
                            "jobs.create",
                            Map.of(
                                    "secret",
                                    live.secret(hero.supervisor.domain.Scope.USER),
                                    "job",
                                    LiveGateway.job("j", "r")))
                    .result();
            LiveSocket one = live.socket();
            one.send(LiveGateway.request("\"a\"", "job.result", List.of("j")));
            org.awaitility.Awaitility.await().until(() -> live.supervisor().waiters() == 1);
            one.send(LiveGateway.request("\"a\"", "job.status", List.of("j")));
            assertEquals("-32600 duplicate_id", Told.of(one.next()).outcome());
            LiveSocket other = live.socket();
            other.send(LiveGateway.request("\"a\"", "job.status", List.of("j")));
            assertEquals("ok", Told.of(other.next()).outcome());
        }
    }
}
