package hero.supervisor.app;

import hero.supervisor.domain.Scope;
import hero.supervisor.wire.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A gateway in the state that an example of `openrpc.json` asks for.
final class ExampleStage implements AutoCloseable {
    private final LiveGateway gateway = LiveGateway.start();
    private final LiveSocket connection = gateway.socket();
    private final Map<String, String> queues = new LinkedHashMap<>();
    private final Map<String, String> placeholders = new LinkedHashMap<>();

    private ExampleStage() {
        for (Scope scope : Scope.values()) {
            placeholders.put("${" + scope.word() + "_secret}", gateway.secret(scope));
        }
    }

    static ExampleStage open(List<?> fixtures) throws Exception {
        ExampleStage stage = new ExampleStage();
        try {
            for (Object fixture : fixtures) {
                stage.make(Told.object(fixture));
            }
        } catch (Exception | AssertionError e) {
            stage.close();
            throw e;
        }
        return stage;
    }

    LiveGateway gateway() {
        return gateway;
    }

    /// The connection that holds the session.
    LiveSocket connection() {
        return connection;
    }

    /// The same tree with the placeholders filled in.
    Map<String, @Nullable Object> filled(Map<String, @Nullable Object> tree) {
        String text = Json.write(tree);
        for (Map.Entry<String, String> entry : placeholders.entrySet()) {
            text = text.replace(entry.getKey(), entry.getValue());
        }
        return Told.object(Json.read(text));
    }

    private void make(Map<String, @Nullable Object> fixture) throws Exception {
        if (fixture.containsKey("runner")) {
            only(fixture, Set.of("runner", "queue", "connected", "slots", "answers"));
            runner(fixture);
        } else if (fixture.containsKey("session")) {
            only(fixture, Set.of("session", "queue", "slots", "executors"));
            session(fixture);
        } else if (fixture.containsKey("job")) {
            only(fixture, Set.of("job", "state", "result"));
            job(Told.object(fixture.get("job")), fixture);
        } else if (fixture.containsKey("secret")) {
            only(fixture, Set.of("secret", "scope"));
            secret(fixture);
        } else {
            throw new AssertionError("a fixture that the rules do not have: " + fixture);
        }
    }

    private static void only(Map<String, @Nullable Object> fixture, Set<String> known) {
        if (!known.containsAll(fixture.keySet())) {
            throw new AssertionError("a fixture that the rules do not have: " + fixture);
        }
    }

    private void runner(Map<String, @Nullable Object> fixture) throws Exception {
        String name = text(fixture, "runner");
        String queue = text(fixture, "queue");
        queues.put(name, queue);
        gateway.call("register_runner", Map.of("secret", gateway.secret(Scope.REGISTER), "name", name, "queue", queue))
                .result();
        if (fixture.get("answers") instanceof Map<?, ?> answers) {
            Map<String, @Nullable Object> outcome = Told.object(answers);
            gateway.runner(name, queue, 1).answering(job -> outcome);
        } else if (Boolean.TRUE.equals(fixture.get("connected"))) {
            gateway.runner(name, queue, ((Number) required(fixture, "slots")).intValue());
        }
    }

    private void session(Map<String, @Nullable Object> fixture) {
        String name = text(fixture, "session");
        queues.put(name, text(fixture, "queue"));
        Map<String, @Nullable Object> hello = new LinkedHashMap<>(fixture);
        hello.remove("session");
        hello.put("name", name);
        hello.put("secret", gateway.secret(Scope.REGISTER));
        connection.call("runner.connect", hello).result();
    }

    private void job(Map<String, @Nullable Object> job, Map<String, @Nullable Object> fixture) throws Exception {
        String secret = gateway.secret(Scope.USER);
        String state = text(fixture, "state");
        gateway.call("jobs.create", Map.of("secret", secret, "job", job)).result();
        if (state.equals("created")) {
            return;
        }
        gateway.call("job.start", Map.of("secret", secret, "job_id", text(job, "id")))
                .result();
        switch (state) {
            case "queued" -> {}
            case "held" -> {
                Map<String, @Nullable Object> held = new LiveRunner(connection).take();
                placeholders.put("${lease}", text(held, "lease"));
            }
            case "running" -> carrier(job).take();
            case "completed", "failed" -> {
                try (LiveRunner runner = carrier(job)) {
                    runner.end(runner.take(), Told.object(required(fixture, "result")));
                }
            }
            default -> throw new AssertionError("a state that the rules do not have: " + state);
        }
    }

    /// A runner under the name that the job asks for.
    private LiveRunner carrier(Map<String, @Nullable Object> job) {
        String name = text(job, "runner");
        return gateway.runner(name, String.valueOf(queues.get(name)), 1);
    }

    private void secret(Map<String, @Nullable Object> fixture) throws Exception {
        Map<String, @Nullable Object> made = gateway.call(
                        "secrets.create",
                        Map.of(
                                "name",
                                text(fixture, "secret"),
                                "scope",
                                text(fixture, "scope"),
                                "secret",
                                gateway.secret(Scope.ADMIN)))
                .resultObject();
        placeholders.put("${secret_id}", text(made, "id"));
    }

    private static String text(Map<String, @Nullable Object> tree, String name) {
        return (String) required(tree, name);
    }

    private static Object required(Map<String, @Nullable Object> tree, String name) {
        Object value = tree.get(name);
        if (value == null) {
            throw new AssertionError(name + " is missing in " + tree);
        }
        return value;
    }

    @Override
    public void close() {
        gateway.close();
    }
}
