package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.SocketContext;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.websocket.WsCloseCodes;
import io.helidon.websocket.WsListener;
import io.helidon.websocket.WsSession;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One WebSocket connection after the handshake. Short messages are delivered on the thread of a [Poller], while
/// Helidon's thread rests; whatever may take its time is for that one, and nothing is read meanwhile. An [Outbox]
/// writes. A connection ends once, whatever ends it, and then the listener's `onClose` runs, exactly once: 1006
/// when there was no closing handshake.
final class Connection implements ServerConnection, Session {
    /// RFC 6455 §11.7, code 1013: what a reader that is too slow is told.
    private static final int TRY_AGAIN_LATER = 1013;
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final byte[] NOTHING = new byte[0];

    private final ConnectionContext context;
    private final @Nullable String subProtocol;
    private final WsListener listener;
    private final Sockets sockets;
    private final Time time;
    private final Wire wire;
    private final Intake intake;
    private final Outbox outbox;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean delivering;
    private volatile long deliveredNs;
    private volatile long pingSentNs;
    private volatile boolean pinged;
    private volatile long closeDeadlineNs;
    private volatile boolean closing;
    private volatile Event.@Nullable Close closedByPeer;

    Connection(ConnectionContext context, @Nullable String subProtocol, WsListener listener, Sockets sockets) {
        this.context = context;
        this.subProtocol = subProtocol;
        this.listener = listener;
        this.sockets = sockets;
        this.time = sockets.time();
        Limits limits = sockets.limits();
        this.wire = sockets.wire();
        DataReader ahead = context.dataReader();
        byte[] first = ahead.available() == 0 ? NOTHING : ahead.readBytes(ahead.available());
        this.intake = new Intake(wire, first, limits.messageBytes(), time, this::offered, this::answer);
        this.outbox =
                new Outbox(wire, limits.sendQueueBytes(), sockets.executor(), time, this::terminate, this::closes);
        this.deliveredNs = time.nanoTime();
    }

    @Override
    public void handle(Limit limit) {
        int code = WsCloseCodes.CLOSED_ABNORMALLY;
        String reason = "";
        sockets.add(this);
        try {
            deliver(() -> {
                listener.onOpen(this);
                return true;
            });
            Event.Close close = read();
            code = close.code();
            reason = close.reason();
        } catch (CloseConnectionException e) {
            LOG.atDebug().addKeyValue("socket", context.childSocketId()).log("connection lost");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (begin(code)) {
                cleanUp(code, reason);
            }
        }
    }

    /// Reads until both sides have closed, or throws when the peer is gone.
    private Event.Close read() throws InterruptedException {
        while (true) {
            Event event;
            try {
                event = intake.next();
            } catch (Violation violation) {
                return refuse(violation);
            }
            switch (event) {
                case Event.Message message -> {
                    if (!closing) {
                        deliver(() -> say(message));
                    }
                }
                case Event.Ping ping -> answer(ping);
                case Event.Pong pong -> {}
                case Event.Close close -> {
                    closedByPeer = close;
                    close(close.code(), close.reason());
                    outbox.awaitClose();
                    return close;
                }
            }
        }
    }

    /// On the poller's thread, where nothing may wait, as [#answer].
    private boolean offered(Event.Message message) {
        return closing || (listener instanceof Ready ready && deliver(() -> ready.offer(message.bytes())));
    }

    private void answer(Event.Ping ping) {
        outbox.control(Frames.PONG, ping.bytes());
    }

    private boolean say(Event.Message message) {
        if (message.text()) {
            listener.onMessage(this, new String(message.bytes(), StandardCharsets.UTF_8), true);
        } else {
            listener.onMessage(this, BufferData.create(message.bytes()), true);
        }
        return true;
    }

    /// Runs the listener's code; false when it fails. What it throws is ours to log and never the peer's to read.
    private boolean deliver(BooleanSupplier call) {
        delivering = true;
        try {
            return call.getAsBoolean();
        } catch (RuntimeException e) {
            LOG.atError()
                    .setCause(e)
                    .addKeyValue("socket", context.childSocketId())
                    .log("listener failed");
            close(WsCloseCodes.UNEXPECTED_CONDITION, "internal error");
            return false;
        } finally {
            deliveredNs = time.nanoTime();
            delivering = false;
        }
    }

    private Event.Close refuse(Violation violation) throws InterruptedException {
        LOG.atDebug()
                .addKeyValue("socket", context.childSocketId())
                .addKeyValue("reason", violation.reason())
                .log("peer broke the protocol");
        close(violation.code(), violation.reason());
        outbox.awaitClose();
        try {
            intake.skipToClose();
        } catch (Violation | CloseConnectionException e) {
            LOG.atTrace().log("peer did not answer the close frame");
        }
        return new Event.Close(violation.code(), violation.reason());
    }

    /// Bytes that wait to be written; a glance without a lock, good for a figure only.
    long queuedBytes() {
        return outbox.queuedBytes;
    }

    boolean isClosing() {
        return closing;
    }

    /// One look of the watchdog.
    void beat(long nowNs) {
        Limits limits = sockets.limits();
        if (outbox.isStuck(nowNs, limits.writeDeadline().toNanos())) {
            sockets.slow();
            end("peer takes nothing");
        } else if (closing) {
            if (nowNs - closeDeadlineNs > 0) {
                end("peer did not close");
            }
        } else if (intake.isOverdue(nowNs)) {
            close(WsCloseCodes.VIOLATED_POLICY, "frame took too long");
        } else if (!delivering) {
            watchSilence(nowNs, limits);
        }
    }

    private void watchSilence(long nowNs, Limits limits) {
        long heardNs = Math.max(intake.heardNs(), deliveredNs);
        if (pinged && heardNs - pingSentNs > 0) {
            pinged = false;
        }
        if (pinged) {
            if (nowNs - pingSentNs > limits.pongWithin().toNanos()) {
                end("peer is silent");
            }
        } else if (nowNs - heardNs > limits.pingEvery().toNanos()) {
            pingSentNs = nowNs;
            pinged = true;
            outbox.control(Frames.PING, NOTHING);
        }
    }

    private void end(String why) {
        LOG.atInfo()
                .addKeyValue("socket", context.childSocketId())
                .addKeyValue("reason", why)
                .log("connection ended");
        terminate();
    }

    /// True for the one caller that ends the connection.
    private boolean begin(int code) {
        if (!ended.compareAndSet(false, true)) {
            return false;
        }
        LOG.atDebug()
                .addKeyValue("socket", context.childSocketId())
                .addKeyValue("code", code)
                .log("connection closed");
        outbox.die();
        wire.close();
        sockets.remove(this);
        return true;
    }

    private void cleanUp(int code, String reason) {
        try {
            listener.onClose(this, code, reason);
        } catch (RuntimeException e) {
            LOG.atError()
                    .setCause(e)
                    .addKeyValue("socket", context.childSocketId())
                    .log("clean-up failed");
        }
    }

    @Override
    public Duration idleTime() {
        return Duration.ZERO;
    }

    /// Called by Helidon when the server stops.
    @Override
    public void close(boolean interrupt) {
        if (interrupt) {
            terminate();
        } else {
            close(WsCloseCodes.SERVICE_RESTART, "server stops");
        }
    }

    @Override
    public WsSession close(int code, String reason) {
        if (!closing) {
            // Counted from the first call on: repeating it must not put the end off.
            setCloseDeadline();
            if (code == TRY_AGAIN_LATER) {
                sockets.slow();
            }
        }
        if (outbox.close(code, reason)) {
            closing = true;
        }
        return this;
    }

    /// The outbox has queued a close frame by itself.
    private void closes() {
        setCloseDeadline();
        closing = true;
    }

    private void setCloseDeadline() {
        closeDeadlineNs = time.nanoTime() + sockets.closeWithin().toNanos();
    }

    @Override
    public WsSession terminate() {
        // A peer that is gone before it got our answer to its close frame has closed all the same (RFC 6455 §7.1.5).
        Event.Close heard = closedByPeer;
        int code = heard == null ? WsCloseCodes.CLOSED_ABNORMALLY : heard.code();
        String reason = heard == null ? "" : heard.reason();
        if (begin(code)) {
            sockets.executor().execute(() -> cleanUp(code, reason));
        }
        return this;
    }

    @Override
    public void send(byte[] utf8, Runnable queued) {
        boolean accepted = outbox.put(Frames.TEXT, utf8);
        queued.run();
        if (accepted) {
            outbox.flush();
        }
    }

    @Override
    public boolean offer(byte[] utf8) {
        return outbox.offer(Frames.TEXT, utf8, 1);
    }

    @Override
    public boolean offerBulk(byte[] utf8) {
        return outbox.offer(Frames.TEXT, utf8, 2);
    }

    @Override
    public void stream(Content content) {
        outbox.stream(content);
    }

    @Override
    public long heardNs() {
        return intake.heardNs();
    }

    @Override
    public WsSession send(String text, boolean last) {
        requireWhole(last);
        send(text.getBytes(StandardCharsets.UTF_8), () -> {});
        return this;
    }

    @Override
    public WsSession send(BufferData data, boolean last) {
        requireWhole(last);
        if (outbox.put(Frames.BINARY, data.readBytes())) {
            outbox.flush();
        }
        return this;
    }

    private static void requireWhole(boolean last) {
        if (!last) {
            throw new IllegalArgumentException("messages are sent whole; stream() makes a long one while it is sent");
        }
    }

    @Override
    public WsSession ping(BufferData data) {
        outbox.control(Frames.PING, data.readBytes());
        return this;
    }

    @Override
    public WsSession pong(BufferData data) {
        outbox.control(Frames.PONG, data.readBytes());
        return this;
    }

    @Override
    public Optional<String> subProtocol() {
        return Optional.ofNullable(subProtocol);
    }

    @Override
    public SocketContext socketContext() {
        return context;
    }
}
