package hero.supervisor.check;

import hero.supervisor.transport.PlayedGateway;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/// One connection of the runner, in the case it belongs to. Mutable members are for the holder of the stage's
/// lock.
final class Line {
    private final PlayedGateway.Socket socket;
    final @Nullable String bearer;
    boolean loggedIn;
    Said.@Nullable Hello hello;
    boolean open = true;
    int closedWith;
    private @Nullable CountDownLatch deaf;

    Line(PlayedGateway.Socket socket, @Nullable String bearer) {
        this.socket = socket;
        this.bearer = bearer;
    }

    void send(String text) {
        socket.send(text);
    }

    void close(int code, String reason) {
        socket.close(code, reason);
    }

    /// Ends the TCP connection without a close frame.
    void cut() {
        hearAgain();
        socket.cut();
    }

    /// From the next message on nothing is read, answered or ponged: a half-open connection.
    synchronized void deafen() {
        if (deaf == null) {
            deaf = new CountDownLatch(1);
        }
    }

    synchronized void hearAgain() {
        if (deaf != null) {
            deaf.countDown();
            deaf = null;
        }
    }

    /// Blocks the reading thread while the line is deaf; true when it was.
    boolean awaitHearing() throws InterruptedException {
        CountDownLatch latch;
        synchronized (this) {
            latch = deaf;
        }
        if (latch == null) {
            return false;
        }
        latch.await();
        return true;
    }
}
