package hero.supervisor.engine;

import static hero.supervisor.domain.JobFixture.job;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
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
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A dispatcher over a store that is played step by step: a batch is put together by [Direct#place], written by
/// nobody, and told by [Direct#created].
abstract class DirectFixture {
    final AtomicLong leases = new AtomicLong();
    final List<List<Slot>> claims = new ArrayList<>();
    final List<String> released = new ArrayList<>();
    /// Those of them that sessions were told not to hold any more, after the release.
    final List<String> returned = new ArrayList<>();
    final List<String> doubted = new ArrayList<>();
    /// What the next claims bring, each in turn; nothing when there is none left.
    final List<CompletableFuture<List<Assignment>>> waiting = new ArrayList<>();

    final Dispatch dispatch =
            new Dispatch(store(), new ManualTime(), leases::incrementAndGet, Runnable::run, new Handing.Handover() {
                @Override
                public boolean held(Pull pull, List<Assignment> jobs) {
                    Session session = pull.session;
                    if (session.ended) {
                        return false;
                    }
                    jobs.forEach(a -> session.held.put(a.job().id(), new Session.Held(a.key(), 60, false, 0)));
                    return true;
                }

                @Override
                public void returned(List<Assignment> jobs) {
                    jobs.forEach(a -> returned.add(a.job().id()));
                }

                @Override
                public void doubt(Collection<String> sessionIds) {
                    doubted.addAll(sessionIds);
                }
            });

    JobStore store() {
        return (JobStore) Proxy.newProxyInstance(
                JobStore.class.getClassLoader(), new Class<?>[] {JobStore.class}, (_, method, args) -> {
                    if (method.getName().equals("claim")) {
                        claims.add(((JobStore.Claiming) args[1]).slots());
                        return waiting.isEmpty() ? CompletableFuture.completedFuture(List.of()) : waiting.removeFirst();
                    } else if (method.getName().equals("release")) {
                        ((List<?>) args[0]).forEach(key -> released.add(((Assignment.Key) key).jobId()));
                        return List.of("q");
                    } else if (method.getName().equals("asked")) {
                        return null;
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
    }

    Direct direct(Job job) {
        return dispatch.direct(job.id(), job.runner(), job.extras().startAt() != null);
    }

    static Session session(String id, int slots) {
        Session session = new Session(id, "r1", "q", slots);
        assertTrue(session.take(new EngineFixture.Link()));
        return session;
    }

    Pull parked(Session session, int max) {
        Pull pull = dispatch.pull(session, session.link, max, true);
        assertFalse(pull.jobs.isDone());
        return pull;
    }

    static Created handed(String id, @Nullable Place place) {
        Slot slot = Objects.requireNonNull(place).slot();
        return new Created.Handed(new Assignment(job(id), 1, slot.lease(), slot.sessionId(), Instant.EPOCH));
    }

    static List<String> ids(Pull pull) {
        assertTrue(pull.jobs.isDone());
        return pull.jobs.join().stream().map(a -> a.job().id()).toList();
    }

    void nothingIsReserved(Session... sessions) {
        for (Session session : sessions) {
            assertEquals(0, session.reserved.get(), session.id);
        }
    }
}
