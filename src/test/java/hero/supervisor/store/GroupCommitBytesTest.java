package hero.supervisor.store;

import static hero.supervisor.store.JobFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.domain.LogAppend;
import hero.supervisor.domain.LogStream;
import hero.supervisor.domain.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/// Writes are counted in bytes too: while the database hangs all of them are kept in memory.
class GroupCommitBytesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final List<List<Long>> batches = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch open = new CountDownLatch(1);

    private record Piece(long bytes) implements Bulky {}

    private List<Long> write(List<Piece> pieces) {
        entered.countDown();
        try {
            open.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        List<Long> sizes = pieces.stream().map(Piece::bytes).toList();
        batches.add(sizes);
        return sizes;
    }

    private GroupCommit<Piece, Long> held(long bytesMax, long batchBytesMax) throws InterruptedException {
        var sizes = new GroupCommit.Sizes(100, 100, PATIENCE, bytesMax, batchBytesMax);
        GroupCommit<Piece, Long> commit = new GroupCommit<>("test", sizes, this::write);
        assertFalse(commit.add(new Piece(1)).isDone());
        entered.await();
        return commit;
    }

    @Test
    void a_commit_holds_no_more_bytes_than_it_may_unless_one_write_is_larger() throws Exception {
        try (GroupCommit<Piece, Long> commit = held(10_000, 100)) {
            List<CompletableFuture<Long>> all = new ArrayList<>();
            for (long bytes : new long[] {60, 40, 1, 500, 99, 2}) {
                all.add(commit.add(new Piece(bytes)));
            }
            open.countDown();
            all.forEach(JobFixture::get);
        }
        assertEquals(
                List.of(List.of(1L), List.of(60L, 40L), List.of(1L), List.of(500L), List.of(99L), List.of(2L)),
                batches);
    }

    @Test
    void writes_of_more_bytes_than_may_wait_wait_outside_and_those_beyond_are_refused_at_once() throws Exception {
        try (GroupCommit<Piece, Long> commit = held(100, 1000)) {
            CompletableFuture<Long> queued = commit.add(new Piece(60));
            CompletableFuture<Long> outside = commit.add(new Piece(60));
            CompletableFuture<Long> refused = commit.add(new Piece(60));
            assertTrue(refused.isDone());
            assertEquals(
                    Refusal.Kind.BUSY,
                    assertThrows(Refusal.class, () -> get(refused)).kind());
            CompletableFuture<Long> small = commit.add(new Piece(40));
            assertFalse(small.isDone(), "there is room for a small one, behind those that came before it");
            open.countDown();
            assertEquals(60, get(queued));
            assertEquals(60, get(outside));
            assertEquals(40, get(small));
            assertEquals(60, get(commit.add(new Piece(60))), "there is room again");
        }
    }

    @Test
    void what_is_too_much_for_the_memory_together_is_written_in_parts() {
        List<Integer> written = Collections.synchronizedList(new ArrayList<>());
        try (GroupCommit<Piece, Long> commit = new GroupCommit<>("test", GroupCommit.Sizes.DEFAULT, pieces -> {
            open.countDown();
            written.add(pieces.size());
            if (pieces.size() > 1) {
                throw new OutOfMemoryError("for a test");
            }
            return pieces.stream().map(Piece::bytes).toList();
        })) {
            List<CompletableFuture<Long>> all = new ArrayList<>();
            for (long n = 0; n < 20; n++) {
                all.add(commit.add(new Piece(n)));
            }
            for (int n = 0; n < 20; n++) {
                assertEquals(n, get(all.get(n)));
            }
        }
        assertEquals(20, written.stream().filter(size -> size == 1).count());
    }

    @Test
    void a_job_counts_with_its_payload_and_an_outcome_with_its_output() {
        Job job = JobFixture.job("a", "x".repeat(5000), 300, Job.Extras.NONE);
        assertTrue(CreateBatch.Create.of(job, true, null, JobStore.Placing.NONE).bytes() > 5000);
        var key = new Assignment.Key("a", 1, 1);
        assertEquals(5000, new EndBatch.End(key, new JobResult.Success("x".repeat(5000)), null).bytes());
        assertEquals(7, Bulky.of(new LogAppend(key, LogStream.STDOUT, 0, "printed")));
        assertEquals(50, new EndBatch.End(key, new JobResult.Failure("x".repeat(50), 1), null).bytes());
    }
}
