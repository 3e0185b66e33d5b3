package hero.supervisor.store;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Says to the other gateways "look at the log", and hears it from them. It only saves waiting: what is lost, the
/// poll finds. NOTIFY takes a lock of the whole server at its commit, so there is at most one per 5 ms and
/// gateway, after the commit that it tells of and in a transaction of its own, which waits for no disk.
///
/// A gateway that has the database to itself tells nobody: whoever begins to listen says hello, and is answered.
///
/// Hears on a connection of its own, outside the pool. Behind PgBouncer in transaction mode LISTEN seems to work
/// and hears nothing: an echo tells, and then the poll has to do. Safe for any thread.
public final class Notifications implements AutoCloseable {
    static final String CHANNEL = "hero_supervisor";

    /// Stands for every queue. A queue of this name only wakes the others as well. Who says it is answered, so it
    /// is also the hello.
    public static final String ALL = "*";

    /// So often there was something to tell, and nobody was heard: then there is nobody. At least a second.
    private static final int UNHEARD = 200;

    /// NOTIFY takes less than 8000 bytes, and a character may be four.
    private static final int PAYLOAD_CHARS_MAX = 1900;

    /// In a payload behind its queue. A gateway that knows no places takes it for a queue that it does not have.
    private static final Pattern PLACE = Pattern.compile("\t(-?\\d{1,5})\t(\\d{1,19})");

    private static final String TELL = "select set_config('synchronous_commit', 'off', true), pg_notify(?, ?)";

    private static final Logger log = LoggerFactory.getLogger(Notifications.class);
    private static final Duration DEBOUNCE = Duration.ofMillis(5);
    private static final Duration ECHO_WITHIN = Duration.ofSeconds(3);
    private static final Duration QUIET = Duration.ofSeconds(20);
    private static final Duration AGAIN = Duration.ofSeconds(1);
    private static final Duration AGAIN_WHEN_DEAF = Duration.ofSeconds(60);

    private final Database database;
    private final Database.Settings settings;
    private final String node;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /// Apart from the other: who rests is not to be woken by each commit.
    private final Condition ended = lock.newCondition();
    private final TreeMap<String, TreeMap<Integer, Long>> ripe = new TreeMap<>();
    private boolean rung;
    private boolean closed;
    private @Nullable Connection listening;
    private boolean said;

    /// Other gateways are heard, were there any.
    private boolean hears;

    private boolean met;
    private int unheard;

    /// @param node this gateway's name: a notification holds it, and the queues that have got work by the clock
    public Notifications(Database database, Database.Settings settings, String node) {
        this.database = database.prompt();
        this.settings = settings;
        this.node = node;
    }

    /// Starts hearing and telling; at most once.
    ///
    /// @param others run when another gateway has committed, or may have; must return at once
    /// @param own run when this one has, at most once per 5 ms; likewise
    /// @param ripened told where jobs wait that another gateway has found due; [#ALL] for anywhere; likewise
    public Notifications start(
            ThreadFactory threads, Runnable others, Runnable own, Consumer<Collection<Spot>> ripened) {
        threads.newThread(() -> hear(new Ears(others, ripened))).start();
        threads.newThread(() -> tell(own)).start();
        return this;
    }

    /// This gateway has committed something that others may wait for. Returns at once.
    public void committed() {
        lock.lock();
        try {
            if (rung) {
                // Thousands of commits a second must not wake the telling thread each.
                return;
            }
            rung = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Jobs have become due and wait there, which no event tells. Returns at once.
    public void ripened(Collection<Spot> spots) {
        if (!spots.isEmpty()) {
            lock.lock();
            try {
                for (Spot spot : spots) {
                    TreeMap<Integer, Long> places = ripe.computeIfAbsent(spot.queue(), _ -> new TreeMap<>());
                    Spot.Place place = spot.place();
                    if (place != null) {
                        places.merge(place.priority(), place.seq(), Math::min);
                    }
                }
                rung = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    // ---- telling ----

    private void tell(Runnable own) {
        while (awaitRing()) {
            own.run();
            String payload = payload();
            try {
                if (!isAlone()) {
                    send(payload);
                }
            } catch (RuntimeException e) {
                // Nobody hears of it, and the polls find it.
                log.atDebug().setCause(e).log("a notification was not sent");
            }
            rest(DEBOUNCE);
        }
    }

    private boolean awaitRing() {
        lock.lock();
        try {
            while (!rung && !closed) {
                changed.awaitUninterruptibly();
            }
            rung = false;
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    private boolean isAlone() {
        lock.lock();
        try {
            unheard = Math.min(unheard + 1, UNHEARD);
            return hears && !met && unheard == UNHEARD;
        } finally {
            lock.unlock();
        }
    }

    private void meets(boolean hello) {
        lock.lock();
        try {
            met = true;
        } finally {
            lock.unlock();
        }
        if (hello) {
            committed();
        }
    }

    /// The node, then a line for each queue that has ripened, followed by its places; too many are one [#ALL].
    private String payload() {
        lock.lock();
        try {
            List<String> lines = new ArrayList<>();
            ripe.forEach((queue, places) -> {
                lines.add(queue);
                places.forEach((priority, seq) -> lines.add("\t" + priority + "\t" + seq));
            });
            String queues = String.join("\n", lines);
            ripe.clear();
            boolean fits = node.length() + queues.length() < PAYLOAD_CHARS_MAX;
            return queues.isEmpty() ? node : node + "\n" + (fits ? queues : ALL);
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

    private void hear(Ears ears) {
        boolean over = false;
        while (!over) {
            Duration pause = AGAIN;
            try (Connection connection = DriverManager.getConnection(settings.url(), Database.properties(settings))) {
                if (keep(connection)) {
                    listen(connection, ears);
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

    private void listen(Connection connection, Ears ears) throws SQLException {
        PGConnection postgres = connection.unwrap(PGConnection.class);
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen " + CHANNEL);
        }
        // Nobody was listening until now.
        ears.others.run();
        ears.ripened.accept(List.of(Spot.in(ALL)));
        send(node + "\n" + ALL);
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
            ears.take(heard);
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

    /// Who is told what is heard.
    private final class Ears {
        private final Runnable others;
        private final Consumer<Collection<Spot>> ripened;

        Ears(Runnable others, Consumer<Collection<Spot>> ripened) {
            this.others = others;
            this.ripened = ripened;
        }

        void take(PGNotification[] heard) {
            List<Spot> spots = new ArrayList<>();
            boolean news = false;
            for (PGNotification notification : heard) {
                List<String> lines = notification.getParameter().lines().toList();
                if (!lines.isEmpty() && !lines.getFirst().equals(node)) {
                    news = true;
                    List<String> named = lines.subList(1, lines.size());
                    spots.addAll(spots(named));
                    meets(named.contains(ALL));
                }
            }
            if (news) {
                others.run();
            }
            if (!spots.isEmpty()) {
                ripened.accept(spots);
            }
        }

        private static List<Spot> spots(List<String> lines) {
            List<Spot> spots = new ArrayList<>();
            for (String line : lines) {
                Matcher place = PLACE.matcher(line);
                if (place.matches() && !spots.isEmpty()) {
                    String queue = spots.getLast().queue();
                    if (spots.getLast().place() == null) {
                        spots.removeLast();
                    }
                    spots.add(Spot.of(queue, Integer.parseInt(place.group(1)), Long.parseLong(place.group(2))));
                } else {
                    spots.add(Spot.in(line));
                }
            }
            return spots;
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
