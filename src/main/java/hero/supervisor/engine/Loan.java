package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.Lending;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A session of this gateway that is lent to another one ([Lender]). Fields and methods are guarded by its queue.
@SuppressWarnings("ReferenceEquality") // A pull is itself and no other.
final class Loan {
    final String to;
    final String id;
    final Queue queue;
    final Session session;
    final Map<Long, Open> pulls = new LinkedHashMap<>();
    /// What is on its way to a pull: named, and not known to the session yet.
    final Set<Assignment.Key> coming = new HashSet<>();
    /// Written and read, while the slots for it are not free yet.
    final List<Read> ready = new ArrayList<>(0);
    /// The number of the newest pull.
    private long last;
    /// It has brought jobs.
    boolean used;
    /// [#wider] is about to be asked.
    boolean asked;
    boolean recalled;
    boolean returned;
    /// Pulls whose jobs are known, and not given yet.
    int reading;
    long untilNanos;

    Loan(String to, String id, Queue queue, Session session, long untilNanos) {
        this.to = to;
        this.id = id;
        this.queue = queue;
        this.session = session;
        this.untilNanos = untilNanos;
    }

    /// What answers a pull.
    ///
    /// @param untilNanos when it goes back to the queue
    record Read(Open open, List<Assignment> jobs, long untilNanos) {}

    /// An open pull of it.
    static final class Open {
        final Pull pull;
        /// How many jobs it was said to take.
        int places;
        /// The jobs for it that are said so far.
        final List<Assignment.Key> filled = new ArrayList<>(0);

        Open(Pull pull) {
            this.pull = pull;
        }
    }

    void park(Pull pull) {
        pulls.put(++last, new Open(pull));
    }

    /// The runner's pulls that are still to be answered.
    List<Pull> open() {
        return pulls.values().stream()
                .map(open -> open.pull)
                .filter(pull -> !pull.jobs.isDone())
                .toList();
    }

    /// What is to be said of a pull that is given up. Jobs that are said already are still to be given back.
    @Nullable
    Lending forget(Pull pull) {
        for (Map.Entry<Long, Open> each : pulls.entrySet()) {
            Open open = each.getValue();
            if (open.pull == pull && open.filled.isEmpty()) {
                pulls.remove(each.getKey());
                return open.places == 0 ? null : new Lending.Withdrawn(to, id, each.getKey());
            }
        }
        return null;
    }

    /// What is to be said of pulls that are new, or take more jobs than before, as slots are free.
    List<Lending> wider() {
        asked = false;
        int room = session.free() - coming.size();
        for (Open open : pulls.values()) {
            room -= open.places;
        }
        List<Lending> words = new ArrayList<>();
        for (Map.Entry<Long, Open> each : pulls.entrySet()) {
            Open open = each.getValue();
            int more = Math.min(open.pull.max - open.places, room);
            if (more > 0 && open.pull.patient && open.filled.isEmpty() && !recalled) {
                room -= more;
                open.places += more;
                words.add(
                        open.places == more
                                ? new Lending.Pulled(to, id, each.getKey(), more)
                                : new Lending.Widened(to, id, each.getKey(), open.places));
            }
        }
        return words;
    }

    boolean isOver() {
        return returned && reading == 0;
    }
}
