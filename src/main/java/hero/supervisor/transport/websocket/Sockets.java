package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/// All WebSocket connections of one server, and what they share. [#beat] must be called about once a second; it
/// pings, and ends whoever is dead, stuck or too slow. Safe for any thread.
public final class Sockets implements AutoCloseable {
    /// A poller reads and begins calls for tens of thousands of messages a second.
    private static final int PROCESSORS_PER_POLLER = 4;

    private final Limits limits;
    private final Duration closeWithin;
    private final Executor executor;
    private final Time time;
    private final LongAdder slow = new LongAdder();
    private final Set<Connection> open = ConcurrentHashMap.newKeySet();
    private final Supplier<SocketChannel> channels;
    private final List<Poller> pollers;
    private final AtomicInteger taken = new AtomicInteger();

    /// `closeWithin` is how long a peer may take to answer a close frame; `executor` starts a thread per task;
    /// `channels` gives the channel of the connection that the current thread serves.
    public Sockets(
            Limits limits, Duration closeWithin, Executor executor, Time time, Supplier<SocketChannel> channels) {
        this.limits = limits;
        this.closeWithin = closeWithin;
        this.executor = executor;
        this.time = time;
        this.channels = channels;
        int count = Math.ceilDiv(Runtime.getRuntime().availableProcessors(), PROCESSORS_PER_POLLER);
        this.pollers = IntStream.range(0, count)
                .mapToObj(n -> new Poller("sockets-" + n, time))
                .toList();
    }

    /// The socket of the current thread's connection, out of Helidon's hands from now on.
    Wire wire() {
        return new Wire(channels.get(), pollers.get(Math.floorMod(taken.getAndIncrement(), pollers.size())));
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

    /// For how long a thread that reads sockets has not come round. It does with each [#beat], unless it is
    /// blocked or has ended.
    public Duration standsStill() {
        long nowNs = time.nanoTime();
        return Duration.ofNanos(pollers.stream()
                .mapToLong(poller -> nowNs - poller.turnedNs())
                .max()
                .orElse(0));
    }

    /// Looks at every connection once.
    public void beat() {
        long nowNs = time.nanoTime();
        pollers.forEach(Poller::look);
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

    /// Ends what waits for sockets. Every connection must have ended.
    @Override
    public void close() {
        pollers.forEach(Poller::close);
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
