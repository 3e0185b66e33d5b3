package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/// Does one thing again and again at a fixed pace: never sooner, and what came late is not made up for.
final class Paced implements Stoppable {
    /// What is done each time; it returns when all of it is answered.
    interface Act {
        void act() throws IOException;
    }

    private final String name;
    private final Act act;
    private final long everyNs;
    private final long afterNs;
    private final Tally tally;
    private final Time time;
    private volatile boolean stopping;

    /// @param name of who acts, for messages
    /// @param afterNs before the first time, so that those of one pace do not act all at once
    /// @param tally told of whatever goes wrong; the act itself counts there what it did
    Paced(String name, Act act, long everyNs, long afterNs, Tally tally, Time time) {
        this.name = name;
        this.act = act;
        this.everyNs = everyNs;
        this.afterNs = afterNs;
        this.tally = tally;
        this.time = time;
    }

    @Override
    public void stop() {
        stopping = true;
    }

    @Override
    public void run() {
        long next = time.nanoTime() + afterNs;
        try {
            while (until(next)) {
                act.act();
                next = Math.max(next + everyNs, time.nanoTime());
            }
        } catch (IOException | RuntimeException e) {
            tally.failed(name + ": " + e);
        }
    }

    /// False when it is to end.
    private boolean until(long next) {
        for (long left = next - time.nanoTime(); left > 0 && !stopping; left = next - time.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        return !stopping && !tally.hasFailed();
    }
}
