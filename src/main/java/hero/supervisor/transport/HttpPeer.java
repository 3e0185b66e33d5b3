package hero.supervisor.transport;

import hero.supervisor.api.Peer;
import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Trace;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// One HTTP request as its calls see it: it ends with the answer, or when the client is found gone.
final class HttpPeer implements Peer {
    private final String id;
    private final Passage passage;
    private final Waits waits;
    private final Ends ends;
    private final Set<String> inFlight = ConcurrentHashMap.newKeySet(2);
    private final @Nullable Trace trace;
    private volatile @Nullable Grant grant;

    HttpPeer(String id, Passage passage, Waits waits, Ends ends, @Nullable Trace trace) {
        this.id = id;
        this.passage = passage;
        this.waits = waits;
        this.ends = ends;
        this.trace = trace;
        this.grant = passage.grant();
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
    public @Nullable Trace trace() {
        return trace;
    }

    @Override
    public @Nullable Grant grant() {
        return grant;
    }

    @Override
    public void login(Grant proved) {
        grant = proved;
    }

    @Override
    public boolean duplex() {
        return false;
    }

    @Override
    public boolean notify(byte[] message) {
        return false;
    }

    @Override
    public boolean notifyBulk(byte[] message) {
        return false;
    }

    /// Nothing: nothing can be sent then.
    @Override
    public void afterReply(Runnable next) {}

    /// Nothing: an HTTP request ends with its answer.
    @Override
    public void close(int code, String reason) {}

    @Override
    public Registration onEnd(Runnable end) {
        return ends.add(end);
    }

    @Override
    public boolean park() {
        return waits.enter();
    }

    @Override
    public void unpark() {
        waits.leave();
    }

    @Override
    public boolean enter(String callId) {
        return inFlight.add(callId);
    }

    @Override
    public void leave(String callId) {
        inFlight.remove(callId);
    }
}
