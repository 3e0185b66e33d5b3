package hero.supervisor.api;

import hero.supervisor.domain.Scope;

/// What a method demands of its caller. A secret that is shown is judged always, also where none is needed.
/// Source: contract §5.
public enum Access {
    /// Anybody: `rpc.discover`, `auth.login`.
    PUBLIC(true, true, true, false),
    /// Methods whose seed form takes a secret: user or admin.
    USER(true, false, false, false),
    /// Reading whose seed form takes no secret: user or admin, or anybody in the safe corner.
    READ(true, false, true, false),
    /// Reading that goes on: as [#READ], on a connection that can carry messages both ways.
    STREAM(true, false, true, true),
    /// Runner control whose seed form takes no secret: admin, or anybody in the safe corner.
    CONTROL(false, false, true, false),
    ADMIN(false, false, false, false),
    /// `register_runner`: register or admin.
    REGISTER(false, true, false, false),
    /// `runner.*`: register or admin, on a connection that can carry messages both ways.
    RUNNER(false, true, false, true);

    private final boolean user;
    private final boolean register;
    private final boolean openInCorner;
    private final boolean needsDuplex;

    Access(boolean user, boolean register, boolean openInCorner, boolean needsDuplex) {
        this.user = user;
        this.register = register;
        this.openInCorner = openInCorner;
        this.needsDuplex = needsDuplex;
    }

    boolean allows(Scope scope) {
        return switch (scope) {
            case ADMIN -> true;
            case USER -> user;
            case REGISTER -> register;
        };
    }

    /// True when a caller without any secret may pass there.
    boolean opensTo(Peer peer) {
        return this == PUBLIC || (openInCorner && peer.inSafeCorner());
    }

    boolean needsDuplex() {
        return needsDuplex;
    }

    /// For messages: `user or admin`.
    String scopeWords() {
        return (user ? "user or " : "") + (register ? "register or " : "") + "admin";
    }
}
