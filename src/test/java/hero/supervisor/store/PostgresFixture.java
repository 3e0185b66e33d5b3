package hero.supervisor.store;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.atomic.AtomicInteger;
import org.testcontainers.postgresql.PostgreSQLContainer;

/// The tests' PostgreSQL: a server for each thread that runs test classes, a migrated template, and a clone of it
/// for whoever asks (~0.1 s). Databases of one server are not apart enough: what may be read of the log goes up to
/// the oldest transaction of all of them, and a test that keeps one open would hold up the other thread's.
///
/// The server is, in this order: that of `SUPERVISOR_TEST_DB_URL` (with `SUPERVISOR_TEST_DB_USER` and
/// `SUPERVISOR_TEST_DB_PASSWORD`, allowed to create databases); a container of `postgres:18` with
/// `-Dpostgres=docker`; an embedded one in a temporary folder, fast and not durable.
public final class PostgresFixture {
    private static final String TEMPLATE =
            "supervisor_template_" + ProcessHandle.current().pid();
    private static final AtomicInteger COUNT = new AtomicInteger();

    private record Server(String url, String user, String password) {
        Database.Settings settings(String database) {
            return new Database.Settings(url.replaceFirst("/[^/?]*(\\?|$)", "/" + database + "$1"), user, password);
        }

        void execute(String sql) {
            try (Connection connection = DriverManager.getConnection(url, user, password);
                    Statement statement = connection.createStatement()) {
                statement.execute(sql);
            } catch (SQLException e) {
                throw new IllegalStateException(sql, e);
            }
        }
    }

    /// By the number of the thread among those that JUnit runs test classes on. Each ends with the JVM.
    private static final Map<Integer, Server> SERVERS = new ConcurrentHashMap<>();

    private PostgresFixture() {}

    /// A database of its own, migrated and empty.
    public static Database.Settings freshDatabase() {
        Server server = here();
        String name = TEMPLATE + "_" + COUNT.incrementAndGet();
        server.execute("create database " + name + " template " + TEMPLATE);
        return server.settings(name);
    }

    /// A database of its own with nothing in it.
    public static Database.Settings emptyDatabase() {
        Server server = here();
        String name = TEMPLATE + "_" + COUNT.incrementAndGet();
        server.execute("create database " + name);
        return server.settings(name);
    }

    /// Started at the first use.
    private static Server here() {
        int number = Thread.currentThread() instanceof ForkJoinWorkerThread worker ? worker.getPoolIndex() : 0;
        return SERVERS.computeIfAbsent(number, _ -> start());
    }

    private static Server start() {
        Server server = server();
        server.execute("create database " + TEMPLATE);
        try (Database database = Database.connect(server.settings(TEMPLATE), Duration.ofSeconds(30))) {
            new Migrations(database).up();
        }
        return server;
    }

    private static Server server() {
        String url = System.getenv("SUPERVISOR_TEST_DB_URL");
        if (url != null) {
            return new Server(
                    url,
                    System.getenv().getOrDefault("SUPERVISOR_TEST_DB_USER", "postgres"),
                    System.getenv().getOrDefault("SUPERVISOR_TEST_DB_PASSWORD", ""));
        }
        return "docker".equals(System.getProperty("postgres")) ? container() : embedded();
    }

    @SuppressWarnings("resource") // Ends with the JVM.
    private static Server container() {
        PostgreSQLContainer container = new PostgreSQLContainer("postgres:18")
                .withCommand("postgres", "-c", "fsync=off", "-c", "max_connections=300", "-c", "timezone=UTC");
        container.start();
        return new Server(container.getJdbcUrl(), container.getUsername(), container.getPassword());
    }

    @SuppressWarnings("resource") // Ends with the JVM.
    private static Server embedded() {
        try {
            EmbeddedPostgres postgres = EmbeddedPostgres.builder()
                    .setServerConfig("listen_addresses", "127.0.0.1")
                    .setServerConfig("max_wal_senders", "0")
                    .setServerConfig("wal_level", "minimal")
                    .setLocaleConfig("locale", "C")
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .start();
            return new Server(
                    "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres", "postgres", "postgres");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
