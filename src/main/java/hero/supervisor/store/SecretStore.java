package hero.supervisor.store;

import hero.supervisor.domain.Scope;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Hashes of secrets; never a secret. Calls block for one statement. Safe for any thread.
public interface SecretStore {

    /// @param hash SHA-256 of the secret in lower-case hex; not part of what people are shown
    record SecretRow(
            String id,
            String name,
            Scope scope,
            String hash,
            Instant createdAt,
            @Nullable Instant expiresAt,
            @Nullable Instant revokedAt) {}

    void add(String id, String name, Scope scope, String hash, @Nullable Instant expiresAt);

    Optional<SecretRow> findByHash(String hash);

    Optional<SecretRow> findById(String id);

    /// Newest first.
    List<SecretRow> all();

    /// True when it was valid until now.
    boolean revoke(String id);

    /// Lets a secret end at `at` unless it ends earlier. False when there is none.
    boolean expire(String id, Instant at);
}
