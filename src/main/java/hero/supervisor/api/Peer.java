package hero.supervisor.api;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Trace;
import org.jspecify.annotations.Nullable;

/// The other end, as a method sees it: one WebSocket connection, or one HTTP request. Implemented by `transport`.
/// Safe for any thread.
public interface Peer {

    /// Minted by the server, never taken from the peer; for logs and maps.
    String id();

    /// The peer's address, for logs.
    String remote();

    /// True in the safe corner of protected mode (contract §5): methods whose seed form takes no secret are open.
    boolean inSafeCorner();

    /// The trace that all its calls belong to unless they name one themselves; null for none.
    default @Nullable Trace trace() {
        return null;
    }

    /// What a Bearer header or `auth.login` has proved.
    @Nullable
    Grant grant();

    /// `auth.login` succeeded: later calls of this connection carry the grant.
    void login(Grant grant);

    /// A call has shown a secret that is good for it, or its connection carries one: this peer is known, and its
    /// connection goes when the secret is revoked.
    default void proved(Grant shown) {}

    /// True when the server can send messages of its own: WebSocket.
    boolean duplex();

    /// Sends a notification (a whole JSON-RPC message). False when the connection is gone or its queue is full;
    /// the message is dropped then. Never blocks on the peer.
    boolean notify(byte[] message);

    /// The same for what need not be quick: leaves half of the queue to other messages.
    boolean notifyBulk(byte[] message);

    /// Runs `next` when the answer to the message at work is on its way, so that what `next` sends comes behind
    /// it; also when there is no answer to send.
    void afterReply(Runnable next);

    /// Starts the closing handshake with one of the codes of RFC 6455 §7.4 or 4000–4999.
    void close(int code, String reason);

    /// Runs `end` exactly once when the connection ends, at once if it has ended.
    Registration onEnd(Runnable end);

    /// Undoes [#onEnd].
    interface Registration {
        void remove();
    }

    /// The call on this thread does nothing but wait from now on: its place among the calls at work goes to
    /// another. False when the connection has as many waits as it may have. [#unpark] must follow when true.
    boolean park();

    void unpark();

    /// Marks an id as in flight. False when a call with the same id (byte for byte) is.
    boolean enter(String id);

    void leave(String id);
}
