package hero.supervisor.api;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Tracing;
import hero.supervisor.wire.Arguments;
import hero.supervisor.wire.Message;
import hero.supervisor.wire.Params;
import org.jspecify.annotations.Nullable;

/// Judges whether a caller may call a method. Comes before any look at the other parameters, so that nobody
/// without a right learns from their errors.
final class Gate {
    private final SecretCheck secrets;

    Gate(SecretCheck secrets) {
        this.secrets = secrets;
    }

    /// The call, bound and allowed; a refusal otherwise.
    Call pass(MethodTable.Entry entry, Message message, Peer peer, Limits limits, Tracing.Call span) {
        return pass(entry, message, arguments(message).bind(entry.spec()), peer, limits, span);
    }

    /// Likewise, of parameters that are bound.
    Call pass(MethodTable.Entry entry, Message message, Params params, Peer peer, Limits limits, Tracing.Call span) {
        Grant grant = grant(entry, params, peer);
        params.requireAll();
        return new Call(entry.spec().name(), params, peer, grant, limits, span, request(message));
    }

    /// The caller's own id of the call; `-` for a notification.
    static String request(Message message) {
        return message instanceof Message.Call call ? call.rawId() : "-";
    }

    /// True when the caller can be judged without asking the database.
    boolean isQuick(Params params) {
        String secret = params.optionalText("secret");
        return secret == null || secrets.atHand(secret);
    }

    static Arguments arguments(Message message) {
        return switch (message) {
            case Message.Call call -> call.arguments();
            case Message.Notification notification -> notification.arguments();
            case Message.Batch batch -> throw new IllegalStateException("a batch is no call");
            case Message.Malformed malformed -> throw new IllegalStateException("no call");
            case Message.Response response -> throw new IllegalStateException("a response is no call");
        };
    }

    private @Nullable Grant grant(MethodTable.Entry entry, Params params, Peer peer) {
        Access access = entry.access();
        String secret = params.optionalText("secret");
        Grant grant = secret == null ? peer.grant() : checked(entry, secret);
        if (grant == null) {
            if (access.opensTo(peer)) {
                return null;
            }
            throw unauthorized(entry);
        } else if (!access.allows(grant.scope())) {
            throw new Refusal(
                            Refusal.Kind.FORBIDDEN,
                            entry.spec().name() + " needs a secret of scope " + access.scopeWords()
                                    + "; this one has scope " + grant.scope().word())
                    .with("scope", grant.scope().word())
                    .with("needs", access.scopeWords());
        }
        peer.proved(grant);
        return grant;
    }

    private Grant checked(MethodTable.Entry entry, String secret) {
        try {
            return secrets.check(secret);
        } catch (Refusal e) {
            // One text for an unknown and a missing secret: the difference is nobody's business.
            throw e.kind() == Refusal.Kind.UNAUTHORIZED ? unauthorized(entry) : e;
        }
    }

    private static Refusal unauthorized(MethodTable.Entry entry) {
        return new Refusal(
                Refusal.Kind.UNAUTHORIZED,
                entry.spec().name() + " needs a valid secret of scope "
                        + entry.access().scopeWords()
                        + ": send it as params.secret, as 'Authorization: Bearer', or once per WebSocket with auth.login");
    }
}
