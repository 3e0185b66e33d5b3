package hero.supervisor.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Scope;
import hero.supervisor.domain.SecretInfo;
import hero.supervisor.domain.Time;
import hero.supervisor.store.SecretStore;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SecretsTest {
    /// What is read is on its way until `arrive` is open.
    private static final class SlowStore implements SecretStore {
        private final Map<String, SecretInfo> rows = new ConcurrentHashMap<>();
        private final CountDownLatch read = new CountDownLatch(1);
        private volatile @Nullable CountDownLatch arrive;

        @Override
        public void add(String id, String name, Scope scope, String hash, @Nullable Instant expiresAt) {
            rows.put(id, new SecretInfo(id, name, scope, hash, Instant.EPOCH, expiresAt, null));
        }

        @Override
        public Optional<SecretInfo> findByHash(String hash) {
            return rows.values().stream().filter(row -> row.hash().equals(hash)).findFirst();
        }

        @Override
        public Optional<SecretInfo> findById(String id) {
            return Optional.ofNullable(rows.get(id));
        }

        @Override
        public List<SecretInfo> all() {
            return new ArrayList<>(rows.values());
        }

        @Override
        public List<SecretInfo> current() {
            List<SecretInfo> current = all();
            CountDownLatch way = arrive;
            if (way != null) {
                arrive = null;
                read.countDown();
                try {
                    way.await(30, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            return current;
        }

        @Override
        public boolean revoke(String id) {
            rows.computeIfPresent(
                    id,
                    (same, row) -> new SecretInfo(
                            id, row.name(), row.scope(), row.hash(), row.createdAt(), Instant.EPOCH, Instant.EPOCH));
            return true;
        }

        @Override
        public boolean rotate(SecretInfo old, Instant at, String id, String hash) {
            return false;
        }
    }

    @Test
    void what_was_read_before_a_secret_was_revoked_does_not_bring_it_back() throws Exception {
        var store = new SlowStore();
        var secrets = new Secrets(store, new SecureRandom(), Time.system(), ended -> {});
        var created = secrets.create("short-lived", Scope.USER, null);
        secrets.refresh();
        assertEquals(created.id(), secrets.check(created.secret()).secretId());

        var arrive = new CountDownLatch(1);
        store.arrive = arrive;
        Thread look = Thread.startVirtualThread(secrets::refresh);
        store.read.await(30, TimeUnit.SECONDS);
        Thread revoke = Thread.startVirtualThread(() -> secrets.revoke(created.id()));
        // It waits for the look; were it not to, it would be over long before that.
        revoke.join(200);
        arrive.countDown();
        look.join();
        revoke.join();
        Refusal refused = assertThrows(Refusal.class, () -> secrets.check(created.secret()));
        assertEquals(Refusal.Kind.UNAUTHORIZED, refused.kind());
    }
}
