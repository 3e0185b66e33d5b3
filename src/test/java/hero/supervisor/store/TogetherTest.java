package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.succeed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Event;
import hero.supervisor.store.JobStore.Place;
import hero.supervisor.store.JobStore.Placing;
import hero.supervisor.store.JobStore.Position;
import hero.supervisor.store.JobStore.Slot;
import hero.supervisor.store.JobStore.Started;
import hero.supervisor.store.RunnerStore.Session;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What happens to a job in one statement is one row of the log, and to every reader as many events as before.
@SuppressWarnings("NullAway.Init")
final class TogetherTest {
    private static final String ROWS = "select job_id || ' ' || status from job_events order by xid, seq";
    private static final String SHOWN = """
            select concat_ws(' ', seq - first_value(seq) over (partition by xid order by seq), job_id, status, attempt, detail, seconds)
            from report.transitions order by xid, seq
            """;

    private static final List<String> TOLD = List.of(
            "new created 0", "waits created 0", "waits queued 0", "goes created 0", "goes queued 0", "goes running 1");

    private Database.Settings settings;
    private Database database;
    private PostgresJobStore store;

    @BeforeEach
    void connect() {
        settings = PostgresFixture.freshDatabase();
        database = Database.connect(settings, Duration.ofSeconds(10));
        new Partitions(database).ahead();
        var runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        runners.openSession(
                new Session("s1", "runner", "one", 9, List.of("python"), Map.of()), false, Duration.ofHours(1));
        store = new PostgresJobStore(database, "one", 1000, 100);
    }

    @AfterEach
    void close() {
        store.close();
        database.close();
    }

    private List<String> texts(String query) {
        return database.query(sql -> sql.fetch(query).into(String.class));
    }

    private Created.Handed hand(String id) {
        return (Created.Handed) get(store.create(job(id), true, null, _ -> new Place("queue", new Slot("s1", 7))));
    }

    private long lease = 8;

    private Assignment start(String id) {
        get(store.create(job(id), false));
        Started started = get(store.start(id, "runner", _ -> new Place("queue", new Slot("s1", ++lease))));
        return ((Started.Handed) started).job();
    }

    private static List<String> words(List<Event> events) {
        return events.stream()
                .map(event -> event.jobId() + " " + event.status() + " " + event.attempt())
                .toList();
    }

    private void threeKinds() {
        get(store.create(job("new"), false));
        get(store.create(job("waits"), true));
        hand("goes");
    }

    @Test
    void one_row_is_written_and_every_step_is_told_in_its_order() {
        Position head = store.head();
        threeKinds();
        assertEquals(List.of("new created", "waits queued", "goes running"), texts(ROWS));
        List<Event> events = store.eventsWithFacts(head, 100).events();
        assertEquals(TOLD, words(events));
        for (Event event : events) {
            assertEquals("python", event.facts() == null ? null : event.facts().executor());
        }
        for (int pages = 1; pages <= TOLD.size(); pages++) {
            assertEquals(events, read(head, pages), "pages of " + pages);
        }
        for (int i = 0; i < TOLD.size(); i++) {
            List<Event> rest = store.events(events.get(i).position(), 100).events();
            assertEquals(TOLD.subList(i + 1, TOLD.size()), words(rest), "behind " + TOLD.get(i));
        }
    }

    private List<Event> read(Position from, int page) {
        List<Event> all = new ArrayList<>();
        Position at = from;
        for (Position before = null; !at.equals(before); ) {
            before = at;
            JobStore.Events next = store.eventsWithFacts(at, page);
            all.addAll(next.events());
            at = next.next();
        }
        return all;
    }

    @Test
    void other_gateways_hear_of_what_waits_and_not_of_what_was_handed_over() {
        try (var other = new PostgresJobStore(database, "two", 1000, 100)) {
            Position head = other.head();
            threeKinds();
            assertEquals(List.of("waits queued 0"), words(other.news(head, 100).events()));
        }
    }

    @Test
    void a_start_that_hands_over_writes_what_older_gateways_read() {
        Assignment given = start("goes");
        assertEquals(List.of("goes created", "goes queued", "goes running"), texts(ROWS));
        assertEquals(List.of("0 goes created 0", "0 goes queued 0 handed", "3 goes running 1 0"), texts(SHOWN));
        assertEquals(List.of("s1"), texts("select session_id from job_held"));
        succeed(store, given.key());
        try (Figures figures = new Figures(database)) {
            assertEquals(4, figures.count());
        }
        assertEquals(
                List.of("1 1 1"),
                texts("select concat_ws(' ', accepted, started, completed) from report.throughput"
                        + " where period = 'day'"));
        try (var other = new PostgresJobStore(database, "two", 1000, 100)) {
            Position head = other.head();
            start("next");
            assertEquals(List.of(), words(other.news(head, 100).events()));
        }
    }

    @Test
    void one_batch_hands_over_queues_and_finds_what_it_cannot_start() {
        for (String id : List.of("goes", "waits", "runs")) {
            get(store.create(job(id), false));
        }
        get(store.start("runs", "runner", _ -> new Place("queue", new Slot("s1", 1))));
        Placing place = _ -> new Place("queue", new Slot("s1", 2));
        List<Started> answers = database.statement(connection -> new StartBatch("one")
                .write(
                        connection,
                        List.of(
                                new StartBatch.Start("nobody", "runner", place),
                                new StartBatch.Start("waits", "", Placing.NONE),
                                new StartBatch.Start("goes", "runner", place),
                                new StartBatch.Start("runs", "runner", place),
                                new StartBatch.Start("goes", "runner", place))));
        assertEquals(new Started.NoJob(), answers.get(0));
        assertEquals(new Started.Queued("queue"), answers.get(1));
        assertEquals(
                "goes",
                assertInstanceOf(Started.Handed.class, answers.get(2))
                        .job()
                        .job()
                        .id());
        assertEquals(new Started.Already(), answers.get(3));
        assertEquals(new Started.Already(), answers.get(4));
    }

    @Test
    void reports_and_figures_show_every_step() {
        OwnEvents own = new OwnEvents(database, store, "one");
        threeKinds();
        succeed(store, claimOne(store).key());
        assertEquals(
                List.of(
                        "0 new created 0",
                        "0 waits created 0",
                        "1 waits queued 0",
                        "0 goes created 0",
                        "1 goes queued 0 handed",
                        "2 goes running 1 0"),
                texts(SHOWN).subList(0, 6));
        try (Figures figures = new Figures(database)) {
            assertEquals(5, figures.count());
        }
        assertEquals(
                List.of("3 2 1"),
                texts("select concat_ws(' ', accepted, started, completed) from report.throughput"
                        + " where period = 'day'"));
        Map<String, Long> counts = new TreeMap<>();
        own.next().forEach(count -> counts.merge(count.status() + " " + count.again(), count.events(), Long::sum));
        assertEquals(
                Map.of("created false", 3L, "queued false", 2L, "running false", 2L, "completed false", 1L), counts);
    }

    /// They read each event from a row of its own, and a gateway of this version reads those like its own.
    @Test
    void beside_a_gateway_of_the_version_before_each_step_has_its_row() throws Exception {
        Properties properties = Database.properties(settings);
        properties.setProperty("ApplicationName", Elders.NAME);
        try (Connection elder = DriverManager.getConnection(settings.url(), properties)) {
            elder.createStatement().execute("select 1");
            Position head = store.head();
            threeKinds();
            assertEquals(
                    TOLD.stream()
                            .map(word -> word.substring(0, word.length() - 2))
                            .toList(),
                    texts(ROWS));
            assertEquals(TOLD, words(store.events(head, 100).events()));
        }
    }
}
