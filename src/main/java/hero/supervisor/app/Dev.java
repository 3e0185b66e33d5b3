package hero.supervisor.app;

import hero.supervisor.client.RpcClient;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.client.SupervisorClient;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Time;
import hero.supervisor.runner.Commands;
import hero.supervisor.runner.Runner;
import hero.supervisor.runner.RunnerSettings;
import hero.supervisor.store.Database;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/// The whole system on one machine: embedded PostgreSQL, gateway, one runner named `local`, first secrets, and the
/// hello job of the convention through the front door.
public final class Dev {
    private static final String RUNNER = "local";
    private static final String HELLO_RUNNER = "osis-runner-1";
    private static final String HELLO_EXECUTOR = "osis";
    private static final int SLOTS = 4;

    private Dev() {}

    /// Runs until `stop` is released, or with `once` until the hello job has ended. `out` takes lines for people.
    /// Returns 0, or 1 when the hello job failed. [CannotStart] in words for people.
    public static int run(Config config, Path data, boolean once, CountDownLatch stop, Consumer<String> out) {
        try (EmbeddedDatabase database = EmbeddedDatabase.start(data, out)) {
            var at = database.settings();
            Config complete = config.withDatabase(at.url(), at.user(), at.password());
            try (Supervisor supervisor = Supervisor.start(complete)) {
                return run(supervisor, DevSecrets.in(data, supervisor, at), data, once, stop, out);
            }
        } catch (Database.Unusable e) {
            throw new CannotStart(CannotStart.Reason.SURROUNDINGS, String.valueOf(e.getMessage()), e);
        }
    }

    private static int run(
            Supervisor supervisor,
            DevSecrets secrets,
            Path data,
            boolean once,
            CountDownLatch stop,
            Consumer<String> out) {
        registerHelloRunner(supervisor);
        Map<String, List<String>> executors = executors();
        Runner runner = new Runner(
                RunnerSettings.of(List.of(socket(supervisor)), RUNNER, SLOTS, executors, secrets.register())
                        .withQueue(RUNNER),
                Time.system(),
                new SecureRandom(),
                line -> {});
        Thread running = Thread.ofPlatform().name("runner-" + RUNNER).start(runner::run);
        try {
            JobResult hello = hello(supervisor, secrets.user(), executors);
            tell(supervisor, data, executors, hello, out);
            if (!once) {
                guide(supervisor, data, out);
                stop.await();
                out.accept("stopping");
            }
            return hello instanceof JobResult.Success ? 0 : 1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        } finally {
            runner.close();
            join(running);
        }
    }

    /// The convention's examples name this runner: it gets the queue of the bundled one.
    private static void registerHelloRunner(Supervisor supervisor) {
        try {
            supervisor.runners().control().register(HELLO_RUNNER, RUNNER, Origin.NONE);
        } catch (Refusal e) {
            // Somebody has given it a queue of its own: that is respected.
            if (e.kind() != Refusal.Kind.CONFLICT) {
                throw e;
            }
        }
    }

    /// What the machine has; `osis`, the language of the convention's examples, is played by Python.
    private static Map<String, List<String>> executors() {
        var executors = new LinkedHashMap<>(Commands.detect(System.getenv().getOrDefault("PATH", "")));
        List<String> python = executors.get("python");
        if (python != null) {
            executors.put(HELLO_EXECUTOR, python);
        }
        return executors;
    }

    private static URI socket(Supervisor supervisor) {
        return URI.create(supervisor.url().replaceFirst("^http", "ws") + "/rpc");
    }

    /// The hello job of the convention; in the shell's words on a machine without Python.
    private static JobResult hello(Supervisor supervisor, String secret, Map<String, List<String>> executors) {
        boolean python = executors.containsKey(HELLO_EXECUTOR);
        Map<String, Object> job = new LinkedHashMap<>();
        job.put("caller_id", "client-1");
        job.put("context_id", "context-1");
        job.put("payload", python ? "print('Hello World')" : "echo 'Hello World'");
        job.put("executor", python ? HELLO_EXECUTOR : "sh");
        job.put("runner", python ? HELLO_RUNNER : RUNNER);
        job.put("timeout", 300);
        job.put("env_vars", Map.of());
        RpcSettings settings = RpcSettings.of(socket(supervisor), secret);
        try (var client = new SupervisorClient(RpcClient.connect(settings, Time.system(), (method, params) -> {}))) {
            return client.jobRun(job);
        }
    }

    private static void tell(
            Supervisor supervisor,
            Path data,
            Map<String, List<String>> executors,
            JobResult hello,
            Consumer<String> out) {
        out.accept("Hero Supervisor runs at " + supervisor.url() + " (WebSocket: " + socket(supervisor) + ")");
        out.accept("  console  " + supervisor.url() + "/console");
        out.accept("  secrets  " + data.resolve(DevSecrets.FILE));
        out.accept("  runner   " + RUNNER + ", " + SLOTS + " slots: " + String.join(", ", executors.keySet()));
        out.accept("  job.run  "
                + switch (hello) {
                    case JobResult.Success(String output) -> output;
                    case JobResult.Failure(String message, Integer exitCode) -> "failed: " + message;
                });
    }

    private static void guide(Supervisor supervisor, Path data, Consumer<String> out) {
        out.accept("Try, in another terminal:");
        if (!data.toAbsolutePath().normalize().equals(Path.of(".supervisor").toAbsolutePath())) {
            // Commands look for URL and secrets in their own folder only.
            Path secrets = data.toAbsolutePath().normalize().resolve(DevSecrets.FILE);
            out.accept("  set -a; . '" + secrets.toString().replace("'", "'\\''") + "'; set +a");
        }
        out.accept("  ./supervisor job run --runner local --executor sh 'echo I am $(hostname)'");
        out.accept("  ./supervisor job list");
        out.accept("  curl -s " + supervisor.url() + "/rpc -H 'content-type: application/json' -d"
                + " '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get_all_runner_status\"}'");
        out.accept("Ctrl-C stops it; jobs and results stay in " + data);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
