package hero.supervisor.store;

import hero.supervisor.domain.Time;
import hero.supervisor.store.Spot.Place;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The head of each queue and priority: nothing waits below it, and claims begin there.
///
/// A claim takes rows away from the front of its queue. As long as a transaction runs that is older, anywhere in
/// the database server, PostgreSQL keeps what was taken, and a claim that began at the front would step over all
/// of it.
///
/// What a claim has looked past is gone, as far as it could see: a row whose number was drawn but whose
/// transaction had not finished may come later. So a head rises no further than to the numbers that are *settled*:
/// every transaction that drew one of them has finished. Whoever draws a number has a transaction id before it. A
/// number that one claim read as the last one drawn is therefore settled once all transactions have finished that
/// are older than the next claim.
///
/// Jobs that come back with an old number ([#returned]) lower the head; whatever was missed is found by
/// [Overlooked]. All is forgotten when the database seems to be another one ([#seen]) and after a failure. See
/// `docs/decisions/008`. Safe for any thread.
final class QueueHeads {
    /// Priorities of one queue whose heads are kept; among further ones a claim looks at everything.
    private static final int PRIORITIES_MAX = 16;

    private static final long IDLE_NANOS = 600_000_000_000L;

    /// Beyond every priority.
    private static final int NONE = 1000;

    /// One stretch of a queue: a priority from its head on, or all that lie between two.
    record Part(int priority, long head, int below, int above) {
        static Part of(int priority, long head) {
            return new Part(priority, head, -NONE, NONE);
        }

        static Part between(int below, int above) {
            return new Part(NONE, 0, below, above);
        }
    }

    /// What a claim has to look through, best priority first.
    record Begin(String queue, List<Part> parts, Line line, long changes) {}

    /// @param oldest transaction that ran when the claim began: all below it had finished
    /// @param own id of the claim's transaction; 0 when it changed nothing
    /// @param drawn the last number that had been drawn at some time during the claim
    record Edges(long oldest, long own, long drawn) {}

    private record Mark(long transaction, long drawn) {}

    static final class Line {
        private final TreeMap<Integer, Long> heads = new TreeMap<>(Collections.reverseOrder());
        private long changes;
        private long usedNanos;
    }

    private final Time time;
    private final Map<String, Line> lines = new HashMap<>();
    private long oldest;
    private long drawn;
    private long settled;
    private @Nullable Mark mark;

    QueueHeads(Time time) {
        this.time = time;
    }

    synchronized Begin begin(String queue) {
        Line line = lines.computeIfAbsent(queue, _ -> new Line());
        line.usedNanos = time.nanoTime();
        List<Part> parts = new ArrayList<>(2 * line.heads.size() + 1);
        int below = NONE;
        for (Map.Entry<Integer, Long> head : line.heads.entrySet()) {
            if (below > head.getKey() + 1) {
                parts.add(Part.between(below, head.getKey()));
            }
            parts.add(Part.of(head.getKey(), head.getValue()));
            below = head.getKey();
        }
        parts.add(Part.between(below, -NONE));
        return new Begin(queue, parts, line, line.changes);
    }

    /// What a claim saw beside its rows. Numbers that go back are those of another server, which has been promoted
    /// and lacks the last transactions of the one before.
    synchronized void seen(Edges edges) {
        if (edges.oldest < oldest || edges.drawn < drawn) {
            forget();
        }
        if (mark != null && edges.oldest >= mark.transaction) {
            settled = Math.max(settled, mark.drawn);
            mark = null;
        }
        if (mark == null && edges.own > 0) {
            // Of an earlier claim: during this one numbers were drawn by transactions that are younger.
            mark = new Mark(edges.own, drawn);
        }
        oldest = edges.oldest;
        drawn = edges.drawn;
    }

    /// A claim has looked through its parts; to be told after what it has [#seen].
    ///
    /// @param taken the highest number that it took of each priority
    /// @param all to the end; else not beyond the last that it took
    synchronized void passed(Begin begin, NavigableMap<Integer, Long> taken, boolean all) {
        Line line = begin.line;
        if (line.changes != begin.changes || lines.get(begin.queue) != line) {
            return;
        }
        for (int priority : taken.keySet()) {
            if (line.heads.size() < PRIORITIES_MAX) {
                line.heads.putIfAbsent(priority, 0L);
            }
        }
        line.heads.replaceAll((priority, head) -> Math.max(head, reached(priority, taken, all)));
    }

    private long reached(int priority, NavigableMap<Integer, Long> taken, boolean all) {
        if (all || (!taken.isEmpty() && priority > taken.firstKey())) {
            return settled + 1;
        }
        Long last = !taken.isEmpty() && priority == taken.firstKey() ? taken.get(priority) : null;
        return last == null ? 0 : Math.min(settled, last) + 1;
    }

    /// Jobs are in their queues again, which is committed, at places that may have been passed. To be told before
    /// anybody is woken for them.
    synchronized void returned(Spot spot) {
        Place place = spot.place();
        Line line = lines.get(spot.queue());
        if (place == null && spot.queue().equals(Notifications.ALL)) {
            lines.clear();
        } else if (place == null) {
            lines.remove(spot.queue());
        } else if (line != null) {
            // A claim that is under way may have begun behind it.
            line.changes++;
            line.heads.computeIfPresent(place.priority(), (_, head) -> Math.min(head, place.seq()));
        }
    }

    /// Claims look at everything again.
    synchronized void forget() {
        lines.clear();
        oldest = 0;
        drawn = 0;
        settled = 0;
        mark = null;
    }

    /// All heads, as places that nothing should lie before. Queues in which nobody has looked for long are
    /// forgotten.
    synchronized List<Spot> all() {
        long now = time.nanoTime();
        lines.values().removeIf(line -> now - line.usedNanos > IDLE_NANOS);
        List<Spot> spots = new ArrayList<>();
        lines.forEach(
                (queue, line) -> line.heads.forEach((priority, head) -> spots.add(Spot.of(queue, priority, head))));
        return spots;
    }
}
