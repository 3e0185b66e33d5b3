package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Time;

/// Writes to one socket, and for how long the one under way has not come on. For one writer at a time;
/// [#isStuck] for any thread.
final class Writes {
    /// A step: a peer that takes less within the deadline is stuck, however often it takes a little.
    private static final int STEP_BYTES = 64 << 10;

    private final Outbox.Socket socket;
    private final Time time;
    private volatile boolean underWay;
    private volatile long sinceNs;

    Writes(Outbox.Socket socket, Time time) {
        this.socket = socket;
        this.time = time;
    }

    /// Writes what is left of a batch. False when there is no room for all of it and `mayWait` is false: it stays
    /// under way until another call has written the rest. Throws what the socket does.
    boolean write(Batch batch, boolean mayWait) {
        if (!underWay) {
            sinceNs = time.nanoTime();
            underWay = true;
        }
        boolean stays = false;
        try {
            while (!batch.isWritten()) {
                int before = batch.written();
                boolean room = batch.writeTo(socket, STEP_BYTES - before % STEP_BYTES);
                if (batch.written() / STEP_BYTES > before / STEP_BYTES) {
                    sinceNs = time.nanoTime();
                } else if (!room && mayWait) {
                    socket.awaitRoom();
                } else if (!room) {
                    stays = true;
                    return false;
                }
            }
            return true;
        } finally {
            underWay = stays;
        }
    }

    /// True when a step has been under way for longer than that.
    boolean isStuck(long nowNs, long deadlineNs) {
        return underWay && nowNs - sinceNs > deadlineNs;
    }
}
