package hero.supervisor.store;

import hero.supervisor.domain.SecretInfo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Scope;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class PostgresSecretStoreTest {
    private static final Instant SOON = Instant.parse("2900-01-01T00:00:00Z");
    private static final Instant LATER = Instant.parse("2950-01-01T00:00:00Z");

    @Test
    void a_secret_is_found_by_hash_expires_earlier_but_never_later_and_is_revoked_once() {
        try (Database database = Database.connect(PostgresFixture.freshDatabase(), Duration.ofSeconds(10))) {
            PostgresSecretStore store = new PostgresSecretStore(database);
            String hash = "0123456789abcdef".repeat(4);
            store.add("id", "name", Scope.USER, hash, null);
            SecretInfo row = store.findByHash(hash).orElseThrow();
            assertEquals("id", row.id());
            assertEquals(Scope.USER, row.scope());
            assertEquals(hash, row.hash());
            assertNull(row.expiresAt());
            assertTrue(store.findByHash("00".repeat(32)).isEmpty());

            assertTrue(store.expire("id", SOON));
            assertTrue(store.expire("id", LATER));
            assertEquals(SOON, store.findById("id").orElseThrow().expiresAt());
            assertFalse(store.expire("nobody", SOON));

            assertTrue(store.revoke("id"));
            assertFalse(store.revoke("id"));
            assertNotNull(store.all().getFirst().revokedAt());
        }
    }
}
