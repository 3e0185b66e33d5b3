package hero.supervisor.api;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Trace;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The peer as the calls of one batch see it. The batch as a whole has one place among the connection's calls: the
/// first of its calls that waits gives it away, the last one to come back takes it again.
final class BatchPeer implements Peer {
    private final Peer peer;
    private final Semaphore places;
    private final ReentrantLock lock = new ReentrantLock();
    private int parked;

    BatchPeer(Peer peer, Semaphore places) {
        this.peer = peer;
        this.places = places;
    }

    @Override
    public boolean park() {
        lock.lock();
        try {
            if (parked == 0 && !peer.park()) {
                return false;
            }
            parked++;
        } finally {
            lock.unlock();
        }
        places.release();
        return true;
    }

    @Override
    public void unpark() {
        places.acquireUninterruptibly();
        lock.lock();
        try {
            parked--;
            if (parked == 0) {
                peer.unpark();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String id() {
        return peer.id();
    }

    @Override
    public @Nullable Trace trace() {
        return peer.trace();
    }

    @Override
    public String remote() {
        return peer.remote();
    }

    @Override
    public boolean inSafeCorner() {
        return peer.inSafeCorner();
    }

    @Override
    public @Nullable Grant grant() {
        return peer.grant();
    }

    @Override
    public void proved(Grant shown) {
        peer.proved(shown);
    }

    @Override
    public void login(Grant grant) {
        peer.login(grant);
    }

    @Override
    public boolean duplex() {
        return peer.duplex();
    }

    @Override
    public boolean notify(byte[] message) {
        return peer.notify(message);
    }

    @Override
    public boolean notifyBulk(byte[] message) {
        return peer.notifyBulk(message);
    }

    @Override
    public void afterReply(Runnable next) {
        peer.afterReply(next);
    }

    @Override
    public void close(int code, String reason) {
        peer.close(code, reason);
    }

    @Override
    public Registration onEnd(Runnable end) {
        return peer.onEnd(end);
    }

    @Override
    public boolean enter(String id) {
        return peer.enter(id);
    }

    @Override
    public void leave(String id) {
        peer.leave(id);
    }
}
