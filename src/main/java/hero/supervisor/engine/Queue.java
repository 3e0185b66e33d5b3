package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.JobStore.Slot;
import hero.supervisor.store.Lending;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// A queue as this gateway knows it: the pulls that ask for its jobs, and what is known of those that wait. Fields
/// and methods are guarded by the object itself.
final class Queue {
    static final int CLAIM_MAX = 1000;
    private static final int WRITERS = 2;
    /// A claim asks for few slots first, however many are free: most wakes are for one job.
    private static final int ASK_FIRST = 64;
    /// A claim for so many slots costs hardly less for each job when more are added.
    private static final int ENOUGH = 64;
    /// A claim, its answers and what PostgreSQL's driver makes of them are in memory at the same time.
    private static final long CLAIM_BYTES = 8 << 20;
    /// Beyond the jobs that are known to wait, so that others' jobs are found too.
    private static final int ASK_MORE = 4;

    final String name;
    final LinkedHashSet<Pull> pulls = new LinkedHashSet<>();
    final Arrivals arrivals = new Arrivals();
    /// A claim is at the store and has not chosen its slots yet.
    private boolean waiting;
    /// It has.
    private boolean claiming;
    private boolean again;
    /// No jobs wait but those that are known here.
    boolean known;
    /// Somebody else may have brought jobs since the last claim began.
    private boolean woken;
    /// More jobs than can be known have come since then.
    private boolean flooded;
    /// A claim took all there was, and none since has found more than was known to wait: there are more free slots
    /// here than jobs that wait.
    boolean light;
    /// How many slots the next claim asks for beyond the jobs that are known.
    private int more = ASK_FIRST;
    /// How many jobs like those of the last claim have [#CLAIM_BYTES].
    private int most = CLAIM_MAX;

    final Demand demand = new Demand();
    /// Sessions whose slots are lent to another gateway.
    int lent;

    /// Pulls that one look answers.
    int impatient;

    /// Whose pull came or was answered last: it asks again for the slots that it has left.
    @Nullable
    Session asking;

    /// That it asks for them soon.
    final Hope hope = new Hope();

    /// Sessions that have free slots again and no open pull: they are about to ask.
    private final LinkedHashSet<Session> returning = new LinkedHashSet<>();

    /// The pulls that a batch may fill, the next one first. Of the two latest batches: new jobs and starts have a
    /// writer each.
    private final LinkedHashMap<Object, ArrayDeque<Share>> shares = new LinkedHashMap<>();

    Queue(String name) {
        this.name = name;
    }

    /// Null for a batch that is new here.
    @Nullable
    ArrayDeque<Share> shares(Object batch) {
        return shares.get(batch);
    }

    ArrayDeque<Share> begin(Object batch) {
        if (shares.size() == WRITERS) {
            shares.remove(shares.keySet().iterator().next());
        }
        ArrayDeque<Share> begun = new ArrayDeque<>();
        shares.put(batch, begun);
        return begun;
    }

    /// Others may have brought jobs.
    void wake() {
        known = false;
        // A claim that ends right now must not take it for empty again.
        woken = true;
        again = true;
    }

    /// See [Arrivals#written].
    void written(Object batch, String job, boolean waits) {
        if (!arrivals.written(batch, job, waits)) {
            wake();
            flooded = true;
            light = false;
        }
    }

    /// A pull has come. The loan that fills it, if its session is lent.
    synchronized @Nullable Loan park(Pull pull) {
        Loan loan = pull.session.lent;
        if (loan == null) {
            pulls.add(pull);
        } else {
            loan.park(pull);
        }
        asking = pull.session;
        impatient += pull.patient ? 0 : 1;
        asks(pull.session);
        return loan;
    }

    /// It is answered, or given up. What is to be said to the gateway that was to fill it, if anything.
    synchronized @Nullable Lending forget(Pull pull) {
        pulls.remove(pull);
        impatient -= pull.patient ? 0 : 1;
        pull.session.pulls--;
        Loan loan = pull.session.lent;
        return loan == null ? null : loan.forget(pull);
    }

    private void asks(Session session) {
        session.pulls++;
        if (returning.remove(session)) {
            session.back.fulfilled();
        } else if (!session.back.isLeft()) {
            session.back.disappointed();
        }
    }

    /// An outcome of the session is written, and its runner is told.
    synchronized void freed(Session session) {
        if (session.pulls == 0 && session.idle() > 0 && session.back.isLeft()) {
            returning.add(session);
        }
    }

    /// What nobody needs any more is let go: batches that are written, which hold their jobs, and sessions that
    /// are over, which hold their connections. A queue may not be used again.
    synchronized void tidy() {
        shares.values().removeIf(batch -> batch.stream().allMatch(share -> share.open == 0));
        if (asking != null && Dispatch.isOver(asking)) {
            asking = null;
        }
        forgetThoseOver();
    }

    /// Of sessions that are over, nobody asks again.
    void forgetThoseOver() {
        returning.removeIf(Dispatch::isOver);
    }

    /// A claim need not wait for further pulls: nobody is about to ask, or those who have asked take all that is
    /// known to wait or enough for one statement, or one wants its answer now.
    boolean hasAsked() {
        if (returning.isEmpty() || impatient > 0) {
            return true;
        }
        int enough = known || light ? Math.min(ENOUGH, arrivals.waiting()) : ENOUGH;
        int room = 0;
        Iterator<Pull> parked = pulls.iterator();
        while (room < enough && parked.hasNext()) {
            room += parked.next().room();
        }
        return room >= enough;
    }

    /// The pulls that are answered when nothing is found.
    synchronized List<Pull> looking() {
        if (impatient == 0) {
            return List.of();
        }
        return pulls.stream().filter(pull -> !pull.patient && pull.writes == 0).toList();
    }

    /// The runner that asked last is lent by another gateway.
    synchronized boolean isBorrowing() {
        return asking != null && asking.elsewhere && asking.open;
    }

    /// Whether a claim may find something.
    boolean mayHold() {
        return !known || arrivals.waiting() > 0;
    }

    /// Whether a claim is to be made now; it is, then.
    boolean claim() {
        again |= claiming;
        boolean begins = !isClaiming() && mayHold() && pulls.stream().anyMatch(pull -> pull.room() > 0);
        waiting |= begins;
        return begins;
    }

    /// One is at the store.
    boolean isClaiming() {
        return waiting || claiming;
    }

    /// Nobody's turn is taken by a new job that goes past the queue: more slots are free than jobs before it.
    boolean isOpen() {
        return light && (known || claiming);
    }

    /// How many slots a claim asks for.
    int ask() {
        return Math.min(most, arrivals.waiting() + more);
    }

    /// One slot for each pull in turn, while there is credit. Looks at no more pulls than it takes slots:
    /// thousands may be parked.
    private void fill(Map<Slot, Pull> owners, LongSupplier leases) {
        int ask = ask();
        ArrayDeque<Pull> turns = new ArrayDeque<>();
        for (Pull pull : pulls) {
            if (turns.size() >= ask) {
                break;
            }
            if (pull.takes() && pull.session.credit() > 0) {
                turns.add(pull);
            }
        }
        Set<Pull> asked = HashSet.newHashSet(turns.size());
        while (!turns.isEmpty() && owners.size() < ask) {
            Pull pull = turns.remove();
            if (pull.takes() && pull.session.credit() > 0) {
                pull.writes += asked.add(pull) ? 1 : 0;
                pull.promised++;
                pull.session.reserved.incrementAndGet();
                owners.put(new Slot(pull.session.id, leases.getAsLong()), pull);
                turns.add(pull);
            }
        }
    }

    /// Chooses the slots of the claim that has been made; none when its pulls went to new jobs meanwhile.
    void choose(Map<Slot, Pull> owners, LongSupplier leases) {
        waiting = false;
        if (!hasAsked()) {
            returning.forEach(session -> session.back.disappointed());
            returning.clear();
        }
        fill(owners, leases);
        claimBegins(owners.size());
    }

    /// The claim that has been made was refused.
    void claimRefused() {
        waiting = false;
        light = false;
        known = false;
    }

    void claimBegins(int slots) {
        claiming = true;
        again = false;
        woken = false;
        flooded = false;
        arrivals.seek(slots);
    }

    /// @param jobs what the claim has found, fewer than it `asked` for when there were no more; nothing is known
    /// when it has failed
    /// @return whether there may be more
    boolean claimEnds(List<Assignment> jobs, int asked, boolean failed) {
        boolean all = !failed && jobs.size() < asked;
        if (!jobs.isEmpty()) {
            long bytes = jobs.stream().mapToLong(job -> job.job().weight()).sum();
            most = (int) Math.clamp(CLAIM_BYTES * jobs.size() / Math.max(1, bytes), 1L, CLAIM_MAX);
        }
        int others = arrivals.found(jobs, all);
        claiming = false;
        if (all) {
            light = !flooded;
            known = !woken;
            more = Math.max(ASK_MORE, 2 * others);
        } else if (failed || others > 0) {
            light = false;
            known = false;
            more = Math.clamp(4L * asked, ASK_MORE, CLAIM_MAX);
        }
        return !failed && (again || !all);
    }
}
