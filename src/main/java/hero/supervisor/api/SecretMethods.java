package hero.supervisor.api;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Scope;
import hero.supervisor.engine.Secrets;
import hero.supervisor.domain.SecretInfo;
import hero.supervisor.wire.Bodies;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.Params;
import hero.supervisor.wire.Rfc3339;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `auth.login` and `secrets.*`.
final class SecretMethods {
    private static final long OVERLAP_MAX_S = 365L * 86_400;

    private final Secrets secrets;
    private final Limits limits;

    SecretMethods(Secrets secrets, Limits limits) {
        this.secrets = secrets;
        this.limits = limits;
    }

    /// The gate has judged the secret already; from here on the connection carries it.
    Body login(Call call) {
        Grant grant = call.grant();
        if (grant == null) {
            throw new Refusal(Refusal.Kind.UNAUTHORIZED, "auth.login needs a valid secret: send it as params.secret");
        }
        call.peer().login(grant);
        Map<String, Body> answer = new LinkedHashMap<>();
        answer.put("name", Bodies.text(grant.name()));
        answer.put("scope", Bodies.text(grant.scope().word()));
        return Bodies.object(answer);
    }

    Body create(Call call) {
        Params p = call.params();
        Instant expiresAt = p.has("expires_at") ? Rfc3339.parse(p, "expires_at") : null;
        return shown(secrets.create(p.name("name", limits.nameChars()), scope(p), expiresAt));
    }

    private static Scope scope(Params p) {
        try {
            return Scope.of(p.text("scope"));
        } catch (IllegalArgumentException e) {
            throw p.invalid("scope", "scope must be one of admin, user, register");
        }
    }

    Body list(Call call) {
        return Bodies.list(secrets.all().stream().map(SecretMethods::row).toList());
    }

    Body rotate(Call call) {
        Duration overlap = Duration.ofSeconds(call.params().integer("overlap_s", 0, OVERLAP_MAX_S, 0));
        return shown(secrets.rotate(id(call), overlap));
    }

    Body revoke(Call call) {
        secrets.revoke(id(call));
        return Body.NULL;
    }

    private String id(Call call) {
        return call.params().name("id", limits.nameChars());
    }

    /// The only place where a secret leaves the server, once.
    private static Body shown(Secrets.Created created) {
        Map<String, Body> answer = new LinkedHashMap<>();
        answer.put("id", Bodies.text(created.id()));
        answer.put("name", Bodies.text(created.name()));
        answer.put("scope", Bodies.text(created.scope().word()));
        answer.put("secret", Bodies.text(created.secret()));
        return Bodies.object(answer);
    }

    private static Body row(SecretInfo row) {
        Map<String, Body> answer = new LinkedHashMap<>();
        answer.put("id", Bodies.text(row.id()));
        answer.put("name", Bodies.text(row.name()));
        answer.put("scope", Bodies.text(row.scope().word()));
        answer.put("created_at", Bodies.instant(row.createdAt()));
        answer.put("expires_at", instant(row.expiresAt()));
        answer.put("revoked_at", instant(row.revokedAt()));
        return Bodies.object(answer);
    }

    private static Body instant(@Nullable Instant at) {
        return at == null ? Body.NULL : Bodies.instant(at);
    }
}
