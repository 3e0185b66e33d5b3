package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GroupCommitTest {
    /// A writer that stops before each of its first `gated` batches until it is let go.
    private static final class Gate implements GroupCommit.Transactions<Integer, String> {
        final List<List<Integer>> batches = Collections.synchronizedList(new ArrayList<>());
        final CountDownLatch entered = new CountDownLatch(1);
        final CountDownLatch open = new CountDownLatch(1);

        @Override
        public List<String> run(List<Integer> commands) {
            batches.add(List.copyOf(commands));
            entered.countDown();
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (commands.contains(13)) {
                throw new IllegalStateException("13 is bad");
            }
            return commands.stream().map(n -> "row " + n).toList();
        }
    }

    private static GroupCommit.Sizes sizes(int queued, int batchMax) {
        return new GroupCommit.Sizes(queued, batchMax, Duration.ofMillis(50));
    }

    private static List<CompletableFuture<String>> add(GroupCommit<Integer, String> commit, int from, int to) {
        return IntStream.range(from, to).mapToObj(commit::add).toList();
    }

    private static @Nullable Throwable failure(CompletableFuture<?> future) {
        return assertThrows(ExecutionException.class, () -> future.get(10, TimeUnit.SECONDS))
                .getCause();
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        assertTrue(latch.await(10, TimeUnit.SECONDS));
    }

    @Test
    void a_batch_that_gathers_waits_for_others_and_not_for_them_when_it_is_closed() throws Exception {
        Gate gate = new Gate();
        gate.open.countDown();
        var commit = new GroupCommit<>("test", sizes(100, 100), Gather.always(Duration.ofHours(1)), gate);
        List<CompletableFuture<String>> answers = add(commit, 0, 3);
        assertTrue(gate.batches.isEmpty());
        commit.close();
        assertEquals(List.of(List.of(0, 1, 2)), List.copyOf(gate.batches));
        assertEquals("row 2", answers.get(2).get(10, TimeUnit.SECONDS));
    }

    @Test
    void only_a_wave_that_counts_makes_the_next_batch_gather() {
        Gather<Integer> gather = Gather.waves(_ -> Duration.ZERO, n -> n == 7, List::size);
        assertFalse(gather.after().test(List.of()), "the first batch");
        assertFalse(gather.after().test(Collections.nCopies(20, 1)), "none for which it pays");
        assertTrue(gather.after().test(List.of(7)));
        assertTrue(gather.after().test(List.of(1, 7, 1, 1)));
        assertTrue(gather.after().test(Collections.nCopies(500, 7)));
    }

    @Test
    void a_wave_is_written_when_it_is_as_large_as_the_smaller_of_the_last_two_and_enough() throws Exception {
        Gate gate = new Gate();
        gate.open.countDown();
        AtomicBoolean enough = new AtomicBoolean();
        var gather = new Gather<Integer>(
                Duration.ofHours(1), _ -> Duration.ZERO, last -> !last.isEmpty(), all -> enough.get() ? all.size() : 0);
        try (var commit = new GroupCommit<>("test", sizes(100, 100), gather, gate)) {
            assertEquals("row 9", commit.add(9).get(10, TimeUnit.SECONDS));
            for (int size = 3; size <= 4; size++) {
                enough.set(false);
                List<CompletableFuture<String>> larger = add(commit, 0, size);
                commit.look();
                assertEquals(size - 2, gate.batches.size(), "larger, and not enough");
                enough.set(true);
                commit.look();
                larger.getLast().get(10, TimeUnit.SECONDS);
            }
            add(commit, 5, 7);
            commit.look();
            assertEquals(3, gate.batches.size(), "two are fewer than three");
            assertEquals("row 7", commit.add(7).get(10, TimeUnit.SECONDS));
        }
        assertEquals(
                List.of(List.of(9), List.of(0, 1, 2), List.of(0, 1, 2, 3), List.of(5, 6, 7)),
                List.copyOf(gate.batches));
    }

    @Test
    void a_lone_write_waits_for_nobody_but_for_what_makes_it_enough() throws Exception {
        Gate gate = new Gate();
        gate.open.countDown();
        AtomicBoolean enough = new AtomicBoolean(true);
        var gather = new Gather<Integer>(
                Duration.ofHours(1), _ -> Duration.ZERO, _ -> true, all -> enough.get() ? all.size() : 0);
        try (var commit = new GroupCommit<>("test", sizes(100, 100), gather, gate)) {
            assertEquals("row 1", commit.add(1).get(10, TimeUnit.SECONDS));
            assertEquals("row 2", commit.add(2).get(10, TimeUnit.SECONDS));
            enough.set(false);
            CompletableFuture<String> third = commit.add(3);
            commit.look();
            assertFalse(third.isDone());
            enough.set(true);
            commit.look();
            assertEquals("row 3", third.get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void a_batch_gathers_after_one_that_says_so() throws Exception {
        Gate gate = new Gate();
        gate.open.countDown();
        var after = new Gather<Integer>(Duration.ofHours(1), _ -> Duration.ZERO, last -> last.contains(4), _ -> 0);
        var commit = new GroupCommit<>("test", sizes(100, 100), after, gate);
        assertEquals("row 1", commit.add(1).get(10, TimeUnit.SECONDS));
        assertEquals("row 4", commit.add(4).get(10, TimeUnit.SECONDS));
        List<CompletableFuture<String>> answers = add(commit, 5, 8);
        commit.close();
        assertEquals(
                List.of("row 5", "row 6", "row 7"),
                answers.stream().map(CompletableFuture::join).toList());
        assertEquals(List.of(List.of(1), List.of(4), List.of(5, 6, 7)), List.copyOf(gate.batches));
    }

    @Test
    void what_arrives_during_a_write_forms_the_next_batch_in_order() throws Exception {
        Gate gate = new Gate();
        try (GroupCommit<Integer, String> commit = new GroupCommit<>("test", sizes(100, 4), gate)) {
            CompletableFuture<String> first = commit.add(0);
            await(gate.entered);
            List<CompletableFuture<String>> rest = add(commit, 1, 7);
            assertFalse(first.isDone());
            gate.open.countDown();
            assertEquals("row 0", first.get(10, TimeUnit.SECONDS));
            for (int i = 0; i < rest.size(); i++) {
                assertEquals("row " + (i + 1), rest.get(i).get(10, TimeUnit.SECONDS));
            }
        }
        assertEquals(List.of(List.of(0), List.of(1, 2, 3, 4), List.of(5, 6)), gate.batches);
    }

    @Test
    void a_bad_row_hurts_itself_only() throws Exception {
        Gate gate = new Gate();
        try (GroupCommit<Integer, String> commit = new GroupCommit<>("test", sizes(100, 100), gate)) {
            assertFalse(commit.add(0).isDone());
            await(gate.entered);
            List<CompletableFuture<String>> rest = add(commit, 10, 20);
            gate.open.countDown();
            for (int i = 0; i < rest.size(); i++) {
                if (i == 3) {
                    assertEquals("java.lang.IllegalStateException: 13 is bad", String.valueOf(failure(rest.get(i))));
                } else {
                    assertEquals("row " + (i + 10), rest.get(i).get(10, TimeUnit.SECONDS));
                }
            }
        }
    }

    @Test
    void an_outage_fails_the_whole_batch_at_once_and_the_next_one_is_written() throws Exception {
        List<Integer> sizes = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch open = new CountDownLatch(1);
        GroupCommit.Transactions<Integer, String> down = commands -> {
            sizes.add(commands.size());
            entered.countDown();
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (sizes.size() == 2) {
                throw Outage.refusal();
            }
            return commands.stream().map(String::valueOf).toList();
        };
        try (GroupCommit<Integer, String> commit = new GroupCommit<>("test", sizes(100, 100), down)) {
            assertFalse(commit.add(0).isDone());
            await(entered);
            List<CompletableFuture<String>> lost = add(commit, 1, 9);
            open.countDown();
            for (CompletableFuture<String> future : lost) {
                assertEquals(
                        Refusal.Kind.BUSY,
                        assertInstanceOf(Refusal.class, failure(future)).kind());
            }
            assertEquals("9", commit.add(9).get(10, TimeUnit.SECONDS));
        }
        assertEquals(List.of(1, 8, 1), sizes);
    }

    @Test
    void a_full_queue_refuses_after_a_short_wait_and_takes_again_when_there_is_room() throws Exception {
        Gate gate = new Gate();
        try (GroupCommit<Integer, String> commit = new GroupCommit<>("test", sizes(2, 10), gate)) {
            assertFalse(commit.add(0).isDone());
            await(gate.entered);
            List<CompletableFuture<String>> waiting = add(commit, 1, 3);
            assertEquals(
                    Refusal.Kind.BUSY,
                    assertInstanceOf(Refusal.class, failure(commit.add(3))).kind());
            gate.open.countDown();
            assertEquals("row 2", waiting.getLast().get(10, TimeUnit.SECONDS));
            assertEquals("row 4", commit.add(4).get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void close_finishes_what_it_has_and_refuses_the_rest() throws Exception {
        Gate gate = new Gate();
        GroupCommit<Integer, String> commit = new GroupCommit<>("test", sizes(100, 2), gate);
        assertFalse(commit.add(0).isDone());
        await(gate.entered);
        List<CompletableFuture<String>> waiting = add(commit, 1, 6);
        Thread closer = Thread.startVirtualThread(commit::close);
        gate.open.countDown();
        closer.join();
        for (CompletableFuture<String> future : waiting) {
            assertTrue(future.get(10, TimeUnit.SECONDS).startsWith("row"));
        }
        assertEquals(
                Refusal.Kind.SHUTTING_DOWN,
                assertInstanceOf(Refusal.class, failure(commit.add(7))).kind());
    }

    @Test
    void a_dependent_that_blocks_does_not_hold_up_the_batch_after_a_large_one() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        Gate gate = new Gate();
        try (GroupCommit<Integer, String> commit = new GroupCommit<>("test", sizes(100, 4), gate)) {
            List<CompletableFuture<String>> first = add(commit, 0, 1);
            await(gate.entered);
            List<CompletableFuture<String>> large = add(commit, 1, 9);
            CompletableFuture<Void> blocked = large.getFirst().thenAccept(any -> {
                try {
                    never.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            gate.open.countDown();
            assertEquals("row 0", first.getFirst().get(10, TimeUnit.SECONDS));
            assertEquals("row 8", large.getLast().get(10, TimeUnit.SECONDS));
            never.countDown();
            blocked.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void the_answers_of_few_writes_wake_no_other_thread() throws Exception {
        Gate gate = new Gate();
        try (GroupCommit<Integer, String> commit = new GroupCommit<>("test", sizes(100, 100), gate)) {
            CompletableFuture<String> teller =
                    commit.add(0).thenApply(_ -> Thread.currentThread().getName());
            gate.open.countDown();
            assertEquals("commit-test", teller.get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void a_write_that_finds_no_room_waits_outside_and_keeps_nobody() throws Exception {
        Gate gate = new Gate();
        var patient = new GroupCommit.Sizes(2, 10, Duration.ofHours(1));
        CompletableFuture<String> refused;
        try (GroupCommit<Integer, String> commit = new GroupCommit<>("test", patient, gate)) {
            List<CompletableFuture<String>> all = new ArrayList<>(add(commit, 0, 1));
            await(gate.entered);
            all.addAll(add(commit, 1, 6));
            gate.open.countDown();
            for (int i = 0; i < all.size(); i++) {
                assertEquals("row " + i, all.get(i).get(10, TimeUnit.SECONDS));
            }
            assertEquals(List.of(List.of(0), List.of(1, 2), List.of(3, 4), List.of(5)), List.copyOf(gate.batches));
        }
        Gate shut = new Gate();
        GroupCommit<Integer, String> commit = new GroupCommit<>("test", patient, shut);
        add(commit, 0, 1);
        await(shut.entered);
        add(commit, 1, 3);
        refused = commit.add(3);
        Thread closing = Thread.startVirtualThread(commit::close);
        assertEquals(
                Refusal.Kind.SHUTTING_DOWN,
                assertInstanceOf(Refusal.class, failure(refused)).kind());
        shut.open.countDown();
        closing.join();
        assertEquals(List.of(List.of(0), List.of(1, 2)), List.copyOf(shut.batches));
    }

    @Test
    void the_longer_the_wait_is_worth_it_the_more_there_are_up_to_a_bound() {
        Gather<Integer> gather = Gather.waves(n -> Duration.ofNanos(n * 25_000L), _ -> true, List::size);
        assertEquals(Duration.ofMillis(2).toNanos(), gather.forNs(0, 1));
        assertEquals(Duration.ofMillis(7).toNanos(), gather.forNs(200, 1));
        assertEquals(Duration.ofMillis(7).toNanos(), gather.forNs(100, 2));
        assertEquals(Duration.ofMillis(10).toNanos(), gather.forNs(1000, 1));
        assertEquals(0, Gather.never().forNs(1000, 1));
        assertEquals(
                Duration.ofHours(1).toNanos(),
                Gather.always(Duration.ofHours(1)).forNs(7, 1));
    }

    @Test
    void when_there_is_enough_for_as_many_as_are_awaited_all_that_it_is_for_go_and_the_rest_goes_next()
            throws Exception {
        Gate gate = new Gate();
        gate.open.countDown();
        AtomicInteger places = new AtomicInteger();
        var gather = new Gather<Integer>(
                Duration.ofHours(1),
                _ -> Duration.ZERO,
                last -> !last.isEmpty(),
                all -> Math.min(all.size(), places.get()));
        try (var commit = new GroupCommit<>("test", sizes(100, 100), gather, gate)) {
            assertEquals("row 9", commit.add(9).get(10, TimeUnit.SECONDS));
            for (int round = 0; round < 2; round++) {
                places.set(0);
                List<CompletableFuture<String>> pair = add(commit, 0, 2);
                places.set(2);
                commit.look();
                pair.getLast().get(10, TimeUnit.SECONDS);
            }
            places.set(0);
            List<CompletableFuture<String>> four = add(commit, 3, 7);
            places.set(1);
            commit.look();
            assertEquals(3, gate.batches.size(), "there is no place for two");
            places.set(3);
            commit.look();
            assertEquals("row 5", four.get(2).get(10, TimeUnit.SECONDS));
            assertFalse(four.getLast().isDone());
            assertEquals("row 7", commit.add(7).get(10, TimeUnit.SECONDS));
        }
        assertEquals(List.of(3, 4, 5), gate.batches.get(3));
        assertEquals(List.of(6, 7), gate.batches.get(4));
    }
}
