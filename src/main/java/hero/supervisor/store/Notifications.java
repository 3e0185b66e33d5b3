package hero.supervisor.store;

import hero.supervisor.domain.Time;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collection;
import java.util.Properties;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the other gateways what this one has committed ([Notice]), and hears it from them. It only saves waiting:
/// what is lost, the poll of the log finds. NOTIFY takes a lock of the whole server at its commit, so there is at
/// most one per millisecond and gateway, and one per 5 ms of what only streams tell, after the commit that it
/// tells of and in a transaction of its own, which waits for no disk.
///
/// A gateway that has the database to itself tells nobody: whoever begins to listen says hello, and is answered.
///
/// Hears on a connection of its own, outside the pool. Behind PgBouncer in transaction mode LISTEN seems to work
/// and hears nothing: an echo tells, and then the poll has to do. Safe for any thread.
public final class Notifications implements Committed, AutoCloseable {
    static final String CHANNEL = "hero_supervisor";

    /// Stands for every queue. A queue of this name only wakes the others as well. Who says it is answered, so it
    /// is also the hello.
    public static final String ALL = "*";

    /// So often there was something to tell, and nobody was heard: then there is nobody.
    private static final int UNHEARD = 200;

    private static final String TELL = "select set_config('synchronous_commit', 'off', true), pg_notify(?, ?)";

    private static final Logger log = LoggerFactory.getLogger(Notifications.class);
    private static final Duration LEAST = Duration.ofMillis(1);
    private static final Duration PATIENCE = Duration.ofMillis(5);
    private static final Duration ECHO_WITHIN = Duration.ofSeconds(3);
    private static final Duration QUIET = Duration.ofSeconds(20);
    private static final Duration AGAIN = Duration.ofSeconds(1);
    private static final Duration AGAIN_WHEN_DEAF = Duration.ofSeconds(60);

    private final Database database;
    private final Database.Settings settings;
    private final String node;
    private final Time time;
    private final Notice.Draft draft;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /// Apart from the other: who rests is not to be woken by each commit.
    private final Condition ended = lock.newCondition();
    private boolean rung;
    private boolean urgent;
    private boolean closed;
    private @Nullable Connection listening;
    private boolean said;

    /// Other gateways are heard, were there any.
    private boolean hears;

    private boolean met;
    private int unheard;
    private volatile BooleanSupplier eager = () -> true;

    /// @param node this gateway's name, which every notification holds
    /// @param time tells the others how old the news is
    public Notifications(Database database, Database.Settings settings, String node, Time time) {
        this.time = time;
        this.database = database.prompt();
        this.settings = settings;
        this.node = node;
        this.draft = new Notice.Draft(node);
    }

    /// Who is told what gateways have committed, or may have. Must return at once.
    public interface Listener {
        /// Another one did.
        void heard(Notice notice);

        /// This one did; soon after, and not for each commit.
        void committed();

        /// Whether anybody here wants to know that.
        boolean isEager();
    }

    /// Starts hearing and telling; at most once.
    public Notifications start(ThreadFactory threads, Listener listener) {
        eager = listener::isEager;
        threads.newThread(() -> hear(listener)).start();
        threads.newThread(() -> tell(listener)).start();
        return this;
    }

    @Override
    public void news(News news) {
        lock.lock();
        try {
            // Commits of a gateway that is alone wake nobody, unless somebody here reads them.
            if (!isAlone() || eager.getAsBoolean()) {
                draft.add(news, time.instant());
                ring(news.isUrgent());
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void ripened(Collection<Spot> spots) {
        if (!spots.isEmpty()) {
            lock.lock();
            try {
                draft.ripened(spots);
                ring(true);
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public void say(Lending word) {
        lock.lock();
        try {
            draft.say(word, time.instant());
            ring(true);
        } finally {
            lock.unlock();
        }
    }

    /// Thousands of commits a second must not wake the telling thread each.
    private void ring(boolean now) {
        if (!rung) {
            rung = true;
            changed.signalAll();
        }
        if (now && !urgent) {
            urgent = true;
            ended.signalAll();
        }
    }

    // ---- telling ----

    private void tell(Listener own) {
        while (awaitRing()) {
            own.committed();
            awaitUrgent();
            String payload = payload();
            // Of what has come since; what comes from now on rings again.
            own.committed();
            try {
                if (!payload.isEmpty()) {
                    send(payload);
                }
            } catch (RuntimeException e) {
                // Nobody hears of it, and the polls find it.
                log.atDebug().setCause(e).log("a notification was not sent");
            }
            rest(payload.isEmpty() ? PATIENCE : LEAST);
        }
    }

    private boolean awaitRing() {
        lock.lock();
        try {
            while (!rung && !closed) {
                changed.awaitUninterruptibly();
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    private boolean isAlone() {
        return hears && !met && unheard == UNHEARD;
    }

    private void meets(boolean hello) {
        lock.lock();
        try {
            met = true;
        } finally {
            lock.unlock();
        }
        if (hello) {
            news(News.LOGGED);
        }
    }

    /// Empty when nobody is to be told.
    private String payload() {
        lock.lock();
        try {
            String payload = draft.take();
            // What has not fitted goes with the next one.
            rung = draft.saysMore();
            urgent = rung;
            unheard = Math.min(unheard + 1, UNHEARD);
            return isAlone() ? "" : payload;
        } finally {
            lock.unlock();
        }
    }

    private void send(String payload) {
        database.statement(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(TELL)) {
                statement.setString(1, CHANNEL);
                statement.setString(2, payload);
                return statement.execute();
            }
        });
    }

    /// What only streams tell may wait a little for what others wait for.
    private void awaitUrgent() {
        lock.lock();
        try {
            long leftNanos = PATIENCE.toNanos();
            while (!closed && !urgent && leftNanos > 0) {
                leftNanos = ended.awaitNanos(leftNanos);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /// True when closed.
    private boolean rest(Duration pause) {
        lock.lock();
        try {
            long leftNanos = pause.toNanos();
            while (!closed && leftNanos > 0) {
                leftNanos = ended.awaitNanos(leftNanos);
            }
            return closed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        } finally {
            lock.unlock();
        }
    }

    // ---- hearing ----

    private void hear(Listener others) {
        boolean over = false;
        while (!over) {
            Duration pause = AGAIN;
            try (Connection connection = DriverManager.getConnection(settings.url(), properties())) {
                if (keep(connection)) {
                    listen(connection, others);
                }
            } catch (DeafException e) {
                pause = AGAIN_WHEN_DEAF;
                degraded("an echo did not come back, as behind a pooler in transaction mode");
            } catch (SQLException | RuntimeException e) {
                degraded(String.valueOf(e.getMessage()));
            } finally {
                keep(null);
            }
            over = rest(pause);
        }
    }

    private Properties properties() {
        Properties properties = Database.properties(settings);
        properties.setProperty("socketFactory", EarSocket.Factory.class.getName());
        return properties;
    }

    private boolean keep(@Nullable Connection connection) {
        lock.lock();
        try {
            listening = connection;
            hears = false;
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    private void degraded(String reason) {
        lock.lock();
        try {
            if (said || closed) {
                return;
            }
            said = true;
        } finally {
            lock.unlock();
        }
        log.atWarn()
                .addKeyValue("reason", reason.lines().findFirst().orElse(""))
                .log("other gateways are not heard; this one polls for their news, which takes a little longer");
    }

    private void listen(Connection connection, Listener others) throws SQLException {
        PGConnection postgres = connection.unwrap(PGConnection.class);
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen " + CHANNEL);
        }
        // Nobody was listening until now.
        others.heard(Notice.anything());
        send(Notice.hello(node));
        boolean proved = false;
        while (true) {
            PGNotification[] heard = await(postgres, proved ? QUIET : ECHO_WITHIN);
            if (heard.length == 0 && !proved) {
                throw new DeafException();
            } else if (heard.length == 0 && !connection.isValid(5)) {
                throw new SQLException("the connection is dead");
            } else if (heard.length > 0 && !proved) {
                proved = true;
                heardAgain();
            }
            take(heard, others);
        }
    }

    private static PGNotification[] await(PGConnection postgres, Duration atMost) throws SQLException {
        PGNotification @Nullable [] heard = postgres.getNotifications((int) atMost.toMillis());
        return heard == null ? new PGNotification[0] : heard;
    }

    private void heardAgain() {
        boolean news;
        lock.lock();
        try {
            hears = true;
            unheard = 0;
            news = said;
            said = false;
        } finally {
            lock.unlock();
        }
        if (news) {
            log.atInfo().log("other gateways are heard again");
        }
    }

    private void take(PGNotification[] heard, Listener others) {
        for (PGNotification notification : heard) {
            Notice notice = Notice.of(notification.getParameter());
            if (!notice.node().equals(node)) {
                meets(notice.isHello());
                others.heard(notice);
            }
        }
    }

    /// Ends both threads, soon; does not wait for them.
    @Override
    public void close() {
        Connection open;
        lock.lock();
        try {
            closed = true;
            open = listening;
            changed.signalAll();
            ended.signalAll();
        } finally {
            lock.unlock();
        }
        if (open != null) {
            try {
                // The only way to end a read that waits.
                open.abort(Runnable::run);
            } catch (SQLException e) {
                log.atDebug().setCause(e).log("the listening connection was broken already");
            }
        }
    }

    private static final class DeafException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        DeafException() {
            super("no echo", null, false, false);
        }
    }
}
