package hero.supervisor.transport.websocket;

/// A listener that can begin with a message at once.
public interface Ready {

    /// Takes a whole message, unless it would have to wait for anything: false then, and the same message comes
    /// again by `onMessage`, on a thread that may wait. Called on a thread that many connections share.
    boolean offer(byte[] message);
}
