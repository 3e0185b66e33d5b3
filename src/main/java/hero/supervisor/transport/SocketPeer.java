package hero.supervisor.transport;

import hero.supervisor.api.Peer;
import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.transport.websocket.Ready;
import hero.supervisor.transport.websocket.Session;
import hero.supervisor.wire.Reply;
import io.helidon.common.buffers.BufferData;
import io.helidon.websocket.WsCloseCodes;
import io.helidon.websocket.WsListener;
import io.helidon.websocket.WsSession;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// JSON-RPC on one WebSocket: the endpoint, and what all calls of the connection share. A message for which there
/// is no place among the calls at work waits on the connection's own thread, and nothing more is read meanwhile,
/// which is the backpressure. Answers go out as they are ready. Text and binary messages are treated alike,
/// answers are text.
final class SocketPeer implements WsListener, Ready {
    private static final Logger LOG = LoggerFactory.getLogger(SocketPeer.class);

    private final String id;
    private final Passage passage;
    private final Answers answers;
    private final Executor executor;
    private final Permits permits;
    private final Waits waits;
    private final Set<SocketPeer> open;
    private final Tally closed;
    private final Ends ends = new Ends();
    private final Set<String> inFlight = ConcurrentHashMap.newKeySet(2);
    private volatile @Nullable Grant grant;
    /// The secrets that its calls have shown; never changed, but replaced.
    private volatile Set<String> shown = Set.of();
    private volatile boolean known;
    /// Of the watchdog alone; 0 before its first look.
    private long lookedNs;
    private volatile @Nullable Session session;

    /// @param open those that are open; keeps itself in it
    /// @param closed counts ends by close code
    SocketPeer(
            String id,
            Passage passage,
            Answers answers,
            Executor executor,
            Limits limits,
            Waits nodeWaits,
            Set<SocketPeer> open,
            Tally closed) {
        this.id = id;
        this.passage = passage;
        this.answers = answers;
        this.executor = executor;
        this.permits = new Permits(limits.callsPerConnection());
        this.waits = new Waits(limits.waitsPerConnection(), nodeWaits);
        this.grant = passage.grant();
        this.known = passage.safeCorner() || passage.grant() != null;
        this.open = open;
        this.closed = closed;
    }

    @Override
    public void onOpen(WsSession opened) {
        session = (Session) opened;
        open.add(this);
        LOG.atDebug()
                .addKeyValue("peer", id)
                .addKeyValue("remote", passage.remote())
                .log("WebSocket opened");
    }

    @Override
    public void onMessage(WsSession from, String text, boolean last) {
        begin(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void onMessage(WsSession from, BufferData bytes, boolean last) {
        begin(bytes.readBytes());
    }

    @Override
    public void onClose(WsSession from, int status, String reason) {
        open.remove(this);
        closed.add(String.valueOf(status));
        permits.shut();
        ends.run();
        LOG.atDebug().addKeyValue("peer", id).addKeyValue("code", status).log("WebSocket closed");
    }

    /// It carries one of these secrets, or one of its calls has shown it.
    void closeIfGrantedBy(Set<String> secretIds) {
        Grant mine = grant;
        Session to = session;
        boolean carried = mine != null && secretIds.contains(mine.secretId());
        if (to != null && (carried || shown.stream().anyMatch(secretIds::contains))) {
            to.close(4401, "secret revoked");
        }
    }

    private synchronized void show(String secretId) {
        Set<String> more = new HashSet<>(shown);
        more.add(secretId);
        shown = more;
    }

    /// Closes it when it has shown no good secret within that time. Called often, by one thread.
    void closeUnknown(long nowNs, Duration within) {
        Session to = session;
        if (known || to == null) {
            return;
        } else if (lookedNs == 0) {
            lookedNs = nowNs == 0 ? 1 : nowNs;
        } else if (nowNs - lookedNs > within.toNanos()) {
            to.close(WsCloseCodes.VIOLATED_POLICY, "no good secret was shown within " + within.toSeconds() + " s");
        }
    }

    @Override
    public boolean offer(byte[] message) {
        boolean taken = permits.takeAtOnce();
        if (taken) {
            answer(message);
        }
        return taken;
    }

    private void begin(byte[] message) {
        if (permits.take()) {
            answer(message);
        }
    }

    private void answer(byte[] message) {
        Call call = new Call();
        try {
            answers.answer(message, call, (reply, mayBlock) -> answered(reply, mayBlock, call));
        } catch (RuntimeException e) {
            call.release();
            throw e;
        }
    }

    /// An answer for which there is no room waits on a thread of its own, and keeps its place meanwhile.
    private void answered(@Nullable Reply reply, boolean mayBlock, Call call) {
        Session to = Objects.requireNonNull(session);
        try {
            if (reply != null && !mayBlock && (reply.streams() || !to.offer(reply.bytes()))) {
                executor.execute(() -> answered(reply, true, call));
                return;
            }
            if (reply != null && mayBlock) {
                if (reply.streams()) {
                    to.stream(reply::writeTo);
                } else {
                    to.send(reply.bytes(), call::release);
                }
            }
        } catch (RejectedExecutionException e) {
            // A late commit, after the gateway and its sockets were closed.
            LOG.atDebug().addKeyValue("peer", id).log("nobody is there for an answer");
        } catch (RuntimeException | Error e) {
            LOG.atError().setCause(e).addKeyValue("peer", id).log("answering failed");
            to.close(WsCloseCodes.UNEXPECTED_CONDITION, "internal error");
        }
        call.release();
        call.replied();
    }

    private SocketPeer connection() {
        return this;
    }

    /// The connection as one message's calls see it; equal to every other view of the same connection. Its place
    /// among the calls at work is given back once: when the answer is queued, or earlier while calls of the
    /// message only wait.
    private final class Call implements Peer {
        private int parked;
        private boolean holding = true;
        private boolean released;
        private final List<Runnable> afterReply = new ArrayList<>(0);

        synchronized void release() {
            if (!released) {
                released = true;
                if (holding) {
                    permits.give();
                }
            }
        }

        @Override
        public synchronized void afterReply(Runnable next) {
            afterReply.add(next);
        }

        void replied() {
            List<Runnable> all;
            synchronized (this) {
                all = List.copyOf(afterReply);
            }
            all.forEach(Runnable::run);
        }

        @Override
        public boolean park() {
            if (!waits.enter()) {
                return false;
            }
            synchronized (this) {
                parked++;
                if (holding && !released) {
                    holding = false;
                    permits.give();
                }
            }
            return true;
        }

        @Override
        public void unpark() {
            waits.leave();
            synchronized (this) {
                parked--;
                if (parked == 0 && !holding && !released) {
                    holding = true;
                    permits.force();
                }
            }
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public String remote() {
            return passage.remote();
        }

        @Override
        public boolean inSafeCorner() {
            return passage.safeCorner();
        }

        @Override
        public @Nullable Grant grant() {
            return grant;
        }

        @Override
        public void proved(Grant proof) {
            known = true;
            if (!shown.contains(proof.secretId())) {
                show(proof.secretId());
            }
        }

        @Override
        public void login(Grant proved) {
            known = true;
            grant = proved;
        }

        @Override
        public boolean duplex() {
            return true;
        }

        @Override
        public boolean notify(byte[] message) {
            Session to = session;
            return to != null && to.offer(message);
        }

        @Override
        public boolean notifyBulk(byte[] message) {
            Session to = session;
            return to != null && to.offerBulk(message);
        }

        @Override
        public void close(int code, String reason) {
            Session to = session;
            if (to != null) {
                to.close(code, reason);
            }
        }

        @Override
        public Registration onEnd(Runnable end) {
            return ends.add(end);
        }

        @Override
        public boolean enter(String callId) {
            return inFlight.add(callId);
        }

        @Override
        public void leave(String callId) {
            inFlight.remove(callId);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Call call && call.connection() == connection();
        }

        private SocketPeer connection() {
            return SocketPeer.this.connection();
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(connection());
        }
    }
}
