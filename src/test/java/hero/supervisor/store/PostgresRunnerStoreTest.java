package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.slots;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Runner;
import hero.supervisor.domain.RunnerStatus;
import hero.supervisor.store.RunnerStore.Session;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("NullAway.Init")
class PostgresRunnerStoreTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private Database database;
    private PostgresRunnerStore store;

    @BeforeEach
    void setup() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
        store = new PostgresRunnerStore(database);
    }

    @AfterEach
    void disconnect() {
        database.close();
    }

    private static Session session(String id, String runner) {
        return new Session(id, runner, "node", 3, List.of("sh", "python"), Map.of("zone", "a \"b\""));
    }

    @Test
    void a_name_is_registered_once_and_keeps_its_queue() {
        assertEquals(new Runner("r", "q", true), store.register("r", "q"));
        assertEquals(new Runner("r", "q", true), store.register("r", "other"));
        store.register("a", "q");
        assertEquals(List.of("a", "r"), store.all().stream().map(Runner::name).toList());
        assertTrue(store.remove("r"));
        assertFalse(store.remove("r"));
        assertTrue(store.find("r").isEmpty());
    }

    @Test
    void beats_of_one_batch_are_answered_each_for_itself_whatever_their_leases() {
        assertTrue(store.openSession(session("s", "r"), false, HOUR));
        assertTrue(store.openSession(session("t", "r"), false, HOUR));
        database.query(sql -> sql.execute("insert into job_holds values ('t', 1, now()), ('t', 2, now())"));
        var beats = List.of(
                new BeatBatch.Beat("s", "node", HOUR),
                new BeatBatch.Beat("gone", "node", HOUR),
                new BeatBatch.Beat("t", "other", HOUR),
                new BeatBatch.Beat("t", "node", Duration.ofSeconds(-1)),
                new BeatBatch.Beat("s", "node", Duration.ofHours(2)));
        assertEquals(
                List.of(Pulse.IDLE, Pulse.LOST, Pulse.MOVED, Pulse.HOLDING, Pulse.IDLE),
                database.statement(connection -> new BeatBatch().write(connection, beats)));
        assertEquals(
                List.of("s after an hour", "t over"),
                database.query(sql -> sql.fetch("""
                        select id || case when lease_until < clock_timestamp() then ' over'
                          when lease_until > clock_timestamp() + interval '1 hour' then ' after an hour' else '' end
                        from runner_sessions order by id""").getValues(0, String.class)));
    }

    @Test
    void the_flow_is_closed_and_opened() {
        store.register("r", "q");
        assertTrue(store.setOpen("r", false));
        assertEquals(List.of(new RunnerStore.Flow("r", "q", false)), store.flows());
        assertFalse(store.find("r").orElseThrow().open());
        assertTrue(store.setOpen("r", true));
        assertEquals(List.of(new RunnerStore.Flow("r", "q", true)), store.flows());
        database.query(sql -> sql.execute("update runners set registered_at = now() - interval '1 hour'"));
        assertEquals(List.of(), store.flows());
        assertFalse(store.setOpen("nobody", true));
    }

    @Test
    void a_name_that_is_gone_is_told_for_its_sessions() {
        store.openSession(session("s", "r"), false, HOUR);

        assertEquals(List.of(new RunnerStore.Flow("r", null, true)), store.flows());
    }

    @Test
    void a_session_drains_until_it_is_opened_again() {
        store.openSession(session("one", "r"), false, HOUR);
        store.openSession(session("two", "r"), false, HOUR);
        store.drain(List.of("one", "two"));
        assertTrue(store.openSession(session("two", "r"), true, HOUR));

        assertEquals(
                List.of("one"),
                database.query(sql -> sql.fetch("select id from runner_sessions where draining")
                        .getValues(0, String.class)));
    }

    @Test
    void a_session_is_opened_taken_over_resumed_and_closed() {
        assertFalse(store.openSession(session("s", "r"), true, HOUR));
        assertTrue(store.openSession(session("s", "r"), false, HOUR));
        assertTrue(store.openSession(session("s", "r"), false, HOUR));
        assertTrue(store.openSession(session("s", "r"), true, HOUR));
        assertFalse(store.openSession(session("s", "thief"), false, HOUR));
        assertFalse(store.openSession(session("s", "thief"), true, HOUR));
        assertEquals(Pulse.IDLE, store.beat("s", "node", HOUR));
        assertEquals(Pulse.MOVED, store.beat("s", "other", HOUR));
        store.closeSession("s", "other");
        assertEquals(Pulse.IDLE, store.beat("s", "node", HOUR));
        store.closeSession("s", "node");
        assertEquals(Pulse.LOST, store.beat("s", "node", HOUR));
    }

    @Test
    void status_counts_living_sessions_what_they_hold_and_what_waits() {
        store.register("r", "q");
        store.register("idle", "other");
        store.openSession(session("one", "r"), false, HOUR);
        store.openSession(session("two", "r"), false, HOUR);
        store.openSession(session("dead", "r"), false, Duration.ZERO);
        store.register("runner", "q");
        try (PostgresJobStore jobs = new PostgresJobStore(database, "node", 100, 100)) {
            for (String id : List.of("a", "b", "c")) {
                get(jobs.create(job(id), true));
            }
            get(jobs.claim("q", slots("one", 1)));
            store.closeSession("one", "node");
        }
        RunnerStatus status = store.status("r").orElseThrow();
        assertEquals(2, status.connections());
        assertEquals(6, status.slots());
        assertEquals(1, status.running());
        assertEquals(2, status.queued());
        assertNotNull(status.lastSeen());
        RunnerStatus idle = store.status("idle").orElseThrow();
        assertEquals(new RunnerStatus(new Runner("idle", "other", true), 0, 0, 0, 0, null), idle);
        assertNull(idle.lastSeen());
        assertEquals(3, store.statuses().size());
        assertTrue(store.status("nobody").isEmpty());
    }

    @Test
    void the_audit_log_keeps_what_was_done() {
        store.audit("admin", "secret.create", "s1", "for tests");
        assertEquals(
                "secret.create",
                database.query(
                        sql -> sql.fetchSingle("select action from audit").get(0, String.class)));
    }
}
