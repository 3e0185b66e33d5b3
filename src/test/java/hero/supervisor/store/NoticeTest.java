package hero.supervisor.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.store.Committed.News;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NoticeTest {
    private static final Instant NOW = Instant.parse("2026-11-28T12:00:00.123456Z");

    private final Notice.Draft draft = new Notice.Draft("node");

    private Notice said() {
        return Notice.of(draft.take());
    }

    @Test
    void all_that_was_drafted_is_read_and_the_next_one_begins_empty() {
        draft.add(new News(List.of("q 1"), List.of("j1", "j2"), true), NOW);
        draft.add(new News(List.of("q 1", "q2"), List.of(), true), NOW.plusSeconds(1));
        draft.ripened(List.of(Spot.of("q3", -5, 7), Spot.of("q3", -5, 6), Spot.in("q4")));
        assertEquals(
                new Notice(
                        "node",
                        List.of(Spot.of("q3", -5, 6), Spot.in("q4")),
                        List.of("q 1", "q2"),
                        List.of("j1", "j2"),
                        true,
                        List.of(),
                        NOW),
                said());
        assertEquals("node", draft.take());
    }

    @Test
    void what_only_the_log_holds_makes_it_less_than_all() {
        draft.add(new News(List.of("q"), List.of(), true), NOW);
        draft.add(News.LOGGED, NOW);
        Notice said = said();
        assertEquals(List.of("q"), said.queues());
        assertFalse(said.isAll());
        draft.add(News.NONE, NOW);
        assertTrue(said().isAll(), "what was left out belonged to the one before");
    }

    /// 8000 bytes are too many for PostgreSQL.
    @Test
    void what_does_not_fit_is_left_to_the_log() {
        List<String> jobs = IntStream.range(0, 400)
                .mapToObj(i -> "0192f3a1-0000-7000-8000-" + (100_000_000_000L + i))
                .toList();
        draft.add(new News(List.of(), jobs, true), NOW);
        String payload = draft.take();
        assertTrue(payload.getBytes(UTF_8).length < 8000, () -> payload.length() + " characters");
        Notice said = Notice.of(payload);
        assertFalse(said.isAll());
        assertEquals(jobs.subList(0, said.ended().size()), said.ended());
        assertTrue(said.ended().size() > 150, () -> said.ended().size() + " jobs");

        draft.add(new News(List.of(), jobs.subList(0, 150), true), NOW);
        assertTrue(said().isAll());
    }

    @Test
    void characters_of_many_bytes_are_counted_as_such() {
        draft.ripened(List.of(Spot.in("😀".repeat(127)), Spot.in("é".repeat(255)), Spot.in("中".repeat(255))));
        List<String> queues =
                IntStream.range(0, 50).mapToObj(i -> i + "中".repeat(200)).toList();
        draft.add(new News(queues, List.of(), true), NOW);
        String payload = draft.take();
        assertTrue(payload.getBytes(UTF_8).length < 8000, () -> payload.getBytes(UTF_8).length + " bytes");
        assertEquals(3, Notice.of(payload).ripened().size());
        assertFalse(Notice.of(payload).isAll());
    }

    @Test
    void what_is_said_of_loans_goes_first_and_the_rest_with_the_next_one() {
        List<Lending> words = IntStream.range(0, 300)
                .<Lending>mapToObj(i -> new Lending.Lent("other", "loan" + i, "ses_" + i, "runner", "a queue"))
                .toList();
        words.forEach(word -> draft.say(word, NOW));
        draft.add(new News(List.of(), List.of("j".repeat(200)), true), NOW.plusSeconds(1));
        Notice first = said();
        assertTrue(draft.saysMore());
        assertEquals(words.subList(0, first.lendings().size()), first.lendings());
        assertFalse(first.isAll(), "the job has found no room");
        Notice second = said();
        assertFalse(draft.saysMore());
        assertEquals(words.subList(first.lendings().size(), words.size()), second.lendings());
        assertEquals(NOW, second.since());
        assertEquals("node", draft.take());
    }

    /// As no name is so long, none is.
    @Test
    void a_word_that_never_fits_is_left_out_and_holds_nobody_up() {
        draft.say(new Lending.Recalled("x".repeat(7000), "1"), NOW);
        draft.say(new Lending.Recalled("b", "2"), NOW);
        assertEquals(List.of(new Lending.Recalled("b", "2")), said().lendings());
        assertFalse(draft.saysMore());
    }

    /// None can come from a caller; one that did would be read as another line.
    @ParameterizedTest
    @ValueSource(strings = {"a\nb", "a\rb", "\t.\t1"})
    void a_name_that_would_not_stay_one_line_is_left_to_the_log(String name) {
        draft.add(new News(List.of(name), List.of(name), true), NOW);
        assertEquals("node", draft.take());
    }

    @Test
    void that_of_a_gateway_which_names_no_news_is_never_all() {
        assertEquals(new Notice("old", List.of(), List.of(), List.of(), false, List.of(), null), Notice.of("old"));
        Notice ripened = Notice.of("old\nq1\n\t0\t7\n\t-3\t9\nq2");
        assertEquals(List.of(Spot.of("q1", 0, 7), Spot.of("q1", -3, 9), Spot.in("q2")), ripened.ripened());
        assertFalse(ripened.isAll());
        assertTrue(Notice.of("old\n*").isHello());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "node\n\t.\t", "node\n\t.\tsoon", "node\n\t.\t99999999999999999999"})
    void rubbish_is_never_all(String payload) {
        assertNull(Notice.of(payload).since());
    }

    @Test
    void hello_is_answered_and_means_any_queue() {
        assertTrue(Notice.of(Notice.hello("new")).isHello());
        assertEquals("new", Notice.of(Notice.hello("new")).node());
        assertTrue(Notice.anything().ripened().contains(Spot.in(Notifications.ALL)));
        assertFalse(Notice.anything().isAll());
    }
}
