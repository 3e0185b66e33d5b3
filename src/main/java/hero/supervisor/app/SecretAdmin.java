package hero.supervisor.app;

import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Scope;
import hero.supervisor.domain.Time;
import hero.supervisor.engine.Secrets;
import hero.supervisor.store.Database;
import hero.supervisor.store.PostgresSecretStore;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Secrets managed on the database itself, for the operator who has no secret yet. Brings an empty schema up to
/// date first. Not for several threads.
public final class SecretAdmin implements AutoCloseable {
    private final Database database;
    private final PostgresSecretStore store;
    private final Secrets secrets;

    private SecretAdmin(Database database) {
        this.database = database;
        this.store = new PostgresSecretStore(database);
        this.secrets = new Secrets(store, new SecureRandom(), Time.system(), ids -> {});
    }

    /// [CannotStart] when the database cannot be used.
    public static SecretAdmin open(Config config) {
        try {
            return new SecretAdmin(Supervisor.open(config));
        } catch (Database.Unusable e) {
            throw new CannotStart(CannotStart.Reason.SURROUNDINGS, String.valueOf(e.getMessage()), e);
        }
    }

    /// A secret as it is shown once.
    public record Shown(String id, String name, String scope, String secret) {}

    /// A secret as it is listed.
    public record Listed(
            String id,
            String name,
            String scope,
            Instant createdAt,
            @Nullable Instant expiresAt,
            @Nullable Instant revokedAt) {}

    /// [Refusal] of kind `invalid_params` for another scope than admin, user and register.
    public Shown create(String name, String scope, @Nullable Instant expiresAt) {
        try {
            return shown(secrets.create(name, Scope.of(scope), expiresAt));
        } catch (IllegalArgumentException e) {
            throw Refusal.invalid("/scope", String.valueOf(e.getMessage()));
        }
    }

    public List<Listed> list() {
        return store.all().stream()
                .map(row -> new Listed(
                        row.id(), row.name(), row.scope().word(), row.createdAt(), row.expiresAt(), row.revokedAt()))
                .toList();
    }

    public Shown rotate(String id, Duration overlap) {
        return shown(secrets.rotate(id, overlap));
    }

    public void revoke(String id) {
        secrets.revoke(id);
    }

    private static Shown shown(Secrets.Created created) {
        return new Shown(created.id(), created.name(), created.scope().word(), created.secret());
    }

    @Override
    public void close() {
        database.close();
    }
}
