package hero.supervisor.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The PostgreSQL that everything is kept in: a pool of connections and the ways to use one. Works on 15 and
/// newer, directly or through PgBouncer in transaction mode (then add `prepareThreshold=0` to the URL). Safe for
/// any thread.
public final class Database implements AutoCloseable {
    /// The oldest major version that has all we use.
    static final int VERSION_MIN = 15;

    private static final Logger log = LoggerFactory.getLogger(Database.class);
    /// Tells these connections from those of [Elders].
    private static final String APPLICATION = "hero-supervisor 14";

    private static final Duration CONNECT_EVERY = Duration.ofSeconds(2);
    private static final Duration PATIENT = Duration.ofSeconds(30);
    private static final Duration PROMPT = Duration.ofSeconds(5);
    private static final int REPEATS = 5;

    /// Our statements are few, prepared, and go to single rows by an index: a plan for each execution costs more
    /// than the execution (measured: 1.1 ms of 1.6 ms for an outcome). The planner is kept from whole tables,
    /// because a plan is kept that was made when they were empty. Compiling never pays.
    private static final String SESSION = """
            set plan_cache_mode = force_generic_plan; set jit = off;
            set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off
            """;

    /// Back to what the planner does by itself, until the transaction ends, and with a plan for each execution.
    private static final String FREELY = """
            set local plan_cache_mode = force_custom_plan;
            set local enable_seqscan = on; set local enable_hashjoin = on; set local enable_mergejoin = on
            """;

    /// Where the database is.
    ///
    /// @param url JDBC, several hosts allowed: `jdbc:postgresql://a:5432,b:5432/db?targetServerType=primary`
    /// @param poolSize connections that this process holds at most
    public record Settings(String url, String user, String password, int poolSize) {
        public static final int POOL_SIZE_DEFAULT = 8;

        public Settings(String url, String user, String password) {
            this(url, user, password, POOL_SIZE_DEFAULT);
        }

        /// Prints no password, neither its own nor one inside the URL.
        @Override
        public String toString() {
            return "Settings[" + address() + ", user=" + user + ", poolSize=" + poolSize + "]";
        }

        /// The URL without its parameters, which may hold a password.
        public String address() {
            int end = url.indexOf('?');
            return end < 0 ? url : url.substring(0, end);
        }
    }

    /// The database cannot be used, and trying again does not help by itself. The message is one sentence for
    /// people.
    public static final class Unusable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public Unusable(String message) {
            super(message, null, false, false);
        }
    }

    /// What is done on one connection.
    interface Work<R extends @Nullable Object> {
        R on(Connection connection) throws SQLException;
    }

    /// What is done with jOOQ on one connection.
    interface Query<R extends @Nullable Object> {
        R on(DSLContext sql);
    }

    private final HikariDataSource pool;
    private final Settings settings;

    /// An answer that takes longer counts as none.
    private final Duration answerWithin;

    private Database(HikariDataSource pool, Settings settings, Duration answerWithin) {
        this.pool = pool;
        this.settings = settings;
        this.answerWithin = answerWithin;
    }

    /// Connects; while the database cannot be reached, tries again for `patience`, one log line per attempt.
    /// Throws [Unusable] when the time is over, when it refuses us, or when it is older than PostgreSQL 15.
    public static Database connect(Settings settings, Duration patience) {
        awaitServer(settings, patience);
        return new Database(new HikariDataSource(poolConfig(settings)), settings, PATIENT);
    }

    /// The same pool for short statements that callers wait for. A server that hangs (a stopped process, a dead
    /// disk, packets dropped on the way) is given up after 5 s instead of 30, with `busy`: the statement may still
    /// be carried out when the server goes on.
    Database prompt() {
        return new Database(pool, settings, PROMPT);
    }

    private static void awaitServer(Settings settings, Duration patience) {
        // Attempts instead of a clock: a refused connection fails at once, a silent host after its 3 s.
        long attempts = Math.max(1, patience.dividedBy(CONNECT_EVERY));
        for (long attempt = 1; ; attempt++) {
            try (Connection connection = DriverManager.getConnection(settings.url(), properties(settings))) {
                checkVersion(connection);
                return;
            } catch (SQLException e) {
                String reason = firstLine(e);
                if (!Outage.is(e)) {
                    throw refused(settings, e);
                }
                if (attempt >= attempts) {
                    throw new Unusable("PostgreSQL at " + settings.address() + " cannot be reached (" + reason
                            + "); start it or correct SUPERVISOR_DB_URL");
                }
                log.atWarn()
                        .addKeyValue("url", settings.address())
                        .addKeyValue("attempt", attempt)
                        .addKeyValue("of", attempts)
                        .addKeyValue("reason", reason)
                        .log("waiting for PostgreSQL");
                LockSupport.parkNanos(CONNECT_EVERY.toNanos());
            }
        }
    }

    private static Unusable refused(Settings settings, SQLException e) {
        return new Unusable("PostgreSQL at " + settings.address() + " refuses us: " + firstLine(e));
    }

    /// What to throw when the server did not let us in on a connection of [#patientSource].
    Unusable refused(SQLException e) {
        return refused(settings, e);
    }

    private static void checkVersion(Connection connection) throws SQLException {
        int major = connection.getMetaData().getDatabaseMajorVersion();
        if (major < VERSION_MIN) {
            throw new Unusable("this is PostgreSQL " + connection.getMetaData().getDatabaseProductVersion()
                    + "; version " + VERSION_MIN + " or newer is needed");
        }
    }

    private static String firstLine(SQLException e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return message.lines().findFirst().orElse("").strip();
    }

    static Properties properties(Settings settings) {
        Properties properties = new Properties();
        properties.setProperty("user", settings.user());
        properties.setProperty("password", settings.password());
        properties.setProperty("ApplicationName", APPLICATION);
        properties.setProperty("connectTimeout", "3");
        properties.setProperty("loginTimeout", "5");
        properties.setProperty("socketTimeout", Long.toString(PATIENT.toSeconds()));
        // After a fail-over the host that was a standby is asked again so soon.
        properties.setProperty("hostRecheckSeconds", "2");
        properties.setProperty("tcpKeepAlive", "true");
        // "Failing row contains (…)" would carry payloads into logs.
        properties.setProperty("logServerErrorDetail", "false");
        return properties;
    }

    private static HikariConfig poolConfig(Settings settings) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("postgres");
        config.setJdbcUrl(settings.url());
        Properties properties = properties(settings);
        // What is asked most often is what a connection has from the start: to set it anew costs as much as a row.
        properties.setProperty("socketTimeout", Long.toString(PROMPT.toSeconds()));
        config.setDataSourceProperties(properties);
        config.setUsername(settings.user());
        config.setPassword(settings.password());
        config.setMaximumPoolSize(settings.poolSize());
        config.setMinimumIdle(Math.min(2, settings.poolSize()));
        config.setConnectionTimeout(TimeUnit.SECONDS.toMillis(3));
        config.setValidationTimeout(TimeUnit.SECONDS.toMillis(2));
        config.setConnectionInitSql(SESSION);
        config.setKeepaliveTime(TimeUnit.SECONDS.toMillis(60));
        config.setMaxLifetime(TimeUnit.MINUTES.toMillis(30));
        config.setInitializationFailTimeout(-1);
        return config;
    }

    /// Several statements of one transaction, which may take as long as they take. Throws like [#transaction].
    <R extends @Nullable Object> R patiently(Query<R> query) {
        try (Connection connection = patientSource().getConnection()) {
            return committed(connection, c -> query.on(DSL.using(c, SQLDialect.POSTGRES)));
        } catch (SQLException | RuntimeException e) {
            throw translated(e);
        }
    }

    /// For migrations: connections outside the pool, on which a statement may take as long as it takes.
    DataSource patientSource() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setURL(settings.url());
        source.setUser(settings.user());
        source.setPassword(settings.password());
        source.setApplicationName(APPLICATION);
        source.setConnectTimeout(3);
        source.setTcpKeepAlive(true);
        source.setLogServerErrorDetail(false);
        return source;
    }

    private Connection connection() throws SQLException {
        Connection connection = pool.getConnection();
        if (!answerWithin.equals(PROMPT)) {
            try {
                // The pool sets it back when it gets the connection back.
                connection.setNetworkTimeout(Runnable::run, (int) answerWithin.toMillis());
            } catch (SQLException e) {
                connection.close();
                throw e;
            }
        }
        return connection;
    }

    /// One statement, committed by itself. Throws a `busy` refusal when the database cannot be reached.
    <R extends @Nullable Object> R query(Query<R> query) {
        try (Connection connection = connection()) {
            return query.on(DSL.using(connection, SQLDialect.POSTGRES));
        } catch (SQLException | RuntimeException e) {
            throw translated(e);
        }
    }

    /// Several statements of one transaction; done again when PostgreSQL had to break a deadlock.
    <R extends @Nullable Object> R transactionQuery(Query<R> query) {
        return transaction(connection -> query.on(DSL.using(connection, SQLDialect.POSTGRES)));
    }

    /// Likewise, without jOOQ.
    <R extends @Nullable Object> R statement(Work<R> work) {
        return repeated(work);
    }

    /// A batch in one transaction, or in one for each of its statements. Throws like [#transaction].
    <C, R> List<R> write(GroupCommit.Batch<C, R> batch, List<C> commands) {
        return repeated(connection -> batch.commitsItself()
                ? batch.write(connection, commands)
                : committed(connection, c -> batch.write(c, commands)));
    }

    /// One transaction on one connection. Throws a `busy` refusal when the database cannot be reached: then
    /// nothing may be assumed of the transaction, it can have been committed.
    <R extends @Nullable Object> R transaction(Work<R> work) {
        return repeated(connection -> committed(connection, work));
    }

    private <R extends @Nullable Object> R repeated(Work<R> work) {
        for (int attempt = 1; ; attempt++) {
            try (Connection connection = connection()) {
                return work.on(connection);
            } catch (SQLException | RuntimeException e) {
                if (attempt >= REPEATS || !Outage.mayRepeat(e)) {
                    throw translated(e);
                }
                log.atInfo().addKeyValue("attempt", attempt).log("transaction done again after a deadlock");
            }
        }
    }

    /// What a question of one row and column answers.
    static boolean isTrue(PreparedStatement question) throws SQLException {
        try (ResultSet answer = question.executeQuery()) {
            return answer.next() && answer.getBoolean(1);
        }
    }

    /// Lets this transaction's later statements read whole tables: for reports and recounts, which go over many
    /// rows and are planned by the sizes of the day, while all other statements go to single rows.
    static void planFreely(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(FREELY);
        }
    }

    /// Several statements of one transaction that go over many rows, see [#planFreely].
    <R extends @Nullable Object> R upkeep(Query<R> query) {
        return transaction(connection -> {
            planFreely(connection);
            return query.on(DSL.using(connection, SQLDialect.POSTGRES));
        });
    }

    private static <R extends @Nullable Object> R committed(Connection connection, Work<R> work) throws SQLException {
        connection.setAutoCommit(false);
        R result;
        try {
            result = work.on(connection);
        } catch (SQLException | RuntimeException e) {
            try {
                connection.rollback();
            } catch (SQLException broken) {
                e.addSuppressed(broken);
            }
            throw e;
        }
        connection.commit();
        return result;
    }

    private static RuntimeException translated(Exception e) {
        if (Outage.isExhaustion(e)) {
            log.atWarn().addKeyValue("reason", e.getMessage()).log("every connection to the database is in use");
            return Outage.exhausted();
        } else if (Outage.is(e)) {
            log.atWarn().addKeyValue("reason", e.getMessage()).log("the database cannot be reached");
            return Outage.refusal();
        }
        return e instanceof RuntimeException unchecked ? unchecked : new IllegalStateException("a statement failed", e);
    }

    /// The pool of connections, now.
    ///
    /// @param waiting threads that wait for one
    public record Pool(int active, int idle, int waiting, int max) {}

    public Pool pool() {
        HikariPoolMXBean bean = pool.getHikariPoolMXBean();
        int max = pool.getMaximumPoolSize();
        return bean == null
                ? new Pool(0, 0, 0, max)
                : new Pool(
                        bean.getActiveConnections(),
                        bean.getIdleConnections(),
                        bean.getThreadsAwaitingConnection(),
                        max);
    }

    /// True when a connection answers now.
    public boolean reachable() {
        try (Connection connection = pool.getConnection()) {
            return connection.isValid(2);
        } catch (SQLException e) {
            return false;
        }
    }

    /// Closes every connection.
    @Override
    public void close() {
        pool.close();
    }
}
