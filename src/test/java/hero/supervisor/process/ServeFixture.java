package hero.supervisor.process;

import hero.supervisor.client.RpcClient;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.client.SupervisorClient;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import hero.supervisor.process.Processes.Command;
import hero.supervisor.store.Database;
import hero.supervisor.store.PostgresFixture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// `supervisor serve` on a database of its own, with one secret of each scope made by `supervisor secret create`.
final class ServeFixture implements AutoCloseable {
    final Processes processes;
    final Command server;
    final String url;
    private final Map<String, String> databaseVariables;
    private final Map<String, String> secrets = new HashMap<>();
    private final List<SupervisorClient> clients = new ArrayList<>();

    /// Starts it with these settings as variables, such as `SUPERVISOR_LEASE_MS`.
    ServeFixture(Path folder, Map<String, String> settings) {
        this.processes = Processes.in(folder);
        this.databaseVariables = variables(PostgresFixture.freshDatabase());
        Map<String, String> environment = new HashMap<>(databaseVariables);
        environment.put("SUPERVISOR_PORT", "0");
        environment.putAll(settings);
        try {
            this.server = processes.start(environment, "serve");
            Map<String, Command> makers = new HashMap<>();
            for (String scope : List.of("admin", "user", "register")) {
                makers.put(
                        scope,
                        processes.start(
                                databaseVariables, "secret", "create", "--scope", scope, "--name", "t", "--json"));
            }
            makers.forEach((scope, maker) -> secrets.put(
                    scope, Tree.string(Tree.object(Tree.parse(maker.ended().out())), "secret", "")));
            this.url = server.awaitLine("listening at (\\S+)");
        } catch (RuntimeException | Error e) {
            processes.close();
            throw e;
        }
    }

    /// Starts another gateway on the same database; its first line tells where it listens.
    Command serve(Map<String, String> settings) {
        Map<String, String> environment = new HashMap<>(databaseVariables);
        environment.put("SUPERVISOR_PORT", "0");
        environment.putAll(settings);
        return processes.start(environment, "serve");
    }

    /// How commands are told of a database.
    static Map<String, String> variables(Database.Settings database) {
        return Map.of(
                "SUPERVISOR_DB_URL", database.url(),
                "SUPERVISOR_DB_USER", database.user(),
                "SUPERVISOR_DB_PASSWORD", database.password());
    }

    Map<String, String> databaseVariables() {
        return databaseVariables;
    }

    String secret(String scope) {
        return secrets.getOrDefault(scope, "");
    }

    /// The environment of a client command.
    Map<String, String> as(String scope) {
        return Map.of("SUPERVISOR_URL", url, "SUPERVISOR_SECRET", secret(scope));
    }

    /// Starts a runner and waits until it is connected.
    Command runner(String name, String... more) {
        List<String> words = new ArrayList<>(List.of("runner", "--name", name));
        words.addAll(List.of(more));
        Command runner = processes.start(as("register"), words.toArray(String[]::new));
        runner.awaitLine("runner " + name + " connected");
        return runner;
    }

    /// Runs a client command as a user.
    Command user(String... arguments) {
        return processes.run(as("user"), arguments);
    }

    String webSocket() {
        return url.replaceFirst("^http", "ws") + "/rpc";
    }

    /// A client over WebSocket; closed with the fixture.
    SupervisorClient client(String scope) {
        var client = new SupervisorClient(RpcClient.connect(
                RpcSettings.of(webSocket(), secret(scope)), Time.system(), RpcClient.Notifications.ignored()));
        synchronized (clients) {
            clients.add(client);
        }
        return client;
    }

    /// A job for the shell.
    static Map<String, Object> job(String runner, String script) {
        return Map.of(
                "caller_id",
                "client-1",
                "context_id",
                "context-1",
                "payload",
                script,
                "executor",
                "sh",
                "runner",
                runner,
                "timeout",
                60);
    }

    /// The same under an id and with another timeout.
    static Map<String, Object> job(String id, String runner, String script, double timeoutS) {
        Map<String, Object> job = new HashMap<>(job(runner, script));
        job.put("id", id);
        job.put("timeout", timeoutS);
        return job;
    }

    @Override
    public void close() {
        clients.forEach(SupervisorClient::close);
        processes.close();
    }
}
