package hero.supervisor.api;

import hero.supervisor.domain.Grant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A connection that exists in memory only: in the safe corner and duplex unless told otherwise.
public final class FakePeer implements Peer {
    private final Set<String> ids = ConcurrentHashMap.newKeySet();
    private final List<Runnable> ends = new CopyOnWriteArrayList<>();
    private final Semaphore waits = new Semaphore(1000);
    final AtomicInteger parked = new AtomicInteger();
    final List<byte[]> notified = new CopyOnWriteArrayList<>();
    final List<Runnable> afterReply = new CopyOnWriteArrayList<>();
    boolean corner = true;
    boolean duplex = true;

    @Nullable
    Grant grant;

    FakePeer outside() {
        corner = false;
        return this;
    }

    FakePeer oneWay() {
        duplex = false;
        return this;
    }

    FakePeer with(Grant proved) {
        grant = proved;
        return this;
    }

    FakePeer waits(int max) {
        waits.drainPermits();
        waits.release(max);
        return this;
    }

    /// The connection ends.
    void end() {
        List<Runnable> all = new ArrayList<>(ends);
        ends.clear();
        all.forEach(Runnable::run);
    }

    int registrations() {
        return ends.size();
    }

    Set<String> idsInFlight() {
        return ids;
    }

    @Override
    public String id() {
        return "fake-1";
    }

    @Override
    public String remote() {
        return "127.0.0.1:1";
    }

    @Override
    public boolean inSafeCorner() {
        return corner;
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
        return duplex;
    }

    @Override
    public boolean notify(byte[] message) {
        return notified.add(message);
    }

    @Override
    public boolean notifyBulk(byte[] message) {
        return notify(message);
    }

    @Override
    public void afterReply(Runnable next) {
        afterReply.add(next);
    }

    @Override
    public void close(int code, String reason) {
        end();
    }

    @Override
    public Registration onEnd(Runnable end) {
        ends.add(end);
        return () -> ends.remove(end);
    }

    @Override
    public boolean park() {
        boolean allowed = waits.tryAcquire();
        if (allowed) {
            parked.incrementAndGet();
        }
        return allowed;
    }

    @Override
    public void unpark() {
        parked.decrementAndGet();
        waits.release();
    }

    @Override
    public boolean enter(String id) {
        return ids.add(id);
    }

    @Override
    public void leave(String id) {
        ids.remove(id);
    }
}
