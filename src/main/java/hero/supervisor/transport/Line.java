package hero.supervisor.transport;

import hero.supervisor.domain.Grant;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import java.io.UncheckedIOException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One TCP connection from its first byte to its end, around Helidon's HTTP/1.1 connection. It holds the deadline
/// of what the peer owes us now (a head, a body) or has to take from us; who misses it is cut off. Helidon has no
/// such deadlines: half a head or body would stay for ever.
final class Line implements ServerConnection, InterruptableTask<Void> {
    /// The line that the current thread serves.
    static final ScopedValue<Line> CURRENT = ScopedValue.newInstance();

    private final Lines lines;
    private final ConnectionContext context;
    private final ServerConnection http;
    private final SocketChannel channel;
    private final boolean overLimit;
    private volatile boolean busy;
    private volatile boolean owing;
    private volatile long deadlineNs;
    private volatile @Nullable Thread waiting;
    private volatile long silentUntilNs;

    // The last secret that came, and what it was found to be: of the thread that serves the line.
    private byte[] secret = {};
    private @Nullable Supplier<Grant> proof;

    Line(Lines lines, ConnectionContext context, ServerConnection http, SocketChannel channel, boolean overLimit) {
        this.lines = lines;
        this.context = context;
        this.http = http;
        this.channel = channel;
        this.overLimit = overLimit;
    }

    @Override
    public void handle(Limit limit) throws InterruptedException {
        lines.add(this);
        try {
            ScopedValue.where(CURRENT, this).<Void, InterruptedException>call(() -> {
                http.handle(limit);
                return null;
            });
        } finally {
            lines.remove(this);
        }
    }

    /// What is under Helidon's socket, for who takes the connection over.
    SocketChannel channel() {
        return channel;
    }

    /// True when there were as many connections as there may be already: this one gets 503.
    boolean overLimit() {
        return overLimit;
    }

    /// From now on the peer has that long.
    void owes(Duration within) {
        deadlineNs = lines.nowNs() + within.toNanos();
        owing = true;
    }

    void owesNothing() {
        owing = false;
    }

    /// A request is being served: the line is not idle however long that takes.
    void busy(boolean now) {
        busy = now;
    }

    boolean isBusy() {
        return busy;
    }

    /// No further request on this line.
    void last() {
        http.close(false);
    }

    void beat(long nowNs) {
        if (owing && nowNs - deadlineNs > 0) {
            owing = false;
            cut();
        }
        Thread thread = waiting;
        if (thread != null && nowNs - silentUntilNs >= 0) {
            LockSupport.unpark(thread);
        }
    }

    /// Waits on the thread that serves the line; false when the call is not done after that time and a beat. A
    /// timer for each call took a tenth of a request.
    boolean await(CompletableFuture<?> call, Duration within) throws InterruptedException {
        Thread thread = Thread.currentThread();
        silentUntilNs = lines.nowNs() + within.toNanos();
        waiting = thread;
        try {
            while (!call.isDone() && lines.nowNs() - silentUntilNs < 0) {
                LockSupport.park(call);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
            return call.isDone();
        } finally {
            waiting = null;
        }
    }

    /// Reads a secret once, however many requests of this line bring it: that took a twentieth of a request.
    /// Compared in constant time, as a proxy may send requests of several clients.
    Supplier<Grant> read(String text, Function<String, Supplier<Grant>> secrets) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Supplier<Grant> known = proof;
        if (known == null || !MessageDigest.isEqual(secret, bytes)) {
            known = secrets.apply(text);
            proof = known;
            secret = bytes;
        }
        return known;
    }

    private void cut() {
        try {
            context.serverSocket().close();
        } catch (UncheckedIOException e) {
            // The peer was faster.
        }
    }

    @Override
    public Duration idleTime() {
        return busy ? Duration.ZERO : http.idleTime();
    }

    @Override
    public void close(boolean interrupt) {
        http.close(interrupt);
    }

    @Override
    public boolean canInterrupt() {
        return http instanceof InterruptableTask<?> task && task.canInterrupt();
    }
}
