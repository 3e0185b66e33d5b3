package hero.supervisor.domain;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A secret as it is kept: its hash, never itself.
///
/// @param hash SHA-256 of the secret in lower-case hex; not part of what people are shown
public record SecretInfo(
        String id,
        String name,
        Scope scope,
        String hash,
        Instant createdAt,
        @Nullable Instant expiresAt,
        @Nullable Instant revokedAt) {

    /// True when it proves something at `now`.
    public boolean isValid(Instant now) {
        return revokedAt == null && (expiresAt == null || now.isBefore(expiresAt));
    }
}
