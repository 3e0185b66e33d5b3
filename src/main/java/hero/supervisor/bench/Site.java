package hero.supervisor.bench;

import hero.supervisor.app.Config;
import hero.supervisor.app.SecretAdmin;
import hero.supervisor.app.Setting;
import hero.supervisor.domain.Time;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// One database with its secrets, its gateways and its runners. Gateways start when they are first asked for. Not
/// for several threads.
final class Site implements AutoCloseable {
    private static final int LINE_BYTES = 1 << 16;

    private final Sql sql;
    private final Path folder;
    private final Served.Program program;
    private final Time time;
    private final String userSecret;
    private final String registerSecret;
    private final List<Served> gateways = new ArrayList<>();
    private final List<Puller> runners = new ArrayList<>();

    private Site(Sql sql, Path folder, Served.Program program, Time time, String userSecret, String registerSecret) {
        this.sql = sql;
        this.folder = folder;
        this.program = program;
        this.time = time;
        this.userSecret = userSecret;
        this.registerSecret = registerSecret;
    }

    /// Migrates the database, which is empty, and makes its secrets.
    static Site open(Sql sql, Path folder, Served.Program program, Time time) {
        Config config = Config.with(
                Map.of(Setting.DB_URL, sql.url(), Setting.DB_USER, sql.user(), Setting.DB_PASSWORD, sql.password()));
        try (SecretAdmin secrets = SecretAdmin.open(config)) {
            String user = secrets.create("bench", "user", null).secret();
            String register = secrets.create("bench-runners", "register", null).secret();
            return new Site(sql, folder, program, time, user, register);
        }
    }

    Sql sql() {
        return sql;
    }

    String userSecret() {
        return userSecret;
    }

    /// The gateway of that number, from 0 on.
    Served gateway(int number) {
        while (gateways.size() <= number) {
            String name = sql.url().replaceAll(".*/", "") + "-" + gateways.size();
            gateways.add(Served.start(sql, folder, name, program, time));
        }
        return gateways.get(number);
    }

    /// Another one beside them, for whoever measures its start.
    Served oneMore(String name) {
        return Served.start(sql, folder, name, program, time);
    }

    List<ProcessHandle> processes() {
        return gateways.stream().map(Served::process).toList();
    }

    /// A client's connection.
    Line client(int gateway, int bufferBytes) {
        return line(gateway, userSecret, bufferBytes);
    }

    Line client(int gateway) {
        return client(gateway, LINE_BYTES);
    }

    /// A runner's connection on which nothing was said.
    Line runnerLine(int gateway, int bufferBytes) {
        return line(gateway, registerSecret, bufferBytes);
    }

    private Line line(int gateway, String secret, int bufferBytes) {
        try {
            return Line.open(gateway(gateway).port(), secret, bufferBytes);
        } catch (IOException e) {
            throw new Invalid("no connection to the gateway", e);
        }
    }

    /// Makes the name known, so that jobs can wait for it.
    void register(String runner) {
        try (Line line = runnerLine(0, 1024)) {
            String answer =
                    line.ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"register_runner\",\"params\":{\"name\":\""
                            + runner + "\",\"queue\":\"" + runner + "\"}}");
            if (!answer.contains("\"result\"")) {
                throw new Invalid("the runner was not registered: " + answer);
            }
        } catch (IOException e) {
            throw new Invalid("the runner was not registered", e);
        }
    }

    /// A connected runner, which takes jobs until the site closes.
    Puller runner(int gateway, String name, int slots) {
        return runner(gateway, name, name, slots);
    }

    Puller runner(int gateway, String name, String queue, int slots) {
        Puller runner = new Puller(runnerLine(gateway, LINE_BYTES), name, queue, slots, time);
        runners.add(runner);
        Thread.ofPlatform().daemon().name("runner-" + name).start(runner);
        try {
            if (!runner.connected().await(30, TimeUnit.SECONDS)) {
                runner.recorded().check("runner.connect");
                throw new Invalid("the runner was not connected within 30 s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Invalid("interrupted", e);
        }
        return runner;
    }

    void leave(Puller runner) {
        runners.remove(runner);
        try {
            runner.close();
        } catch (IOException e) {
            throw new Invalid("the runner's connection did not close", e);
        }
    }

    @Override
    public void close() {
        List.copyOf(runners).forEach(this::leave);
        gateways.reversed().forEach(Served::close);
    }
}
