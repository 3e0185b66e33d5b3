package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.Time;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Slot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings waiting jobs and asking runners together, queue by queue.
///
/// A queue on this gateway is in one of these states, changed only under its lock:
/// - *quiet*: no pull is parked, or it is known to be empty; nothing happens until a wake or a pull;
/// - *claiming*: one claim is at the store; whatever wakes the queue meanwhile is remembered and leads to another
/// claim.
///
/// One claim per queue at a time serves all parked pulls, one job each in turn, so that work spreads over the
/// runners. Wakes only speed things up: all queues that are [#asked] for work are woken now and then. Safe for
/// any thread.
public final class Dispatch {
    private static final Logger log = LoggerFactory.getLogger(Dispatch.class);

    private final JobStore store;
    private final LongSupplier leases;
    private final Executor executor;
    private final Handing.Handover handover;
    private final ConcurrentHashMap<String, Queue> queues = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, String> homes = new ConcurrentHashMap<>();
    private final Handing handing;
    private final Timers timers;
    private volatile boolean stopped;

    Dispatch(JobStore store, Time time, LongSupplier leases, Executor executor, Handing.Handover handover) {
        this.store = store;
        this.leases = leases;
        this.executor = executor;
        this.handover = handover;
        this.handing = new Handing(store, executor, handover, this::wake);
        this.timers = new Timers(store, this::wake, time);
    }

    /// A new job, which may go straight to a parked pull of this gateway when nothing waits before it.
    Direct direct(Job job) {
        return new Direct(this, job, leases);
    }

    /// Takes a place for a job that is about to be written together with others; null when it has to wait in its
    /// queue. Either way [#written] must follow. Nobody's turn is taken: there are more slots than jobs before it.
    @Nullable
    Share place(Queue queue, Object batch, String job) {
        synchronized (queue) {
            boolean open = !stopped && queue.light && (queue.known || queue.claiming);
            Share share = open ? Share.next(queue, batch, queue.arrivals.before()) : null;
            if (share == null) {
                queue.arrivals.coming(batch, job);
            }
            return share;
        }
    }

    /// A job without a place is written again, with another batch.
    void again(Queue queue, Object batch, String job, Object half) {
        synchronized (queue) {
            queue.arrivals.again(batch, job, half);
        }
    }

    /// The queue that the jobs of a runner go to, when that is known here.
    @Nullable
    Queue home(String runner) {
        String name = homes.get(runner);
        return name == null ? null : queues.get(name);
    }

    /// A job without a place is written and waits, or is not going to be.
    void written(Queue queue, Object batch, String job, boolean waits) {
        synchronized (queue) {
            queue.written(batch, job, waits);
        }
        if (waits) {
            claim(queue);
        }
    }

    /// A job with a place is written, and handed over; or it is not (null).
    void written(Share share, @Nullable Assignment job) {
        synchronized (share.queue) {
            if (job != null) {
                share.jobs.add(job);
            }
            if (--share.open > 0) {
                return;
            }
        }
        List<Assignment> homeless = new ArrayList<>();
        bring(share.queue, share.pull, share.given, share.jobs, homeless);
        handing.giveBack(homeless);
        // Who looked for a free slot until now may have found these taken twice, reserved and held.
        claim(share.queue);
    }

    /// A write that may have brought the pull jobs is known. The last one answers it with what all have brought:
    /// after the answer of the first there would be nobody to take the jobs of the second.
    private void bring(Queue queue, Pull pull, int promised, List<Assignment> jobs, List<Assignment> homeless) {
        List<Assignment> all = List.of();
        synchronized (queue) {
            pull.brought.addAll(jobs);
            pull.promised -= promised;
            pull.writes--;
            if (pull.writes == 0) {
                all = List.copyOf(pull.brought);
                queue.asking = pull.session;
            }
        }
        if (isOver(pull)) {
            homeless.addAll(all);
        } else if (!all.isEmpty()) {
            handing.hand(pull, all, homeless);
        }
        pull.session.reserved.addAndGet(jobs.size() - promised - all.size());
        boolean over;
        synchronized (queue) {
            over = pull.writes == 0 && isOver(pull);
            // It got nothing, and nobody else may know of this pull.
            if (pull.writes == 0 && !pull.jobs.isDone()) {
                queue.pulls.add(pull);
            }
        }
        if (over) {
            pull.jobs.complete(List.of());
        }
    }

    private static boolean isOver(Pull pull) {
        return pull.session.draining || pull.session.ended;
    }

    /// Parks a pull until there is work for it, or, when it is not patient, until the queue has been looked into.
    Pull pull(Session session, int max, boolean patient) {
        Pull pull = new Pull(session, max, patient);
        Queue queue = queues.computeIfAbsent(session.queue, Queue::new);
        if (!session.queue.equals(homes.get(session.runner))) {
            homes.put(session.runner, session.queue);
        }
        synchronized (queue) {
            queue.pulls.add(pull);
            queue.asking = session;
            queue.impatient += patient ? 0 : 1;
        }
        pull.jobs.whenComplete((_, _) -> {
            synchronized (queue) {
                queue.pulls.remove(pull);
                queue.impatient -= patient ? 0 : 1;
            }
        });
        store.asked();
        claim(queue);
        return pull;
    }

    /// There may be work in the queue.
    public void wake(String name) {
        Queue queue = queues.get(name);
        if (queue != null) {
            synchronized (queue) {
                queue.wake();
            }
            claim(queue);
        }
    }

    /// There may be work in the queue, now or at some time.
    void wakeInTime(String name) {
        wake(name);
        timers.changed();
    }

    Timers timers() {
        return timers;
    }

    /// A session of the queue can take more than before.
    void credit(String name) {
        Queue queue = queues.get(name);
        if (queue != null) {
            claim(queue);
        }
    }

    /// The queues for which a pull is parked.
    List<String> asked() {
        List<String> asked = new ArrayList<>();
        for (Queue queue : queues.values()) {
            synchronized (queue) {
                if (!queue.pulls.isEmpty()) {
                    asked.add(queue.name);
                }
            }
        }
        return asked;
    }

    /// There may be work in any queue.
    void wakeAll() {
        queues.keySet().forEach(this::wake);
    }

    /// No further claims: parked pulls stay parked until their sockets go.
    void stop() {
        stopped = true;
    }

    private void claim(Queue queue) {
        if (stopped) {
            return;
        }
        Map<Slot, Pull> owners = new LinkedHashMap<>();
        synchronized (queue) {
            if (queue.claiming) {
                queue.again = true;
                return;
            }
            if (queue.mayHold() && !queue.pulls.isEmpty()) {
                fill(queue, owners);
            }
            if (!owners.isEmpty()) {
                queue.claimBegins(owners.size());
            }
        }
        if (owners.isEmpty()) {
            answerImpatient(queue);
            return;
        }
        store.claim(queue.name, List.copyOf(owners.keySet()))
                .whenComplete((jobs, error) -> claimed(queue, owners, jobs, error));
    }

    private static void answerImpatient(Queue queue) {
        List<Pull> impatient;
        synchronized (queue) {
            if (queue.impatient == 0) {
                return;
            }
            impatient = queue.pulls.stream()
                    .filter(pull -> !pull.patient && pull.writes == 0)
                    .toList();
        }
        impatient.forEach(pull -> pull.jobs.complete(List.of()));
    }

    /// Answers the parked pulls of sessions that get no more jobs, with nothing.
    void dismiss(String name) {
        Queue queue = queues.get(name);
        if (queue != null) {
            List<Pull> dismissed;
            synchronized (queue) {
                dismissed = queue.pulls.stream()
                        .filter(pull -> pull.writes == 0 && isOver(pull))
                        .toList();
            }
            dismissed.forEach(pull -> pull.jobs.complete(List.of()));
        }
    }

    /// One slot for each pull in turn, while there is credit. Looks at no more pulls than it takes slots:
    /// thousands may be parked.
    private void fill(Queue queue, Map<Slot, Pull> owners) {
        int ask = queue.ask();
        ArrayDeque<Pull> turns = new ArrayDeque<>();
        for (Pull pull : queue.pulls) {
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

    private void claimed(
            Queue queue, Map<Slot, Pull> owners, @Nullable List<Assignment> jobs, @Nullable Throwable error) {
        List<Assignment> handed = jobs == null ? List.of() : jobs;
        if (error != null) {
            log.atWarn()
                    .addKeyValue("queue", queue.name)
                    .addKeyValue("error", error.toString())
                    .log("a claim failed");
            handover.doubt(owners.keySet().stream().map(Slot::sessionId).toList());
        }
        deliver(queue, owners, handed);
        boolean again;
        synchronized (queue) {
            again = queue.claimEnds(handed, owners.size(), error != null);
        }
        if (!again) {
            answerImpatient(queue);
        } else {
            // On another thread: a store that answers at once must not make this a recursion.
            executor.execute(() -> claim(queue));
        }
    }

    private void deliver(Queue queue, Map<Slot, Pull> owners, List<Assignment> jobs) {
        Map<Long, Assignment> byLease = HashMap.newHashMap(jobs.size());
        jobs.forEach(job -> byLease.put(job.lease(), job));
        Map<Pull, List<@Nullable Assignment>> promised = new LinkedHashMap<>();
        owners.forEach((slot, pull) ->
                promised.computeIfAbsent(pull, _ -> new ArrayList<>()).add(byLease.remove(slot.lease())));
        List<Assignment> homeless = new ArrayList<>(byLease.values());
        promised.forEach((pull, places) -> bring(
                queue,
                pull,
                places.size(),
                places.stream().filter(Objects::nonNull).toList(),
                homeless));
        handing.giveBack(homeless);
    }

    /// A write that was to hand a job to this session was refused, but may have been done.
    void doubt(Share share) {
        handover.doubt(List.of(share.sessionId()));
    }
}
