package hero.supervisor.transport.websocket;

import io.helidon.websocket.WsSession;

/// Helidon's session, and what a gateway needs besides. Safe for any thread; whatever is sent after the end is
/// dropped. Messages are sent whole: `last` must be true.
public interface Session extends WsSession {

    /// Sends a text message. Waits while the queue is full, then runs `queued`, and may help to write what is
    /// queued, for
    /// others too.
    void send(byte[] utf8, Runnable queued);

    /// Sends a text message unless the queue is full or the connection has ended: false then. Never waits for the
    /// peer.
    boolean offer(byte[] utf8);

    /// The same, and leaves half of the queue to other messages.
    boolean offerBulk(byte[] utf8);

    /// Sends a text message in fragments while it is made; returns when it is sent. Other messages wait meanwhile,
    /// pings
    /// are answered between the fragments.
    void stream(Content content);

    /// When the peer's last bytes came, as `Time.nanoTime`.
    long heardNs();
}
