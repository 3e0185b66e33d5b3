package hero.supervisor.store;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Time;
import hero.supervisor.store.Committed.News;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/// Two gateways on one database, and a bystander who hears every notification.
@Timeout(60)
@SuppressWarnings("NullAway.Init")
final class NotificationsTest {
    private Database.Settings settings;
    private Database database;
    private Ears a;
    private Ears b;

    /// One gateway's notifications and what it heard.
    private static final class Ears implements Notifications.Listener, AutoCloseable {
        final Notifications notifications;
        final AtomicInteger others = new AtomicInteger();
        final AtomicInteger own = new AtomicInteger();
        final BlockingQueue<Notice> named = new LinkedBlockingQueue<>();
        private final List<Thread> threads = new CopyOnWriteArrayList<>();
        volatile boolean eager = true;

        Ears(Database database, Database.Settings settings, String node) {
            notifications = new Notifications(database, settings, node, Time.system())
                    .start(
                            task -> {
                                Thread thread = Thread.ofVirtual().unstarted(task);
                                threads.add(thread);
                                return thread;
                            },
                            this);
        }

        /// The thread that tells the others.
        Thread teller() {
            return threads.get(1);
        }

        @Override
        public void committed() {
            own.incrementAndGet();
        }

        @Override
        public boolean isEager() {
            return eager;
        }

        @Override
        public void heard(Notice notice) {
            others.incrementAndGet();
            if (!notice.ripened().isEmpty() || notice.isAll()) {
                named.add(notice);
            }
        }

        Set<Spot> ripened() throws InterruptedException {
            return Set.copyOf(named.take().ripened());
        }

        @Override
        public void close() {
            notifications.close();
        }
    }

    @BeforeEach
    void setup() throws SQLException {
        settings = PostgresFixture.freshDatabase();
        database = Database.connect(settings, Duration.ofSeconds(10));
        a = new Ears(database, settings, "a");
        b = new Ears(database, settings, "b");
        await().until(() -> listeners().size() == 2);
    }

    @AfterEach
    void stop() {
        a.close();
        b.close();
        database.close();
    }

    /// Process ids of the connections that listen here.
    private List<Integer> listeners() throws SQLException {
        List<Integer> pids = new ArrayList<>();
        try (Connection connection = open();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery("select pid from pg_stat_activity where datname = current_database()"
                        + " and query ilike 'listen %'")) {
            while (rows.next()) {
                pids.add(rows.getInt(1));
            }
        }
        return pids;
    }

    private Connection open() throws SQLException {
        return DriverManager.getConnection(settings.url(), settings.user(), settings.password());
    }

    /// Everything that has been said is heard when its marker is.
    private static void settle(Ears from, Ears to) {
        int before = to.others.get();
        from.notifications.news(News.LOGGED);
        await().until(() -> to.others.get() > before);
    }

    @Test
    void a_commit_is_heard_by_the_others_and_known_to_oneself() {
        settle(a, b);
        settle(b, a);
        int heard = a.others.get();
        settle(a, b);
        assertEquals(heard, a.others.get(), "one's own is no news");
        assertTrue(a.own.get() > 0);
    }

    /// What only streams tell waits a moment for more, and what comes then is known to oneself as well.
    @Test
    void a_commit_that_comes_while_another_one_waits_to_be_told_is_known_to_oneself() {
        for (int i = 0; i < 20; i++) {
            int before = a.own.get();
            a.notifications.news(News.NONE);
            while (a.own.get() == before) {
                Thread.onSpinWait();
            }
            int known = a.own.get();
            a.notifications.news(News.LOGGED);
            await().pollInterval(Duration.ofMillis(1)).until(() -> a.own.get() > known);
            settle(a, b);
        }
    }

    @Test
    void nothing_is_said_for_nothing_and_many_commits_are_few_notifications() throws SQLException {
        try (Connection bystander = open();
                Statement statement = bystander.createStatement()) {
            settle(a, b);
            settle(b, a);
            statement.execute("listen " + Notifications.CHANNEL);
            int commits = 5000;
            for (int i = 0; i < commits; i++) {
                a.notifications.news(News.LOGGED);
            }
            settle(a, b);
            b.notifications.news(News.LOGGED);
            List<String> said = new ArrayList<>();
            while (!said.contains("b")) {
                PGNotification[] heard = bystander.unwrap(PGConnection.class).getNotifications(10_000);
                for (PGNotification one : heard) {
                    said.add(one.getParameter());
                }
            }
            assertTrue(said.size() < commits / 10, () -> "so many notifications: " + said.size());
            said.removeLast();
            assertEquals(Set.of("a"), Set.copyOf(said));
        }
    }

    @Test
    void what_a_commit_has_brought_is_named() throws InterruptedException {
        settle(a, b);
        b.named.clear();
        a.notifications.news(new News(List.of("q 1"), List.of("j1", "j2"), true));
        Notice heard = b.named.take();
        assertEquals(
                new Notice("a", List.of(), List.of("q 1"), List.of("j1", "j2"), true, List.of(), heard.since()), heard);
        a.notifications.news(News.NONE);
        assertEquals(List.of(), b.named.take().queues());
    }

    @Test
    void what_is_said_of_loans_is_heard_in_order_and_needs_no_log() throws InterruptedException {
        settle(a, b);
        b.named.clear();
        List<Lending> words = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            words.add(new Lending.Filled("b", "loan", i, false, List.of(new Assignment.Key("job " + i, 1, i))));
        }
        words.forEach(a.notifications::say);
        List<Lending> heard = new ArrayList<>();
        while (heard.size() < words.size()) {
            Notice notice = b.named.take();
            assertTrue(notice.isAll(), "nothing else is to be looked for");
            heard.addAll(notice.lendings());
        }
        assertEquals(words, heard);
    }

    @Test
    void queues_that_ripened_are_named_and_too_many_are_all() throws InterruptedException {
        settle(a, b);
        b.named.clear();
        a.notifications.ripened(List.of());
        Set<Spot> spots =
                Set.of(Spot.of("q1", 0, 7), Spot.of("q1", -100, Long.MAX_VALUE), Spot.of("q 2", 100, 1), Spot.in("q3"));
        a.notifications.ripened(spots);
        assertEquals(spots, b.ripened());
        List<Spot> many = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            many.add(Spot.of("a queue with quite a long name, number " + i, 0, i));
        }
        a.notifications.ripened(many);
        assertEquals(Set.of(Spot.in(Notifications.ALL)), b.ripened());
    }

    @Test
    void a_listener_that_lost_its_connection_listens_again_and_looks_at_once() throws SQLException {
        settle(a, b);
        int before = b.others.get();
        try (Connection connection = open();
                Statement statement = connection.createStatement()) {
            for (int pid : listeners()) {
                statement.execute("select pg_terminate_backend(" + pid + ")");
            }
        }
        await().until(() -> b.others.get() > before);
        await().until(() -> listeners().size() == 2);
        settle(a, b);
        settle(b, a);
    }

    @Test
    void one_that_has_the_database_to_itself_falls_silent_until_another_comes() throws SQLException {
        Database.Settings own = PostgresFixture.freshDatabase();
        try (Database home = Database.connect(own, Duration.ofSeconds(10));
                Ears alone = new Ears(home, own, "alone");
                Connection bystander = DriverManager.getConnection(own.url(), own.user(), own.password());
                Statement statement = bystander.createStatement()) {
            statement.execute("listen " + Notifications.CHANNEL);
            PGConnection heard = bystander.unwrap(PGConnection.class);
            await().until(() -> {
                heard.getNotifications();
                ring(alone, 20);
                return heard.getNotifications(100).length == 0;
            });
            assertWokenOnlyWhenEager(alone);
            try (Ears other = new Ears(home, own, "other")) {
                settle(alone, other);
                settle(other, alone);
            }
        }
    }

    /// Commits wake a gateway that is alone while somebody there wants to know of them, and not else.
    private static void assertWokenOnlyWhenEager(Ears alone) {
        alone.eager = false;
        await().until(() -> alone.teller().getState() == Thread.State.WAITING);
        int before = alone.own.get();
        await().during(Duration.ofMillis(100)).until(() -> {
            alone.notifications.news(News.LOGGED);
            return alone.own.get() == before;
        });
        alone.eager = true;
        ring(alone, 3);
        alone.eager = false;
    }

    private static void ring(Ears from, int times) {
        for (int i = 0; i < times; i++) {
            int before = from.own.get();
            from.notifications.news(News.LOGGED);
            await().pollInterval(Duration.ofMillis(1)).until(() -> from.own.get() > before);
        }
    }

    @Test
    void where_none_can_listen_the_others_are_told_all_the_same_and_the_end_is_quick() {
        var nowhere = new Database.Settings(
                "jdbc:postgresql://127.0.0.1:1/none", settings.user(), settings.password(), settings.poolSize());
        try (Ears deaf = new Ears(database, nowhere, "deaf")) {
            settle(deaf, a);
            assertEquals(0, deaf.others.get());
        }
    }

    @Test
    void a_pooler_that_swallows_notifications_is_found_out() throws Exception {
        try (var pooler = new SwallowingPooler(settings);
                Ears deaf = new Ears(database, pooler.settings(), "deaf")) {
            await().until(() -> deaf.others.get() == 1);
            settle(deaf, a);
            pooler.awaitGivenUp();
            settle(a, b);
            assertEquals(1, deaf.others.get());
        }
    }
}
