package hero.supervisor.cli;

import hero.supervisor.app.SecretAdmin;
import hero.supervisor.domain.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `secrets.*` answered from the database itself, in the forms of the API.
final class DatabaseWay implements Way {
    private final SecretAdmin secrets;

    DatabaseWay(SecretAdmin secrets) {
        this.secrets = secrets;
    }

    @Override
    public @Nullable Object call(String method, Map<String, Object> params) {
        try {
            return switch (method) {
                case "secrets.create" ->
                    shown(secrets.create(text(params, "name"), text(params, "scope"), time(params.get("expires_at"))));
                case "secrets.list" -> listed(secrets.list());
                case "secrets.rotate" -> {
                    long overlapS = params.get("overlap_s") instanceof Number seconds ? seconds.longValue() : 0;
                    yield shown(secrets.rotate(text(params, "id"), Duration.ofSeconds(overlapS)));
                }
                case "secrets.revoke" -> {
                    secrets.revoke(text(params, "id"));
                    yield null;
                }
                default -> throw new IllegalStateException("not on the database: " + method);
            };
        } catch (Refusal e) {
            throw new Failed(
                    e.kind() == Refusal.Kind.BUSY ? Exit.CONNECTION : Exit.USAGE, Failed.ofCommands(e.getMessage()), e);
        }
    }

    private static String text(Map<String, Object> params, String name) {
        return String.valueOf(params.get(name));
    }

    private static @Nullable Instant time(@Nullable Object text) {
        return text == null ? null : Instant.parse(text.toString());
    }

    private static Map<String, Object> shown(SecretAdmin.Shown secret) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("id", secret.id());
        tree.put("name", secret.name());
        tree.put("scope", secret.scope());
        tree.put("secret", secret.secret());
        return tree;
    }

    private static List<Map<String, @Nullable Object>> listed(List<SecretAdmin.Listed> secrets) {
        return secrets.stream().map(DatabaseWay::listed).toList();
    }

    private static Map<String, @Nullable Object> listed(SecretAdmin.Listed secret) {
        Map<String, @Nullable Object> tree = new LinkedHashMap<>();
        tree.put("id", secret.id());
        tree.put("name", secret.name());
        tree.put("scope", secret.scope());
        tree.put("created_at", secret.createdAt().toString());
        tree.put("expires_at", text(secret.expiresAt()));
        tree.put("revoked_at", text(secret.revokedAt()));
        return tree;
    }

    private static @Nullable String text(@Nullable Instant at) {
        return at == null ? null : at.toString();
    }

    @Override
    public void close() {
        secrets.close();
    }
}
