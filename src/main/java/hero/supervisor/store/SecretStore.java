package hero.supervisor.store;

import hero.supervisor.domain.Scope;
import hero.supervisor.domain.SecretInfo;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Hashes of secrets; never a secret. Calls block for one statement. Safe for any thread.
public interface SecretStore {

    void add(String id, String name, Scope scope, String hash, @Nullable Instant expiresAt);

    Optional<SecretInfo> findByHash(String hash);

    Optional<SecretInfo> findById(String id);

    /// Newest first.
    List<SecretInfo> all();

    /// Those that hold, and those that have ended within the last minutes, in any order.
    List<SecretInfo> current();

    /// True when it was valid until now.
    boolean revoke(String id);

    /// Puts another secret of the same name, scope and end beside this one, which ends at `at` unless it ends
    /// earlier. False, with nothing changed, when it is no longer as `old` tells it: another call has rotated or
    /// revoked it.
    boolean rotate(SecretInfo old, Instant at, String id, String hash);
}
