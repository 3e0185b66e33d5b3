package hero.supervisor.transport;

import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import java.io.UncheckedIOException;
import java.time.Duration;

/// One TCP connection from its first byte to its end, around Helidon's HTTP/1.1 connection. It holds the deadline
/// of what the peer owes us now (a head, a body) or has to take from us; who misses it is cut off. Helidon has no
/// such deadlines: half a head or body would stay for ever.
final class Line implements ServerConnection, InterruptableTask<Void> {
    /// The line that the current thread serves.
    static final ScopedValue<Line> CURRENT = ScopedValue.newInstance();

    private final Lines lines;
    private final ConnectionContext context;
    private final ServerConnection http;
    private final boolean overLimit;
    private volatile boolean busy;
    private volatile boolean owing;
    private volatile long deadlineNs;

    Line(Lines lines, ConnectionContext context, ServerConnection http, boolean overLimit) {
        this.lines = lines;
        this.context = context;
        this.http = http;
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
