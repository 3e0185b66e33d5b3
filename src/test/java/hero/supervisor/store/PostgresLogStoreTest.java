package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.claimOne;
import static hero.supervisor.store.JobFixture.fail;
import static hero.supervisor.store.JobFixture.get;
import static hero.supervisor.store.JobFixture.job;
import static hero.supervisor.store.JobFixture.retried;
import static hero.supervisor.store.JobFixture.succeed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.LogAppend;
import hero.supervisor.domain.LogChunk;
import hero.supervisor.domain.LogSlice;
import hero.supervisor.domain.LogStream;
import hero.supervisor.domain.Progress;
import hero.supervisor.store.LogStore.Appended;
import hero.supervisor.store.LogStore.Asked;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init")
final class PostgresLogStoreTest {
    private static final int CAP = 4000;
    private static final LogStream OUT = LogStream.STDOUT;
    private static final LogStream ERR = LogStream.STDERR;

    private Database database;
    private PostgresJobStore jobs;
    private PostgresLogStore logs;

    @BeforeAll
    void connect() {
        database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10));
        new Partitions(database).ahead();
        PostgresRunnerStore runners = new PostgresRunnerStore(database);
        runners.register("runner", "queue");
        runners.openSession(
                new RunnerStore.Session("s1", "runner", "one", 10, List.of(), java.util.Map.of()),
                false,
                Duration.ofHours(1));
    }

    @BeforeEach
    void setup() {
        database.query(sql -> sql.execute("truncate jobs, job_queue, job_timers, job_holds, job_attempts, job_events,"
                + " job_logs, job_log_ends, job_progress"));
        jobs = new PostgresJobStore(database, "one", 1000, 1000);
        logs = new PostgresLogStore(database, CAP);
    }

    @AfterEach
    void stop() {
        jobs.close();
        logs.close();
    }

    @AfterAll
    void disconnect() {
        database.close();
    }

    private Assignment.Key running(String id) {
        get(jobs.create(job(id), true));
        return claimOne(jobs).key();
    }

    private Appended append(Assignment.Key key, LogStream stream, long offset, String data) {
        return get(logs.append(new LogAppend(key, stream, offset, data)));
    }

    private LogSlice read(String id, @Nullable LogStream stream, long offset) {
        return logs.read(new Asked(id, null, stream, offset, 1 << 20)).orElseThrow();
    }

    private static String text(LogSlice slice) {
        return slice.chunks().stream().map(LogChunk::data).collect(Collectors.joining());
    }

    private static Appended end(long next) {
        return new Appended.End(next);
    }

    // ---- offsets ----

    @Test
    void chunks_follow_each_other_and_the_answer_says_where_to_go_on() {
        Assignment.Key key = running("a");
        assertEquals(end(3), append(key, OUT, 0, "one"));
        assertEquals(end(2), append(key, ERR, 0, "ä"));
        assertEquals(end(6), append(key, OUT, 3, "two"));
        LogSlice both = read("a", null, 0);
        assertEquals(
                List.of(
                        new LogChunk("a", 1, OUT, 0, 0, "one"),
                        new LogChunk("a", 1, ERR, 0, 3, "ä"),
                        new LogChunk("a", 1, OUT, 3, 5, "two")),
                both.chunks());
        assertEquals(8, both.next());
        assertFalse(both.end() || both.truncated());
        assertEquals("onetwo", text(read("a", OUT, 0)));
        assertEquals("wo", text(read("a", OUT, 4)));
        assertEquals("äwo".substring(1), text(read("a", null, 6)));
        assertEquals(2, read("a", ERR, 99).next());
    }

    /// Offsets of a stream count its own bytes, places those of both.
    @Test
    void a_stream_is_read_from_any_of_its_offsets_whatever_the_other_one_printed_between() {
        Assignment.Key key = running("a");
        String of = "abcdefghijklmnopqrstuvwxyz";
        for (int i = 0; i < of.length(); i += 2) {
            append(key, ERR, i, of.substring(i, i + 2));
            append(key, OUT, 3L * i, of.substring(i, i + 2).repeat(3));
        }
        for (int i = 0; i <= of.length(); i++) {
            assertEquals(of.substring(i), text(read("a", ERR, i)));
        }
        assertEquals(78, text(read("a", OUT, 0)).length());
        assertEquals("zyzyz", text(read("a", OUT, 73)));
        assertEquals(104 - 50, text(read("a", null, 50)).length());
    }

    @Test
    void behind_a_gap_nothing_is_written() {
        Assignment.Key key = running("a");
        assertEquals(end(0), append(key, OUT, 10, "late"));
        append(key, OUT, 0, "one");
        assertEquals(end(3), append(key, OUT, 4, "late"));
        assertEquals("one", text(read("a", null, 0)));
    }

    @Test
    void what_was_written_is_passed_over_and_only_the_rest_is_added() {
        Assignment.Key key = running("a");
        append(key, OUT, 0, "aä");
        assertEquals(end(3), append(key, OUT, 0, "aä"), "the same once more");
        assertEquals(end(3), append(key, OUT, 0, "a"));
        assertEquals(end(5), append(key, OUT, 1, "äzz"), "an overlap");
        assertEquals(end(5), append(key, OUT, 4, "€"), "the border would cut a character in two");
        assertEquals("aäzz", text(read("a", OUT, 0)));
    }

    @Test
    void writes_that_share_a_commit_keep_their_order() {
        Assignment.Key key = running("a");
        List<CompletableFuture<Appended>> answers = new ArrayList<>();
        StringBuilder all = new StringBuilder();
        for (int i = 100; i < 200; i++) {
            answers.add(logs.append(new LogAppend(key, OUT, all.length(), i + "\n")));
            all.append(i).append('\n');
        }
        answers.forEach(JobFixture::get);
        assertEquals(all.toString(), text(read("a", OUT, 0)));
    }

    // ---- the fence ----

    @Test
    void another_lease_or_attempt_is_stale() {
        Assignment.Key key = running("a");
        assertEquals(new Appended.Stale(), append(new Assignment.Key("a", 1, key.lease() + 1), OUT, 0, "x"));
        assertEquals(new Appended.Stale(), append(new Assignment.Key("a", 2, key.lease()), OUT, 0, "x"));
        assertEquals(new Appended.Stale(), append(new Assignment.Key("b", 1, key.lease()), OUT, 0, "x"));
        append(key, OUT, 0, "x");
        jobs.release(List.of(key));
        assertEquals(new Appended.Stale(), append(key, OUT, 1, "y"));
    }

    @Test
    void what_comes_after_the_result_is_kept_whether_the_job_ended_or_is_tried_again() {
        Assignment.Key done = running("a");
        succeed(jobs, done);
        assertEquals(end(4), append(done, OUT, 0, "late"));
        assertTrue(read("a", null, 0).end());

        get(jobs.create(retried("b", 1, 0), true));
        Assignment.Key first = claimOne(jobs).key();
        fail(jobs, first);
        assertEquals(end(4), append(first, OUT, 0, "late"));
        Assignment.Key second = claimOne(jobs).key();
        assertEquals(2, second.attempt());
        append(second, OUT, 0, "again");
        assertEquals("again", text(read("b", null, 0)));
        LogSlice old = logs.read(new Asked("b", 1, null, 0, 100)).orElseThrow();
        assertEquals("late", text(old));
        assertTrue(old.end(), "a later attempt runs");
        assertFalse(read("b", null, 0).end());
        assertEquals(
                new LogStore.Printed(2, 5), logs.printed(List.of("b", "none")).get("b"));
    }

    @Test
    void a_hand_over_that_did_not_count_makes_room_for_the_next_under_its_number() {
        Assignment.Key first = running("a");
        append(first, OUT, 0, "first");
        append(first, ERR, 0, "first");
        jobs.release(List.of(first));
        Assignment.Key second = claimOne(jobs).key();
        assertEquals(1, second.attempt());
        assertEquals(end(0), append(second, OUT, 5, "gap"));
        assertEquals(end(6), append(second, OUT, 0, "second"));
        assertEquals("second", text(read("a", null, 0)));
    }

    // ---- bounds and ends ----

    @Test
    void of_what_is_too_long_the_head_and_the_tail_are_kept() {
        Assignment.Key key = running("a");
        StringBuilder all = new StringBuilder();
        for (int i = 0; all.length() < 10 * CAP; i++) {
            String line = "line %05d\n".formatted(i);
            append(key, OUT, all.length(), line);
            all.append(line);
        }
        append(key, ERR, 0, "short");
        LogSlice slice = read("a", OUT, 0);
        String kept = text(slice);
        assertTrue(slice.truncated());
        assertFalse(read("a", ERR, 0).truncated());
        assertEquals(all.length(), slice.next());
        assertTrue(kept.length() <= CAP + CAP / 8 + 40 && kept.length() > CAP - 40, kept.length() + " bytes are kept");
        assertTrue(kept.startsWith(all.substring(0, CAP / 2 - 20)));
        assertTrue(kept.endsWith(all.substring(all.length() - CAP / 2)));
        assertEquals("short", text(read("a", ERR, 0)));
        slice.chunks()
                .forEach(chunk -> assertEquals(
                        all.substring((int) chunk.offset(), (int) chunk.offset() + chunk.size()), chunk.data()));
    }

    @Test
    void a_long_log_is_read_in_stretches_without_gap_or_double() {
        Assignment.Key key = running("a");
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 150; i++) {
            append(key, OUT, all.length(), "é" + i % 10); // Three bytes of UTF-8, two characters.
            all.append("é").append(i % 10).append('.');
        }
        String expected = all.toString().replace(".", "");
        StringBuilder seen = new StringBuilder();
        long next = 0;
        for (int pages = 0; pages < 1000; pages++) {
            LogSlice slice = logs.read(new Asked("a", null, OUT, next, 10)).orElseThrow();
            if (slice.chunks().isEmpty()) {
                break;
            }
            seen.append(text(slice));
            next = slice.next();
        }
        assertTrue(expected.startsWith(seen.toString()) && !seen.isEmpty(), seen.toString());
    }

    @Test
    void a_job_without_output_has_an_empty_log_and_no_job_has_none() {
        assertEquals(Optional.empty(), logs.read(new Asked("no", null, null, 0, 10)));
        get(jobs.create(job("a"), false));
        assertEquals(new LogSlice(0, 0, List.of(), 0, false, true, false), read("a", null, 7));
        get(jobs.start("a"));
        succeed(jobs, claimOne(jobs).key());
        assertEquals(new LogSlice(1, 0, List.of(), 0, false, true, true), read("a", null, 0));
    }

    @Test
    void a_deleted_job_leaves_nothing_behind() {
        Assignment.Key key = running("a");
        append(key, OUT, 0, "text");
        assertTrue(get(logs.say(key, new Progress.Said(50.0, null, null))));
        succeed(jobs, key);
        jobs.delete("a", 0);
        assertEquals(new Appended.Stale(), append(key, OUT, 4, "more"));
        assertEquals(new Appended.Stale(), append(key, OUT, 0, "more"));
        assertFalse(get(logs.say(key, new Progress.Said(60.0, null, null))));
        for (String table : List.of("job_logs", "job_log_ends", "job_progress")) {
            Integer rows =
                    database.query(sql -> sql.fetchCount(org.jooq.impl.DSL.table(org.jooq.impl.DSL.name(table))));
            assertEquals(0, rows.intValue(), table);
        }
    }

    // ---- progress ----

    @Test
    void progress_keeps_what_is_not_said_again_and_the_checkpoint_over_attempts() {
        get(jobs.create(retried("a", 1, 0), true));
        Assignment.Key first = claimOne(jobs).key();
        assertTrue(get(logs.say(first, new Progress.Said(10.0, "begun", null))));
        assertTrue(get(logs.say(first, new Progress.Said(null, null, "page 3"))));
        Progress said = Objects.requireNonNull(logs.progress(List.of("a", "b")).get("a"));
        assertEquals(new Progress(1, 10.0, "begun", "page 3", said.at()), said);
        fail(jobs, first);
        Assignment.Key second = claimOne(jobs).key();
        assertFalse(get(logs.say(first, new Progress.Said(90.0, null, null))));
        assertTrue(get(logs.say(second, new Progress.Said(20.0, null, null))));
        Progress now = Objects.requireNonNull(logs.progress(List.of("a")).get("a"));
        assertEquals(2, now.attempt());
        assertEquals(20.0, now.percent());
        assertNull(now.note());
        assertEquals("page 3", now.checkpoint());
    }
}
