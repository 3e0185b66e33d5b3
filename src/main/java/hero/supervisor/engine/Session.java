package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Hold;
import hero.supervisor.domain.Tracing;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One connected runner as this gateway knows it: its link, its credit, and what it holds. The database's row is
/// the truth about its lease; this is the truth about its socket. Passed to callers as a handle only.
public final class Session {
    private static final int MISSES_MAX = 2;

    final String id;
    final String runner;
    final String queue;
    final int slots;
    final ConcurrentHashMap<String, Held> held = new ConcurrentHashMap<>();
    /// Looks into the store that are under way, seldom any.
    private final List<Look> looks = new CopyOnWriteArrayList<>();
    /// Slots that a claim under way may fill.
    final AtomicInteger reserved = new AtomicInteger();
    /// How many of those held are reported.
    private final AtomicInteger reported = new AtomicInteger();

    /// The newest connection. Changes, like the first setting of `ended` by its loss, under this object's lock, so
    /// that a session which is being closed is not taken up, and one that was taken up is not closed.
    volatile @Nullable RunnerLink link;
    volatile boolean open = true;
    volatile boolean draining;
    volatile long beatNanos;
    /// Its row is gone or another gateway's: nothing is given to it any more.
    volatile boolean ended;
    /// When its link was lost.
    volatile long goneNanos;
    /// Until then each beat looks what the store says that it holds.
    volatile long doubtNanos;
    /// When that was last looked at.
    volatile long readNanos;
    /// Its slots are lent to another gateway, which gives jobs to it meanwhile; changed under the lock of its
    /// queue.
    volatile @Nullable Loan lent;

    /// Open pulls. Guarded by the queue, as the next one.
    int pulls;

    /// That it asks again soon after it was told that an outcome is written.
    final Hope back = new Hope();

    /// It is connected to another gateway, which has lent its slots to this one.
    final boolean elsewhere;

    Session(String id, String runner, String queue, int slots) {
        this(id, runner, queue, slots, false);
    }

    private Session(String id, String runner, String queue, int slots, boolean elsewhere) {
        this.elsewhere = elsewhere;
        this.id = id;
        this.runner = runner;
        this.queue = queue;
        this.slots = slots;
    }

    /// One that another gateway has lent.
    static Session elsewhere(String id, String runner, String queue) {
        return new Session(id, runner, queue, Integer.MAX_VALUE, true);
    }

    /// Jobs that it may be given now, if it asks for them.
    int credit() {
        return isServed() ? free() : 0;
    }

    /// Slots of these that its runner was told to be free.
    int idle() {
        return isServed() ? Math.max(0, slots - held.size() - reserved.get()) : 0;
    }

    private boolean isServed() {
        return !ended && open && !draining && lent == null && (link != null || elsewhere);
    }

    /// Slots that nothing is in or on its way to. A job that is reported is in none: it is being written as ended.
    /// At most as many of these as there are slots, however often their writing is refused.
    int free() {
        return Math.max(0, slots - held.size() - reserved.get() + Math.min(slots, reported.get()));
    }

    boolean mayBeLent() {
        return !elsewhere && credit() > 0;
    }

    /// The runner has said how this hand-over ended; that is not written yet.
    void report(Assignment.Key key) {
        Held known = held.get(key.jobId());
        if (known != null && known.key.equals(key) && known.report()) {
            reported.incrementAndGet();
        }
    }

    void put(Held taken) {
        Held before = held.put(taken.key.jobId(), taken);
        if (before != null) {
            left(before);
        }
    }

    /// False when it was not held.
    boolean remove(Held known) {
        boolean was = held.remove(known.key.jobId(), known);
        if (was) {
            left(known);
        }
        return was;
    }

    /// It is not among those held any more.
    void left(Held known) {
        if (known.leave()) {
            reported.decrementAndGet();
        }
    }

    /// A new connection takes it up; false when it is over.
    synchronized boolean take(RunnerLink newest) {
        if (!ended) {
            link = newest;
        }
        return !ended;
    }

    /// A look begins; [#seen] must follow.
    Look look() {
        Look look = new Look();
        looks.add(look);
        return look;
    }

    void seen(Look look) {
        looks.remove(look);
    }

    /// This hand-over is over. False when it was not known here.
    boolean drop(Assignment.Key key) {
        // First told, then removed: a look that puts it back meanwhile sees that it is over.
        looks.forEach(look -> look.over.add(key));
        Held known = held.get(key.jobId());
        return known != null && known.key.equals(key) && remove(known);
    }

    /// The runner says that it has these: no beat misses them so far. Returns those that it does not hold.
    List<Hold> heard(List<Hold> running) {
        List<Hold> others = new ArrayList<>();
        for (Hold named : running) {
            Held known = held.get(named.jobId());
            if (known != null && known.key.attempt() == named.attempt()) {
                known.misses = 0;
            } else {
                others.add(named);
            }
        }
        return others;
    }

    /// A beat that names these. Which hand-overs two beats in a row have not named: one is not enough, for the
    /// answer to a pull may be on its way.
    List<Held> unnamed(List<Hold> running) {
        Set<Hold> named = new HashSet<>(running);
        List<Held> unnamed = new ArrayList<>();
        for (Held known : held.values()) {
            known.misses = named.contains(new Hold(known.key.jobId(), known.key.attempt())) ? 0 : known.misses + 1;
            if (known.misses >= MISSES_MAX) {
                unnamed.add(known);
            }
        }
        return unnamed;
    }

    public String id() {
        return id;
    }

    public boolean draining() {
        return draining;
    }

    @Override
    public String toString() {
        return "Session[" + id + " of " + runner + "]";
    }

    /// One look at what the store says that the session holds, and what was over before its answer came: the rows
    /// that it has read may still name that.
    static final class Look {
        private final Set<Assignment.Key> over = ConcurrentHashMap.newKeySet();

        boolean isOver(Assignment.Key key) {
            return over.contains(key);
        }
    }

    /// A job in this session's hands.
    static final class Held {
        static final long UNKNOWN = Long.MIN_VALUE;

        final Assignment.Key key;
        final double timeoutS;
        final boolean atMostOnce;
        /// When the server ends it by itself, on the monotonic clock.
        final long deadlineNanos;
        /// When it was handed over here, on the monotonic clock; [#UNKNOWN] when that was at another gateway.
        volatile long sinceNanos = UNKNOWN;
        /// Beats in a row that did not name it.
        int misses;

        /// What is told of its trace when it ends; null when it has none.
        volatile Tracing.@Nullable Run run;

        volatile @Nullable String stopReason;
        volatile long stopNanos;
        volatile boolean killing;
        /// It is ended for its time, not because somebody wanted that.
        volatile boolean overTime;

        /// The runner has said how it ended.
        private boolean isReported;

        private boolean hasLeft;

        Held(Assignment.Key key, double timeoutS, boolean atMostOnce, long deadlineNanos) {
            this.key = key;
            this.timeoutS = timeoutS;
            this.atMostOnce = atMostOnce;
            this.deadlineNanos = deadlineNanos;
        }

        /// False when that was said before, or too late.
        private synchronized boolean report() {
            boolean first = !isReported && !hasLeft;
            isReported |= first;
            return first;
        }

        /// Once. Whether it was reported.
        private synchronized boolean leave() {
            boolean counted = isReported && !hasLeft;
            hasLeft = true;
            return counted;
        }

        void stop(String reason, long nanos) {
            if (stopReason == null) {
                stopNanos = nanos;
                stopReason = reason;
            }
        }
    }
}
