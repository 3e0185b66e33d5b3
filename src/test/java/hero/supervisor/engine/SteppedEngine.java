package hero.supervisor.engine;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Scope;
import hero.supervisor.domain.SecretInfo;
import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.Lending;
import hero.supervisor.store.RunnerStore;
import hero.supervisor.store.SecretStore;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One gateway's engine without threads: whoever builds it is its scheduler and calls each step of the sweeper.
public final class SteppedEngine {
    private final Results results;
    private final Runners runners;
    private final Jobs jobs;
    private final Sweeper sweeper;

    /// What the engine is given from outside.
    public record Outside(
            JobStore jobs,
            RunnerStore runners,
            Settings settings,
            Time time,
            Supplier<String> sessionIds,
            LongSupplier leases,
            Executor executor) {}

    public SteppedEngine(Outside outside) {
        results = new Results(outside.jobs());
        runners = new Runners(new Runners.Parts(
                outside.jobs(),
                outside.runners(),
                results,
                outside.settings(),
                Limits.DEFAULT,
                outside.time(),
                outside.sessionIds(),
                outside.leases(),
                _ -> CompletableFuture.completedFuture(true),
                outside.executor()));
        jobs = new Jobs(outside.jobs(), _ -> Optional.empty(), results, runners, outside.executor());
        Secrets secrets = new Secrets(new NoSecrets(), new SplittableRandom(1), outside.time(), _ -> {});
        Feed feed = new Feed(outside.jobs(), outside.time(), outside.executor(), new SilentStreams());
        sweeper = new Sweeper(outside.jobs(), results, runners, secrets, feed, outside.settings(), outside.time());
    }

    public Jobs jobs() {
        return jobs;
    }

    public Runners runners() {
        return runners;
    }

    /// Another gateway has brought jobs to the queue.
    public void demanded(String queue, String node) {
        runners.dispatch().demanded(queue, node);
    }

    /// Another gateway says this to us.
    public void heard(String node, Lending word) {
        sweeper.heard(node, word);
    }

    public void watch() {
        sweeper.watch();
    }

    public void news() {
        sweeper.news();
    }

    public void timers() {
        sweeper.timers();
    }

    public void sweep() {
        sweeper.sweep();
    }

    public void net() {
        sweeper.net();
    }

    /// Callers who wait here.
    public long waiting() {
        return results.waiting();
    }

    /// Sessions, and what they hold or may be given, in words: for a complaint about what was left.
    public List<String> left() {
        return runners.holds().sessions().stream()
                .filter(session -> session.link == null || !session.held.isEmpty() || session.reserved.get() != 0)
                .map(session -> session + " linked " + (session.link != null) + " held " + session.held.keySet()
                        + " reserved " + session.reserved)
                .toList();
    }

    static final class NoSecrets implements SecretStore {
        @Override
        public void add(String id, String name, Scope scope, String hash, @Nullable Instant expiresAt) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<SecretInfo> findByHash(String hash) {
            return Optional.empty();
        }

        @Override
        public Optional<SecretInfo> findById(String id) {
            return Optional.empty();
        }

        @Override
        public List<SecretInfo> all() {
            return List.of();
        }

        @Override
        public List<SecretInfo> current() {
            return List.of();
        }

        @Override
        public boolean revoke(String id) {
            return false;
        }

        @Override
        public boolean rotate(SecretInfo old, Instant at, String id, String hash) {
            return false;
        }
    }
}
