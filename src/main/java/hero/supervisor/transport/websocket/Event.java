package hero.supervisor.transport.websocket;

/// What the peer sent, checked and unmasked. The arrays are the receiver's own.
sealed interface Event {

    /// A whole message, however many frames it took. A text is valid UTF-8.
    @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
    record Message(boolean text, byte[] bytes) implements Event {}

    @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
    record Ping(byte[] bytes) implements Event {}

    record Pong() implements Event {}

    /// `code` is 1005 when the frame named none.
    record Close(int code, String reason) implements Event {}
}
