package hero.supervisor.transport;

import hero.supervisor.api.Peer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is to be done when a peer goes: each thing exactly once. Safe for any thread.
final class Ends {
    private static final Logger LOG = LoggerFactory.getLogger(Ends.class);

    private final Map<Object, Runnable> waiting = new HashMap<>(2);
    private boolean ended;

    /// Keeps `end` for [#run], or runs it now when that has been.
    Peer.Registration add(Runnable end) {
        Object key = new Object();
        synchronized (this) {
            if (!ended) {
                waiting.put(key, end);
                return () -> remove(key);
            }
        }
        runOne(end);
        return () -> {};
    }

    private synchronized void remove(Object key) {
        waiting.remove(key);
    }

    /// The peer is gone. Later calls do nothing.
    void run() {
        List<Runnable> all;
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            all = new ArrayList<>(waiting.values());
            waiting.clear();
        }
        all.forEach(Ends::runOne);
    }

    private static void runOne(Runnable end) {
        try {
            end.run();
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("clean-up after a peer failed");
        }
    }
}
