package hero.supervisor.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.JobEvent;
import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.JobFixture;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.JobStatus;
import hero.supervisor.domain.LogChunk;
import hero.supervisor.domain.Refusal;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.MemoryJobStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FeedTest {
    private final EngineFixture engine = new EngineFixture();
    private final Gateway here = new Gateway(engine.store);
    private final Gateway there = new Gateway(new MemoryJobStore(engine.shared, "b"));

    @BeforeEach
    void a_runner_name() {
        engine.shared.runner(JobFixture.job("any").runner(), "q");
    }

    @Test
    void a_job_stream_begins_with_the_present_and_ends_itself_after_the_end() {
        here.create("j1");
        Reader reader = new Reader();
        Subscription stream = here.follow("j1", reader);
        assertEquals(List.of("j1 created"), reader.events);
        here.start("j1");
        here.create("other");
        here.finish("j1");
        here.tail.run();
        assertEquals(List.of("j1 created", "j1 queued", "j1 running", "j1 completed final"), reader.events);
        assertTrue(stream.ended());
        assertEquals(0, here.feed.open());
    }

    @Test
    void a_job_that_has_ended_is_told_once() {
        here.create("j1");
        here.start("j1");
        here.finish("j1");
        Reader reader = new Reader();
        Subscription stream = there.follow("j1", reader);
        there.tail.run();
        assertEquals(List.of("j1 completed final"), reader.events);
        assertTrue(stream.ended());
    }

    @Test
    void a_stream_has_ended_before_its_reader_hears_so() {
        here.create("j1");
        List<Boolean> ended = new ArrayList<>();
        Subscription[] stream = new Subscription[1];
        Feed.Opening opening = here.feed.job("j1", new Subscription.Outlet() {
            @Override
            public boolean offer(byte[] message) {
                ended.add(stream[0].ended());
                return true;
            }

            @Override
            public void close(int code, String reason) {}
        });
        stream[0] = opening.subscription();
        opening.open();
        here.start("j1");
        here.store.stop("j1");
        here.tail.run();
        assertEquals(List.of(false, false, true), ended);
    }

    @Test
    void an_unknown_job_is_refused() {
        Refusal refusal = assertThrows(Refusal.class, () -> here.feed.job("none", new Reader()));
        assertEquals(Refusal.Kind.JOB_NOT_FOUND, refusal.kind());
    }

    @Test
    void a_deleted_job_ends_its_stream() {
        here.create("j1");
        Reader reader = new Reader();
        there.follow("j1", reader);
        engine.store.delete("j1", 0);
        there.tail.run();
        assertEquals(List.of("j1 created", "j1 deleted final"), reader.events);
        assertEquals(0, there.feed.open());
    }

    @Test
    void readers_on_both_gateways_are_told_the_same_in_the_same_order() {
        Reader first = new Reader();
        Reader second = new Reader();
        here.followAll(JobFilter.ALL, null, first);
        there.followAll(JobFilter.ALL, null, second);
        here.create("j1");
        there.create("j2");
        there.start("j1");
        here.start("j2");
        here.finish("j1", "j2");
        here.tail.run();
        there.tail.run();
        assertEquals(8, first.events.size());
        assertEquals(first.events, second.events);
        assertEquals(first.seqs, second.seqs);
    }

    @Test
    void since_goes_on_at_another_gateway_without_a_miss_or_a_double() {
        Reader first = new Reader();
        here.followAll(JobFilter.ALL, null, first);
        there.followAll(JobFilter.ALL, null, new Reader());
        here.create("j1");
        here.tail.run();
        there.create("j2");
        here.start("j1");
        there.tail.run();
        Reader second = new Reader();
        there.followAll(JobFilter.ALL, first.seqs.getLast(), second);
        here.start("j2");
        there.tail.run();
        assertEquals(List.of("j1 created"), first.events);
        assertEquals(List.of("j2 created", "j1 queued", "j2 queued"), second.events);
    }

    @Test
    void a_page_without_own_events_is_read_again_when_somebody_has_come_meanwhile() {
        here.tail.run();
        here.create("j1");
        JobStore.Events page = engine.store.events(here.feed.told(), 10);
        Reader reader = new Reader();
        here.followAll(JobFilter.ALL, "0:0", reader);
        assertFalse(here.feed.take(page, false));
        here.tail.run();
        assertEquals(List.of("j1 created"), reader.events);
    }

    @Test
    void what_is_no_longer_kept_is_told_as_a_gap() {
        here.create("j1");
        here.create("j2");
        engine.shared.floor = 1;
        Reader reader = new Reader();
        Feed.Opening opening = here.feed.jobs(JobFilter.ALL, "0:0", reader);
        assertEquals("1:0", opening.gapTo());
        opening.open();
        here.tail.run();
        assertEquals(List.of("gap 0:0 1:0 history_gone", "j2 created"), reader.events);
    }

    @Test
    void a_position_of_another_database_is_told_as_a_gap() {
        here.create("j1");
        Reader reader = new Reader();
        here.followAll(JobFilter.ALL, "99:0", reader);
        here.create("j2");
        here.tail.run();
        assertEquals(List.of("gap 99:0 1:0 unknown_position", "j2 created"), reader.events);
    }

    @Test
    void what_is_no_position_is_refused() {
        for (String since : List.of("", "x", "1", "1:", ":1", "1:x", "-1:0", "01:0", "1:2:3")) {
            Refusal refusal =
                    assertThrows(Refusal.class, () -> here.feed.jobs(JobFilter.ALL, since, new Reader()), since);
            assertEquals("/since", refusal.data().get("path"));
        }
    }

    @Test
    void filters_hold_and_a_deletion_passes_those_on_facts_that_are_gone() {
        Reader ended = new Reader();
        Reader mine = new Reader();
        Reader others = new Reader();
        String caller = JobFixture.job("any").callerId();
        here.followAll(new JobFilter(JobStatus.COMPLETED, null, null, null, null, null, null), null, ended);
        here.followAll(new JobFilter(null, null, null, caller, null, null, null), null, mine);
        here.followAll(new JobFilter(null, null, null, "nobody", null, null, null), null, others);
        here.create("j1");
        here.start("j1");
        here.finish("j1");
        here.tail.run();
        engine.store.delete("j1", 0);
        here.tail.run();
        assertEquals(List.of("j1 completed final"), ended.events);
        assertEquals(5, mine.events.size());
        assertEquals(List.of("j1 deleted final"), others.events);
        assertNull(here.feed.jobs(JobFilter.ALL, null, ended).gapTo());
    }

    @Test
    void a_slow_reader_gets_the_latest_of_each_job() {
        Reader reader = new Reader();
        here.followAll(JobFilter.ALL, null, reader);
        reader.room = 1;
        here.create("j1");
        here.create("j2");
        here.start("j1");
        here.start("j2");
        here.tail.run();
        assertEquals(List.of("j1 created"), reader.events);
        reader.room = 100;
        here.create("j3");
        here.tail.run();
        assertEquals(List.of("j1 created", "j1 queued", "j2 queued skipped 1", "j3 created"), reader.events);
        assertEquals(reader.seqs.stream().sorted().toList(), reader.seqs);
    }

    @Test
    void a_reader_with_too_much_waiting_is_told_of_the_gap_and_since_brings_it() {
        Reader reader = new Reader();
        here.followAll(JobFilter.ALL, null, reader);
        here.create("first");
        here.tail.run();
        reader.room = 0;
        IntStream.rangeClosed(0, Subscription.WAITING_MAX).forEach(i -> here.create("j" + i));
        here.tail.run();
        reader.room = 10_000;
        here.create("last");
        here.tail.run();
        String end = (Subscription.WAITING_MAX + 3) + ":0";
        assertEquals(List.of("first created", "gap 1:0 " + end + " slow_reader"), reader.events);
        Reader again = new Reader();
        here.followAll(JobFilter.ALL, "1:0", again);
        assertEquals(Subscription.WAITING_MAX + 2, again.events.size());
    }

    @Test
    void a_reader_that_takes_nothing_for_long_is_closed_with_1013() {
        Reader reader = new Reader();
        here.followAll(JobFilter.ALL, null, reader);
        reader.room = 0;
        here.create("j1");
        here.tail.run();
        assertEquals(List.of(), reader.closes);
        engine.time.advance(Duration.ofNanos(Subscription.STALLED_MAX_NANOS + 1));
        here.tail.run();
        assertEquals(List.of(1013), reader.closes);
        assertEquals(0, here.feed.open());
    }

    @Test
    void ten_thousand_readers_cost_one_encoding() {
        here.create("j1");
        List<Reader> readers = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            Reader reader = new Reader();
            here.follow("j1", reader);
            readers.add(reader);
        }
        int before = here.encodings;
        here.start("j1");
        here.tail.run();
        assertEquals(1, here.encodings - before);
        assertTrue(readers.stream().allMatch(reader -> reader.events.getLast().equals("j1 queued")));
    }

    @Test
    void after_unsubscribing_nothing_is_told() {
        Reader reader = new Reader();
        Subscription stream = here.followAll(JobFilter.ALL, null, reader);
        here.feed.cancel(stream);
        here.create("j1");
        here.tail.run();
        assertEquals(List.of(), reader.events);
        assertFalse(here.feed.watched());
    }

    /// A gateway's feed and tail over its own view of the shared log.
    private final class Gateway implements StreamWriter {
        final MemoryJobStore store;
        final Feed feed;
        final Tail tail;
        int encodings;

        Gateway(MemoryJobStore store) {
            this.store = store;
            this.feed = new Feed(store, engine.time, Runnable::run, this);
            this.tail = new Tail(store, engine.results, engine.runners, feed, engine.time);
        }

        Subscription follow(String jobId, Reader reader) {
            Feed.Opening opening = feed.job(jobId, reader);
            opening.open();
            return opening.subscription();
        }

        Subscription followAll(JobFilter filter, @org.jspecify.annotations.Nullable String since, Reader reader) {
            Feed.Opening opening = feed.jobs(filter, since, reader);
            opening.open();
            return opening.subscription();
        }

        void create(String id) {
            store.create(JobFixture.job(id), false).join();
        }

        void start(String id) {
            store.start(id).join();
        }

        void finish(String... ids) {
            List<JobStore.Slot> slots = List.of(new JobStore.Slot("s", 1), new JobStore.Slot("s", 2));
            List<Assignment> given =
                    store.claim("q", slots.subList(0, ids.length)).join();
            assertEquals(ids.length, given.size());
            given.forEach(a -> store.complete(new JobStore.Completion(a.key(), new JobResult.Success("ok")))
                    .join());
        }

        @Override
        public byte[] log(String subscription, LogChunk chunk) {
            return new byte[0];
        }

        @Override
        public byte[] event(JobEvent event) {
            encodings++;
            String text = event.seq() + "|" + event.jobId() + " " + event.status() + (event.isLast() ? " final" : "");
            return text.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public byte[] message(String subscription, byte[] event, int skipped) {
            String text = new String(event, StandardCharsets.UTF_8);
            return (text + (skipped > 0 ? " skipped " + skipped : "")).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public byte[] gap(String subscription, String from, String to, Gap gap) {
            return (to + "|gap " + from + " " + to + " " + gap.word()).getBytes(StandardCharsets.UTF_8);
        }
    }

    private static final class Reader implements Subscription.Outlet {
        final List<String> events = new ArrayList<>();
        final List<String> seqs = new ArrayList<>();
        final List<Integer> closes = new ArrayList<>();
        int room = 1_000_000;

        @Override
        public boolean offer(byte[] message) {
            if (room == 0) {
                return false;
            }
            room--;
            String[] parts = new String(message, StandardCharsets.UTF_8).split("\\|", 2);
            seqs.add(parts[0]);
            events.add(parts[1]);
            return true;
        }

        @Override
        public void close(int code, String reason) {
            closes.add(code);
        }
    }
}
