package hero.supervisor.process;

import hero.supervisor.FreePort;
import hero.supervisor.app.PostgresProcess;
import hero.supervisor.client.RpcClient;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.client.SupervisorClient;
import hero.supervisor.client.Tree;
import hero.supervisor.domain.Time;
import hero.supervisor.process.Processes.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Several `supervisor serve` on one PostgreSQL, each on a port that it keeps over restarts, each also reached
/// through a [Proxy] that can swallow what it is given. Safe for any thread.
final class Cluster implements AutoCloseable {
    private static final boolean APART = Boolean.getBoolean("campaign.apart");

    final Processes processes;
    private final String databaseUrl;
    private final Map<String, String> environment;
    private final List<Integer> ports = new ArrayList<>();
    private final List<Proxy> proxies = new ArrayList<>();
    private final Map<Integer, Command> servers = new ConcurrentHashMap<>();
    private final Map<String, String> secrets = new HashMap<>();

    /// Starts `gateways` of them and waits until all listen.
    ///
    /// @param databaseUrl JDBC, several hosts allowed
    Cluster(Path folder, PostgresProcess postgres, String databaseUrl, int gateways, Map<String, String> settings) {
        this.processes = Processes.in(folder);
        this.databaseUrl = databaseUrl;
        this.environment = new HashMap<>(ServeFixture.variables(postgres.settings()));
        environment.put("SUPERVISOR_DB_URL", databaseUrl);
        environment.put("SUPERVISOR_LOG_LEVEL", "WARN");
        environment.putAll(settings);
        try {
            for (String scope : List.of("user", "register")) {
                Command maker =
                        processes.run(environment, "secret", "create", "--scope", scope, "--name", "c", "--json");
                secrets.put(scope, Tree.string(Tree.object(Tree.parse(maker.out())), "secret", ""));
            }
            for (int node = 0; node < gateways; node++) {
                ports.add(FreePort.find());
                proxies.add(new Proxy(ports.get(node)));
                start(node);
            }
            for (int node = 0; node < gateways; node++) {
                awaitListening(node);
            }
        } catch (IOException e) {
            close();
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    int size() {
        return ports.size();
    }

    /// The process of a gateway; the last one that was started for that place.
    Command server(int node) {
        Command server = servers.get(node);
        if (server == null) {
            throw new IllegalStateException("never started: " + node);
        }
        return server;
    }

    Proxy proxy(int node) {
        return proxies.get(node);
    }

    /// Starts a gateway; does not wait.
    void start(int node) {
        Map<String, String> own = new HashMap<>(environment);
        own.put("SUPERVISOR_PORT", Integer.toString(ports.get(node)));
        servers.put(node, processes.start(own, "serve"));
    }

    void awaitListening(int node) {
        server(node).awaitLine("listening at (\\S+)");
    }

    String databaseUrl() {
        return databaseUrl;
    }

    String secret(String scope) {
        return secrets.getOrDefault(scope, "");
    }

    /// Where the n-th caller begins. With `-Dcampaign.apart=true` all begin at one gateway and the runners at the
    /// others, so that these lend their runners until faults have mixed all.
    int callersNode(int n) {
        return APART ? 0 : n % size();
    }

    /// Where the n-th runner begins.
    int runnersNode(int n) {
        return APART && size() > 1 ? 1 + n % (size() - 1) : n % size();
    }

    /// Where every gateway is reached, beginning with one of them: directly, or through its proxy.
    List<URI> urls(int first, boolean byProxy) {
        List<URI> urls = new ArrayList<>();
        for (int i = 0; i < ports.size(); i++) {
            int node = (first + i) % ports.size();
            int port = byProxy ? proxies.get(node).port() : ports.get(node);
            urls.add(URI.create("ws://127.0.0.1:" + port + "/rpc"));
        }
        return urls;
    }

    /// The status of a health page, or 0 when there is no answer.
    int health(int node, String page) {
        try {
            var url = URI.create("http://127.0.0.1:" + ports.get(node) + "/health/" + page)
                    .toURL();
            var connection = (HttpURLConnection) url.openConnection();
            connection.setConnectTimeout(5000);
            connection.setReadTimeout(10_000);
            return connection.getResponseCode();
        } catch (IOException e) {
            return 0;
        }
    }

    /// TCP connections that a gateway's port holds open, by the kernel's own table.
    int sockets(int node) throws IOException {
        String local = String.format(":%04X", ports.get(node));
        int open = 0;
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            Path file = Path.of(table);
            for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
                String[] columns = line.strip().split("\\s+", -1);
                if (columns.length > 3 && columns[1].endsWith(local) && columns[3].equals("01")) {
                    open++;
                }
            }
        }
        return open;
    }

    /// A client of one gateway, for a test that wants to see its errors.
    SupervisorClient client(int node, String scope) {
        return new SupervisorClient(RpcClient.connect(
                RpcSettings.of(urls(node, false).getFirst(), secret(scope))
                        .withSilence(Duration.ofSeconds(2), Duration.ofSeconds(8)),
                Time.system(),
                RpcClient.Notifications.ignored()));
    }

    @Override
    public void close() {
        processes.close();
        proxies.forEach(Proxy::close);
    }
}
