package hero.supervisor.app;

import hero.supervisor.domain.Scope;
import hero.supervisor.store.Database;
import hero.supervisor.store.PostgresFixture;
import hero.supervisor.transport.RawWebSocket;
import hero.supervisor.wire.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// A whole gateway for a test, on a free port and a database of its own, with a secret of each scope and the ways
/// to talk to it. Closing it ends what was opened through it; nothing is drained, so that it is quick.
public final class LiveGateway implements AutoCloseable {
    private final Supervisor supervisor;
    private final Database.Settings database;
    private final Map<Scope, String> secrets = new EnumMap<>(Scope.class);
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<AutoCloseable> opened = new CopyOnWriteArrayList<>();

    private LiveGateway(Supervisor supervisor, Database.Settings database) {
        this.supervisor = supervisor;
        this.database = database;
    }

    /// On a fresh database, with the default settings.
    public static LiveGateway start() {
        return start(Map.of());
    }

    /// On a fresh database.
    public static LiveGateway start(Map<Setting, String> settings) {
        return start(PostgresFixture.freshDatabase(), settings);
    }

    /// On a database that is there. `settings` win over what a test usually wants.
    public static LiveGateway start(Database.Settings database, Map<Setting, String> settings) {
        LiveGateway live = new LiveGateway(Supervisor.start(config(database, settings)), database);
        for (Scope scope : Scope.values()) {
            live.secrets.put(
                    scope,
                    live.supervisor
                            .secrets()
                            .create("test-" + scope.word(), scope, null)
                            .secret());
        }
        return live;
    }

    static Config config(Database.Settings database, Map<Setting, String> settings) {
        Map<Setting, String> all = new EnumMap<>(Setting.class);
        all.putAll(Map.of(
                Setting.PORT, "0",
                Setting.DRAIN_MS, "0",
                Setting.DB_URL, database.url(),
                Setting.DB_USER, database.user(),
                Setting.DB_PASSWORD, database.password()));
        all.putAll(settings);
        return Config.with(all);
    }

    /// Such as `http://127.0.0.1:40000`.
    public String url() {
        return supervisor.url();
    }

    public int port() {
        return supervisor.port();
    }

    public Database.Settings database() {
        return database;
    }

    /// A valid secret of that scope.
    public String secret(Scope scope) {
        return String.valueOf(secrets.get(scope));
    }

    Supervisor supervisor() {
        return supervisor;
    }

    /// Nobody waits any more, neither in the engine nor in the transport.
    public boolean nobodyWaits() {
        return supervisor.waiters() == 0 && supervisor.waits() == 0;
    }

    /// A call by name as JSON.
    public static String request(String id, String method, @Nullable Object params) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":" + Json.write(method)
                + (params == null ? "" : ",\"params\":" + Json.write(params)) + "}";
    }

    /// One POST to `/rpc`; `headers` are names and values in turn, and replace `Content-Type: application/json`.
    public HttpResponse<byte[]> post(byte[] body, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url() + "/rpc")).POST(HttpRequest.BodyPublishers.ofByteArray(body));
        request.headers(headers.length == 0 ? new String[] {"Content-Type", "application/json"} : headers);
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    /// One GET.
    public HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create(url() + path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    /// One call over HTTP.
    public Told call(String method, @Nullable Object params) throws IOException, InterruptedException {
        byte[] body = request("1", method, params).getBytes(StandardCharsets.UTF_8);
        return Told.of(new String(post(body).body(), StandardCharsets.UTF_8));
    }

    /// A WebSocket of the JDK.
    public LiveSocket socket() {
        LiveSocket socket = LiveSocket.open(http, port());
        opened.add(socket);
        return socket;
    }

    /// A WebSocket that sends any frame.
    public RawWebSocket raw() throws IOException {
        RawWebSocket raw = RawWebSocket.open(port());
        opened.add(raw);
        return raw;
    }

    /// A connected runner that does what the test says.
    public LiveRunner runner(String name, String queue, int slots) {
        LiveRunner runner = new LiveRunner(socket());
        runner.connect(secret(Scope.REGISTER), name, queue, slots);
        return runner;
    }

    /// A job as callers send it, complete.
    public static Map<String, Object> job(String id, String runner) {
        return new java.util.LinkedHashMap<>(Map.of(
                "id",
                id,
                "caller_id",
                "caller",
                "context_id",
                "context",
                "payload",
                "payload of " + id,
                "runner",
                runner,
                "executor",
                "sh",
                "timeout",
                300,
                "env_vars",
                Map.of(),
                "created_at",
                "2023-01-01T00:00:00Z",
                "updated_at",
                "2023-01-01T00:00:00Z"));
    }

    /// Registers a runner name, on the queue of the same name.
    public void register(String name) throws IOException, InterruptedException {
        call("register_runner", Map.of("secret", secret(Scope.REGISTER), "name", name, "queue", name))
                .result();
    }

    /// The first column of every row.
    public List<String> sql(String sql) {
        try (Connection connection = DriverManager.getConnection(database.url(), database.user(), database.password());
                Statement statement = connection.createStatement()) {
            List<String> rows = new ArrayList<>();
            if (statement.execute(sql)) {
                try (ResultSet result = statement.getResultSet()) {
                    while (result.next()) {
                        rows.add(String.valueOf(result.getString(1)));
                    }
                }
            }
            return rows;
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    @Override
    public void close() {
        for (AutoCloseable one : opened) {
            try {
                one.close();
            } catch (Exception e) {
                throw new IllegalStateException("closing a client failed", e);
            }
        }
        supervisor.close();
        http.close();
    }
}
