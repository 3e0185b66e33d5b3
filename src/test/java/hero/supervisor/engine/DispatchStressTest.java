package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.ManualTime;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Place;
import hero.supervisor.store.JobStore.Slot;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A fast runner with one pull at a time, a closed loop of callers, and a store that answers at once: every race
/// between pulls, batches and claims gets its chance. No tick helps: a lost wake or a lost job stops the loop.
@Timeout(120)
final class DispatchStressTest {
    private static final int JOBS = 40_000;
    private static final int SLOTS = 64;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final ConcurrentLinkedQueue<String> queued = new ConcurrentLinkedQueue<>();
    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private final Semaphore free = new Semaphore(SLOTS);
    private final AtomicLong leases = new AtomicLong();
    private final Session session = new Session("s", "r1", "q", SLOTS);
    private final Dispatch dispatch =
            new Dispatch(store(), new ManualTime(), leases::incrementAndGet, threads, new Handing.Handover() {
                @Override
                public boolean held(Pull pull, List<Assignment> jobs) {
                    jobs.forEach(a -> pull.session.held.put(a.job().id(), new Session.Held(a.key(), 60, false, 0)));
                    return true;
                }

                @Override
                public void returned(List<Assignment> jobs) {
                    // Nobody reads here what sessions hold.
                }

                @Override
                public void doubt(Collection<String> sessionIds) {
                    throw new AssertionError("nothing fails here");
                }
            });

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private JobStore store() {
        return (JobStore) Proxy.newProxyInstance(
                JobStore.class.getClassLoader(), new Class<?>[] {JobStore.class}, (_, method, args) -> {
                    if (method.getName().equals("claim")) {
                        return CompletableFuture.supplyAsync(
                                () -> claimed(((JobStore.Claiming) args[1]).slots()), threads);
                    } else if (method.getName().equals("release")) {
                        ((List<?>) args[0]).forEach(key -> queued.add(((Assignment.Key) key).jobId()));
                        return List.of("q");
                    } else if (method.getName().equals("asked")) {
                        return null;
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
    }

    private List<Assignment> claimed(List<Slot> slots) {
        List<Assignment> jobs = new ArrayList<>();
        for (Slot slot : slots) {
            String id = queued.poll();
            if (id == null) {
                break;
            }
            jobs.add(assignment(id, slot));
        }
        return jobs;
    }

    private static Assignment assignment(String id, Slot slot) {
        return new Assignment(job(id), 1, slot.lease(), slot.sessionId(), Instant.EPOCH);
    }

    private void pull() {
        while (!threads.isShutdown()) {
            List<Assignment> jobs =
                    dispatch.pull(session, session.link, SLOTS, true).jobs.join();
            threads.execute(() -> finish(jobs));
        }
    }

    private void finish(List<Assignment> jobs) {
        jobs.forEach(job -> session.held.remove(job.job().id()));
        dispatch.credit("q");
        free.release(jobs.size());
    }

    /// As group commit does: a batch is put together, written, and told on another thread.
    private void write() throws InterruptedException {
        while (!threads.isShutdown()) {
            List<String> ids = new ArrayList<>(List.of(asked.take()));
            asked.drainTo(ids);
            Object batch = new Object();
            List<Direct> directs =
                    ids.stream().map(id -> dispatch.direct(id, "r1", false)).toList();
            List<@Nullable Place> places = new ArrayList<>();
            directs.forEach(direct -> places.add(direct.place(batch)));
            for (int i = 0; i < ids.size(); i++) {
                if (places.get(i) == null) {
                    queued.add(ids.get(i));
                }
            }
            threads.execute(() -> tell(ids, directs, places));
        }
    }

    private static void tell(List<String> ids, List<Direct> directs, List<@Nullable Place> places) {
        for (int i = 0; i < ids.size(); i++) {
            Place place = places.get(i);
            directs.get(i)
                    .created(
                            place == null
                                    ? new Created.New("q")
                                    : new Created.Handed(assignment(ids.get(i), place.slot())),
                            null);
        }
    }

    @Test
    void every_job_reaches_the_runner_without_a_tick() throws InterruptedException {
        assertTrue(session.take(new EngineFixture.Link()));
        threads.execute(this::pull);
        threads.submit(() -> {
            write();
            return true;
        });
        for (int i = 0; i < JOBS; i++) {
            assertTrue(free.tryAcquire(20, TimeUnit.SECONDS), "the loop stands still");
            asked.add("j" + i);
        }
        assertTrue(free.tryAcquire(SLOTS, 20, TimeUnit.SECONDS), "the last jobs have not arrived");
        assertEquals(0, session.held.size());
    }
}
