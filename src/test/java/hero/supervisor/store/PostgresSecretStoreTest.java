package hero.supervisor.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hero.supervisor.domain.Scope;
import hero.supervisor.domain.SecretInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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

            assertTrue(store.rotate(row, SOON, "second", "11".repeat(32)));
            assertFalse(store.rotate(row, SOON, "third", "22".repeat(32)), "it has changed since it was read");
            SecretInfo ending = store.findById("id").orElseThrow();
            assertEquals(SOON, ending.expiresAt());
            assertTrue(store.rotate(ending, LATER, "fourth", "33".repeat(32)));
            assertEquals(SOON, store.findById("id").orElseThrow().expiresAt(), "earlier, never later");
            assertEquals(SOON, store.findById("fourth").orElseThrow().expiresAt());
            assertEquals(List.of("fourth", "id", "second"), ids(store.all()));

            assertTrue(store.revoke("id"));
            assertFalse(store.revoke("id"));
            assertNotNull(store.findById("id").orElseThrow().revokedAt());
            assertFalse(store.rotate(ending, SOON, "fifth", "44".repeat(32)), "it has been revoked");

            List<String> all = List.of("fourth", "id", "second");
            assertEquals(all, ids(store.current()), "that one has ended is told for a while");
            database.query(
                    sql -> sql.execute("update secrets set revoked_at = now() - interval '1 hour' where id = 'id'"));
            database.query(sql ->
                    sql.execute("update secrets set expires_at = now() - interval '1 hour' where id = 'fourth'"));
            assertEquals(List.of("second"), ids(store.current()));
            assertEquals(all, ids(store.all()));
        }
    }

    private static List<String> ids(List<SecretInfo> secrets) {
        return secrets.stream().map(SecretInfo::id).sorted().toList();
    }
}
