package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/// All WebSocket connections of one server, and what they share. [#beat] must be called about once a second; it
/// pings, and ends whoever is dead, stuck or too slow. Safe for any thread.
public final class Sockets {
    private final Limits limits;
    private final Duration closeWithin;
    private final Executor executor;
    private final Time time;
    private final LongAdder slow = new LongAdder();
    private final Set<Connection> open = ConcurrentHashMap.newKeySet();

    /// `closeWithin` is how long a peer may take to answer a close frame; `executor` starts a thread per task.
    public Sockets(Limits limits, Duration closeWithin, Executor executor, Time time) {
        this.limits = limits;
        this.closeWithin = closeWithin;
        this.executor = executor;
        this.time = time;
    }

    /// Bytes that wait to be written, on all connections.
    public long queuedBytes() {
        return open.stream().mapToLong(Connection::queuedBytes).sum();
    }

    /// Peers given up so far because they did not read.
    public long slowCount() {
        return slow.sum();
    }

    void slow() {
        slow.increment();
    }

    /// Connections that have not ended.
    public int count() {
        return open.size();
    }

    /// Looks at every connection once.
    public void beat() {
        long nowNs = time.nanoTime();
        for (Connection connection : open) {
            connection.beat(nowNs);
        }
    }

    /// Starts the closing handshake of `share` (0 to 1) of the connections that have not begun it; `reason` is
    /// asked for each.
    public void close(int code, Supplier<String> reason, double share) {
        List<Connection> left =
                open.stream().filter(connection -> !connection.isClosing()).toList();
        left.stream()
                .limit((long) Math.ceil(left.size() * share))
                .forEach(connection -> connection.close(code, reason.get()));
    }

    /// Ends every connection without a handshake.
    public void endAll() {
        for (Connection connection : open) {
            connection.terminate();
        }
    }

    void add(Connection connection) {
        open.add(connection);
    }

    void remove(Connection connection) {
        open.remove(connection);
    }

    Limits limits() {
        return limits;
    }

    Duration closeWithin() {
        return closeWithin;
    }

    Executor executor() {
        return executor;
    }

    Time time() {
        return time;
    }
}
