package hero.supervisor.transport;

import hero.supervisor.api.Peer;
import hero.supervisor.api.ReplyTo;

/// What the transport asks the floor above: JSON-RPC without sockets. Called from many threads at once.
public interface Answers {

    /// Answers one message, which is any bytes at all. Takes no longer than it takes to read it, and never waits:
    /// the calling thread may be one that many connections share. Throws when there is no thread to be had:
    /// nothing goes back then. False when nothing in the message wants an answer.
    boolean answer(byte[] utf8, Peer peer, ReplyTo to);

    /// A whole JSON-RPC error response without id, for a message that never reaches [#answer]: too long, of the
    /// wrong type, or from somebody who may not send it. `code` and `kind` are those of contract §4.
    byte[] refusal(int code, String kind, String message);
}
