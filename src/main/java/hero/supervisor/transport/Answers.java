package hero.supervisor.transport;

import hero.supervisor.api.Peer;
import hero.supervisor.wire.Reply;
import org.jspecify.annotations.Nullable;

/// What the transport asks the floor above: JSON-RPC without sockets. Called from many threads at once.
public interface Answers {

    /// Answers one message, which is any bytes at all. May block. Null when nothing goes back (notifications
    /// only).
    @Nullable
    Reply answer(byte[] utf8, Peer peer);

    /// A whole JSON-RPC error response without id, for a message that never reaches [#answer]: too long, of the
    /// wrong type, or from somebody who may not send it. `code` and `kind` are those of contract §4.
    byte[] refusal(int code, String kind, String message);
}
