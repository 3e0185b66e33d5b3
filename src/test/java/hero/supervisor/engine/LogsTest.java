package hero.supervisor.engine;

import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.retried;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.LogAppend;
import hero.supervisor.domain.LogChunk;
import hero.supervisor.domain.LogStream;
import hero.supervisor.domain.ManualTime;
import hero.supervisor.domain.Progress;
import hero.supervisor.domain.Refusal;
import hero.supervisor.store.Database;
import hero.supervisor.store.JobFixture;
import hero.supervisor.store.LogStore;
import hero.supervisor.store.PostgresFixture;
import hero.supervisor.store.PostgresJobStore;
import hero.supervisor.store.PostgresLogStore;
import hero.supervisor.store.PostgresRunnerStore;
import hero.supervisor.store.RunnerStore;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Two gateways on one database; their loops do not run, tests call them.
@SuppressWarnings("NullAway.Init")
final class LogsTest {
    private static final LogStream OUT = LogStream.STDOUT;

    private final ManualTime time = new ManualTime();
    private Database database;
    private PostgresJobStore jobs;
    private PostgresLogStore store;
    private Logs here;
    private Logs elsewhere;

    @BeforeEach
    void setup() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
        PostgresRunnerStore runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        var session = new RunnerStore.Session("s1", "runner", "one", 10, List.of(), Map.of());
        runners.openSession(session, false, Duration.ofHours(1));
        jobs = new PostgresJobStore(database, "one", 1000, 1000);
        store = new PostgresLogStore(database, Limits.DEFAULT.logBytes());
        here = new Logs(store, Limits.DEFAULT, time, Thread::startVirtualThread);
        elsewhere = new Logs(store, Limits.DEFAULT, time, Thread::startVirtualThread);
    }

    @AfterEach
    void stop() {
        here.close();
        elsewhere.close();
        jobs.close();
        store.close();
        database.close();
    }

    private Assignment.Key running(String id) {
        get(jobs.create(job(id), true));
        return claimOne(jobs).key();
    }

    private static Logs.Taken print(Logs logs, Assignment.Key key, long offset, String text) {
        return get(logs.append(new LogAppend(key, OUT, offset, text)));
    }

    private static List<String> texts(List<LogChunk> chunks) {
        return chunks.stream().map(LogChunk::data).toList();
    }

    private static Refusal refused(CompletableFuture<?> future) {
        return assertThrows(Refusal.class, () -> get(future));
    }

    // ---- what runners say ----

    @Test
    void an_answer_tells_where_to_go_on_and_the_window() {
        Assignment.Key key = running("a");
        assertEquals(new Logs.Taken(3, Limits.DEFAULT.logWindow()), print(here, key, 0, "one"));
        assertEquals(3, print(here, key, 9, "gap").nextOffset());
    }

    @Test
    void a_stale_hand_over_is_refused_as_such() {
        Assignment.Key stale = new Assignment.Key(running("a").jobId(), 1, 1);
        Refusal log = refused(here.append(new LogAppend(stale, OUT, 0, "x")));
        assertEquals(Refusal.Kind.STALE_ATTEMPT, log.kind());
        Refusal progress = refused(here.say(stale, new Progress.Said(1.0, null, null)));
        assertEquals(Refusal.Kind.STALE_ATTEMPT, progress.kind());
    }

    @Test
    void data_may_fill_the_window_and_not_more() {
        Assignment.Key key = running("a");
        String full = "é".repeat(Limits.DEFAULT.logWindow() / 2);
        assertEquals(Limits.DEFAULT.logWindow(), print(here, key, 0, full).nextOffset());
        Refusal refusal = assertThrows(Refusal.class, () -> print(here, key, 0, full + "a"));
        assertEquals(Refusal.Kind.TOO_LARGE, refusal.kind());
        assertEquals("log_window", refusal.data().get("limit"));
        assertEquals(Limits.DEFAULT.logWindow(), refusal.data().get("max"));
    }

    @Test
    void progress_is_written_at_once_and_then_once_a_second() {
        Assignment.Key key = running("a");
        get(here.say(key, new Progress.Said(1.0, "begun", null)));
        get(here.say(key, new Progress.Said(2.0, null, "two")));
        get(here.say(key, new Progress.Said(3.0, null, null)));
        here.flush();
        assertEquals(1.0, here.progress("a").orElseThrow().percent());
        time.advance(Duration.ofSeconds(1));
        here.flush();
        Awaitility.await()
                .until(() -> Double.valueOf(3.0)
                        .equals(here.progress("a").orElseThrow().percent()));
        Progress now = here.progress("a").orElseThrow();
        assertEquals("begun", now.note());
        assertEquals("two", now.checkpoint(), "what a later saying leaves out is not lost");
        get(here.say(key, new Progress.Said(4.0, null, null)));
        here.close();
        assertEquals(4.0, here.progress("a").orElseThrow().percent(), "nothing is lost at the end");
    }

    @Test
    void what_a_job_has_said_is_written_before_its_attempt_ends() {
        Assignment.Key key = running("a");
        get(here.say(key, new Progress.Said(1.0, "begun", "one")));
        get(here.say(key, new Progress.Said(2.0, null, "two")));

        get(here.settled(key));

        Progress now = here.progress("a").orElseThrow();
        assertEquals(2.0, now.percent());
        assertEquals("begun", now.note());
        assertEquals("two", now.checkpoint());
        assertTrue(here.settled(key).isDone(), "nothing else is to be written");
        get(here.say(key, new Progress.Said(3.0, null, null)));
        assertEquals(3.0, here.progress("a").orElseThrow().percent());
    }

    // ---- followers ----

    @Test
    void a_follower_gets_what_was_printed_and_what_is_printed_each_once_in_order() {
        Assignment.Key key = running("a");
        print(here, key, 0, "one");
        List<LogChunk> seen = new CopyOnWriteArrayList<>();
        try (Logs.Follow follow = here.follow("a", null, seen::add)) {
            print(here, key, 3, "two");
            print(here, key, 3, "two");
            get(here.append(new LogAppend(key, LogStream.STDERR, 0, "err")));
            get(follow.caughtUp());
            assertEquals(List.of("one", "two", "err"), texts(seen));
            assertEquals(new LogChunk("a", 1, LogStream.STDERR, 0, 6, "err"), seen.getLast());
        }
        print(here, key, 6, "three");
        assertEquals(3, seen.size(), "a closed follower hears nothing");
    }

    @Test
    void a_piece_costs_its_followers_one_read_at_most() {
        Assignment.Key key = running("a");
        AtomicInteger reads = new AtomicInteger();
        LogStore counted = (LogStore) Proxy.newProxyInstance(
                LogStore.class.getClassLoader(), new Class<?>[] {LogStore.class}, (_, method, arguments) -> {
                    if (method.getName().equals("read")) {
                        reads.incrementAndGet();
                    }
                    return method.invoke(store, arguments);
                });
        List<LogChunk> seen = new CopyOnWriteArrayList<>();
        try (Logs logs = new Logs(counted, Limits.DEFAULT, time, Thread::startVirtualThread);
                Logs.Follow follow = logs.follow("a", null, seen::add);
                Logs.Follow second = logs.follow("a", null, _ -> true)) {
            get(follow.caughtUp());
            get(second.caughtUp());
            reads.set(0);
            for (int at = 0; at < 20; at++) {
                print(logs, key, at, "x");
            }
            get(follow.caughtUp());
            assertEquals("x".repeat(20), String.join("", texts(seen)));
            assertTrue(reads.get() <= 21, "each wake and the last look read once, not " + reads);
        }
    }

    @Test
    void what_another_gateway_wrote_is_found_by_the_poll() {
        Assignment.Key key = running("a");
        List<LogChunk> seen = new CopyOnWriteArrayList<>();
        try (Logs.Follow follow = here.follow("a", null, seen::add)) {
            get(follow.caughtUp());
            print(elsewhere, key, 0, "far");
            here.poll();
            Awaitility.await().until(() -> texts(seen).equals(List.of("far")));
            here.poll();
            get(follow.caughtUp());
            assertEquals(1, seen.size());
        }
    }

    @Test
    void followers_that_come_at_different_times_all_get_everything() {
        Assignment.Key key = running("a");
        List<List<LogChunk>> all = IntStream.range(0, 20)
                .<List<LogChunk>>mapToObj(_ -> new CopyOnWriteArrayList<>())
                .toList();
        long offset = 0;
        for (List<LogChunk> seen : all) {
            here.follow("a", null, seen::add);
            offset = print(here, key, offset, "x" + offset + ";").nextOffset();
        }
        get(here.follow("a", null, _ -> true).caughtUp());
        String whole = String.join("", texts(all.getFirst()));
        assertEquals(offset, whole.length());
        all.forEach(seen -> assertEquals(whole, String.join("", texts(seen))));
    }

    @Test
    void a_follower_gets_all_of_a_hand_over_under_the_number_of_one_that_did_not_count() {
        Assignment.Key first = running("a");
        List<LogChunk> seen = new CopyOnWriteArrayList<>();
        try (Logs.Follow follow = here.follow("a", null, seen::add)) {
            print(here, first, 0, "abcdef");
            get(follow.caughtUp());
            jobs.release(List.of(first));
            Assignment.Key second = claimOne(jobs).key();
            assertEquals(first.attempt(), second.attempt());

            print(here, second, 0, "xy");
            get(follow.caughtUp());
            print(here, second, 2, "z, and more than before");
            get(follow.caughtUp());

            assertEquals(List.of("abcdef", "xy", "z, and more than before"), texts(seen));
        }
    }

    @Test
    void a_follower_goes_on_with_the_next_attempt() {
        get(jobs.create(retried("a", 1, 0), true));
        Assignment.Key first = claimOne(jobs).key();
        List<LogChunk> seen = new CopyOnWriteArrayList<>();
        try (Logs.Follow follow = here.follow("a", null, seen::add)) {
            get(follow.caughtUp());
            print(here, first, 0, "one");
            JobFixture.fail(jobs, first);
            Assignment.Key second = claimOne(jobs).key();
            print(here, second, 0, "two");
            get(follow.caughtUp());
            assertEquals(List.of("one", "two"), texts(seen));
            assertEquals(2, seen.getLast().attempt());
        }
    }

    @Test
    void one_may_follow_a_job_that_has_not_begun_or_is_not_there() {
        List<LogChunk> seen = new CopyOnWriteArrayList<>();
        try (Logs.Follow follow = here.follow("later", null, seen::add)) {
            get(follow.caughtUp());
            print(here, running("later"), 0, "now");
            get(follow.caughtUp());
            assertEquals(List.of("now"), texts(seen));
        }
        assertEquals(
                Refusal.Kind.JOB_NOT_FOUND,
                assertThrows(Refusal.class, () -> here.read("none", null, null, 0, 10))
                        .kind());
        assertTrue(here.progress("none").isEmpty());
    }

    @Test
    void one_without_room_gets_the_same_piece_again_and_holds_nobody_up() {
        Assignment.Key key = running("a");
        List<LogChunk> slow = new CopyOnWriteArrayList<>();
        List<LogChunk> quick = new CopyOnWriteArrayList<>();
        AtomicBoolean room = new AtomicBoolean();
        Logs.Follow follow = here.follow("a", null, chunk -> room.get() && slow.add(chunk));
        here.follow("a", null, quick::add);
        print(here, key, 0, "one");
        print(here, key, 3, "two");
        CompletableFuture<?> all = follow.caughtUp();
        Awaitility.await().until(() -> texts(quick).equals(List.of("one", "two")));
        assertFalse(all.isDone());
        room.set(true);
        time.advance(Duration.ofSeconds(1));
        get(all);
        assertEquals(List.of("one", "two"), texts(slow));
    }

    @Test
    void one_that_takes_nothing_for_long_is_given_up() {
        Assignment.Key key = running("a");
        CompletableFuture<Boolean> given = new CompletableFuture<>();
        here.follow("a", null, new Logs.Listener() {
            @Override
            public boolean take(LogChunk chunk) {
                return false;
            }

            @Override
            public void giveUp() {
                given.complete(true);
            }
        });
        print(here, key, 0, "one");
        Awaitility.await().until(() -> {
            time.advance(Duration.ofSeconds(1));
            return given.isDone();
        });
    }

    @Test
    void one_may_go_on_behind_what_came_also_in_an_earlier_attempt_and_inside_a_piece() {
        get(jobs.create(retried("a", 1, 0), true));
        Assignment.Key first = claimOne(jobs).key();
        print(here, first, 0, "abcdef");
        JobFixture.fail(jobs, first);
        print(here, claimOne(jobs).key(), 0, "second");
        List<LogChunk> seen = new CopyOnWriteArrayList<>();
        get(here.follow("a", new Logs.From(1, 4), seen::add).caughtUp());
        assertEquals(List.of("ef", "second"), texts(seen));
    }
}
