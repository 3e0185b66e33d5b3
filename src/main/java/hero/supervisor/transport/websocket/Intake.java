package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Time;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.websocket.WsCloseCodes;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What comes in on one connection. Short messages between two others are offered on the thread of a [Poller],
/// while the connection's own thread rests; everything else is that one's. Of the two, one is at work at any time.
final class Intake {
    /// A browser or client pings at most a few times a second, or with what it sends; what is beyond this, and
    /// beyond one for each frame of a message, only costs us.
    private static final int CONTROL_FRAMES_PER_SECOND_MAX = 50;
    private static final long SECOND_NS = 1_000_000_000L;

    private final Wire wire;
    private final Time time;
    private final Source source;
    private final Inbound inbound;
    private final Predicate<Event.Message> offer;
    private final Consumer<Event.Ping> pong;
    private long controlSecondNs;
    private int controlFrames;
    private long framesBefore;

    // What the poller's thread leaves to the connection's own.
    private @Nullable Violation broken;
    private Event.@Nullable Message left;

    /// @param ahead what came with the handshake
    /// @param offer takes a message, unless it would have to wait; on the poller's thread
    /// @param pong answers a ping without waiting; on the poller's thread
    Intake(
            Wire wire,
            byte[] ahead,
            int messageBytes,
            Time time,
            Predicate<Event.Message> offer,
            Consumer<Event.Ping> pong) {
        this.wire = wire;
        this.time = time;
        this.source = new Source(ahead, wire::read, time);
        this.inbound = new Inbound(source, messageBytes, time);
        this.offer = offer;
        this.pong = pong;
    }

    /// Waits for the next event that is for the connection's thread. [Violation] when the peer breaks a rule,
    /// [CloseConnectionException] when it is gone.
    Event next() {
        if (inbound.isBetweenMessages() && !wire.rest(this::heard)) {
            throw new CloseConnectionException("the connection has ended");
        }
        if (broken != null) {
            throw broken;
        }
        Event event = left;
        if (event == null) {
            event = inbound.next();
            countControl(event);
        }
        left = null;
        return event;
    }

    /// Drops everything up to and including the peer's close frame.
    void skipToClose() {
        inbound.skipToClose();
    }

    /// When the peer was last heard of. For any thread.
    long heardNs() {
        return source.heardNs();
    }

    /// True when a frame takes too long. For any thread.
    boolean isOverdue(long nowNs) {
        return inbound.isOverdue(nowNs);
    }

    /// On the poller's thread: what came while the connection's own rests. False when that one has to go on.
    private boolean heard(byte[] bytes) {
        source.push(bytes);
        boolean on = true;
        try {
            while (on && source.available() > 0) {
                on = inbound.holdsShort() && took(inbound.next());
            }
        } catch (Violation violation) {
            broken = violation;
            on = false;
        }
        return on;
    }

    private boolean took(Event event) {
        countControl(event);
        if (event instanceof Event.Ping ping) {
            pong.accept(ping);
        } else if (event instanceof Event.Message message && !offer.test(message)) {
            left = message;
        }
        return left == null;
    }

    private void countControl(Event event) {
        if (event instanceof Event.Message) {
            return;
        }
        long nowNs = time.nanoTime();
        if (nowNs - controlSecondNs > SECOND_NS) {
            controlSecondNs = nowNs;
            controlFrames = 0;
            framesBefore = inbound.frames();
        }
        if (++controlFrames > CONTROL_FRAMES_PER_SECOND_MAX + inbound.frames() - framesBefore) {
            throw new Violation(WsCloseCodes.VIOLATED_POLICY, "too many control frames");
        }
    }
}
