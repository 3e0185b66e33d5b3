package hero.supervisor.api;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Scope;
import hero.supervisor.domain.Time;
import hero.supervisor.domain.Tracing;
import hero.supervisor.wire.Bodies;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.JobJson;
import hero.supervisor.wire.JobReader;
import hero.supervisor.wire.OpenRpcDocument;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.stream.IntStream;

/// Methods that behave in every way a method can, for scripts and tests of the protocol. No store behind them.
public final class ScriptMethods {
    private static final String DOCUMENT = """
            {"openrpc":"1.3.2","info":{"title":"t","version":"1"},"methods":[
            {"name":"rpc.discover","params":[]},
            {"name":"auth.login","params":[{"name":"secret","required":true,"schema":{"type":"string"}}]},
            {"name":"jobs.list","params":[]},
            {"name":"list_jobs","params":[]},
            {"name":"job.run","params":[{"name":"params","schema":{"$ref":"#/components/schemas/WithJob"}}]},
            {"name":"run_job","params":[{"name":"params","schema":{"$ref":"#/components/schemas/WithJob"}}]},
            {"name":"job.start","params":[{"name":"params","schema":{"type":"object","properties":
              {"secret":{"type":"string"},"job_id":{"type":"string"}},"required":["secret","job_id"]}}]},
            {"name":"job.status","params":[{"name":"job_id","required":true,"schema":{"type":"string"}}]},
            {"name":"job.result","params":[{"name":"job_id","required":true,"schema":{"type":"string"}},
              {"name":"timeout","schema":{"type":"number"}}]},
            {"name":"stop_runner","params":[{"name":"actor_id","required":true,"schema":{"type":"string"}},
              {"name":"force","schema":{"type":"boolean"}}]},
            {"name":"remove_runner","params":[{"name":"actor_id","required":true,"schema":{"type":"string"}}]},
            {"name":"register_runner","params":[{"name":"secret","required":true,"schema":{"type":"string"}},
              {"name":"name","required":true,"schema":{"type":"string"}}]},
            {"name":"runner.pull","params":[{"name":"max","required":true,"schema":{"type":"integer"}}]},
            {"name":"test.finish","params":[{"name":"job_id","required":true,"schema":{"type":"string"}}]},
            {"name":"test.fail","params":[]},
            {"name":"test.text","params":[{"name":"length","required":true,"schema":{"type":"integer"}}]},
            {"name":"test.stream","params":[{"name":"items","required":true,"schema":{"type":"integer"}},
              {"name":"then_fail","schema":{"type":"boolean"}}]}
            ],"components":{"schemas":{"WithJob":{"type":"object","properties":
              {"secret":{"type":"string"},"job":{"type":"object"}},"required":["secret","job"]}}}}
            """;

    private final Map<String, CompletableFuture<String>> results = new ConcurrentHashMap<>();
    private final OpenRpcDocument document = OpenRpcDocument.of(DOCUMENT.getBytes(StandardCharsets.UTF_8));
    private final JobReader jobs = new JobReader(
            Limits.DEFAULT, () -> "new-id", InstantSource.fixed(Instant.parse("2026-01-01T00:00:00.123Z")));

    public OpenRpcDocument document() {
        return document;
    }

    /// A dispatcher over these methods.
    public Rpc rpc(Limits limits, Executor threads, CallMeter meter) {
        Time time = Time.system();
        Timeouts timeouts =
                new Timeouts(time).start(Thread.ofPlatform().daemon().factory());
        return new Rpc(
                table(), ScriptMethods::check, limits, threads, timeouts, time, () -> "ref-1", meter, Tracing.NONE);
    }

    /// How many callers wait for a result that is not there.
    long waiting() {
        return results.values().stream()
                .mapToInt(CompletableFuture::getNumberOfDependents)
                .sum();
    }

    MethodTable table() {
        return MethodTable.of(document)
                .on("rpc.discover", Access.PUBLIC, call -> document.body())
                .on("auth.login", Access.PUBLIC, this::login)
                .on("jobs.list", Access.READ, call -> Bodies.list(List.of()))
                .on("list_jobs", Access.READ, call -> Bodies.list(List.of()))
                .on("job.run", Access.USER, call -> JobJson.job(jobs.read(call.params())))
                .on("run_job", Access.USER, call -> JobJson.job(jobs.read(call.params())))
                .on("job.start", Access.USER, this::start)
                .on("job.status", Access.READ, call -> Bodies.text("status of " + jobId(call)))
                .prompt("job.result", Access.READ, this::result)
                .on(
                        "stop_runner",
                        Access.CONTROL,
                        call -> Bodies.texts(List.of(
                                call.params().name("actor_id", 255),
                                call.params().bool("force", false) ? "by force" : "gently")))
                .on("remove_runner", Access.ADMIN, call -> Body.NULL)
                .on("register_runner", Access.REGISTER, call -> Body.NULL)
                .on("runner.pull", Access.RUNNER, call -> Body.NULL)
                .on("test.finish", Access.READ, this::finish)
                .on("test.fail", Access.READ, call -> {
                    throw new IllegalStateException("select secret from payload");
                })
                .on(
                        "test.text",
                        Access.READ,
                        call -> Bodies.text("x".repeat((int) call.params().integer("length", 0, 20_000_000))))
                .on("test.stream", Access.READ, this::stream)
                .build();
    }

    static Grant check(String secret) {
        for (Scope scope : Scope.values()) {
            if (secret.equals(scope.word())) {
                return new Grant("s-" + scope.word(), scope.word(), scope);
            }
        }
        throw new Refusal(Refusal.Kind.UNAUTHORIZED, "no such secret");
    }

    private Body login(Call call) {
        Grant grant = call.grant();
        if (grant != null) {
            call.peer().login(grant);
        }
        return Body.NULL;
    }

    private Body start(Call call) {
        String jobId = jobId(call);
        if (jobId.equals("missing")) {
            throw Refusal.jobNotFound(jobId);
        }
        return Body.NULL;
    }

    private static Body body(String jobId, String text) {
        return !jobId.equals("too deep")
                ? Bodies.text(text)
                : out -> {
                    throw new StackOverflowError();
                };
    }

    private Pending<String> result(Call call) {
        Double timeoutS = call.params().optionalNumber("timeout", 0, 1000);
        CompletableFuture<String> result = results.computeIfAbsent(jobId(call), id -> new CompletableFuture<>());
        Duration atMost = timeoutS == null ? null : Duration.ofMillis((long) (timeoutS * 1000));
        return Pending.wait(result.thenApply(text -> text), atMost, text -> body(jobId(call), text));
    }

    private Body finish(Call call) {
        results.computeIfAbsent(jobId(call), id -> new CompletableFuture<>()).complete("done");
        return Body.NULL;
    }

    private Body stream(Call call) {
        int items = (int) call.params().integer("items", 0, 10_000_000);
        boolean thenFail = call.params().bool("then_fail", false);
        return Bodies.stream(IntStream.range(0, items + (thenFail ? 1 : 0))
                .mapToObj(i -> {
                    if (i == items) {
                        throw Refusal.busy("the database cannot be reached", 1000);
                    }
                    return Bodies.number((long) i);
                })
                .iterator());
    }

    private static String jobId(Call call) {
        return call.params().name("job_id", 255);
    }
}
