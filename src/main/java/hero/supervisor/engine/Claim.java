package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.JobStore;
import hero.supervisor.store.JobStore.Slot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// One claim for the parked pulls of a queue. Which slots it asks for is chosen as late as possible, when the
/// batch is put together that holds it: pulls that come until then are served too. Guarded by the queue.
final class Claim implements JobStore.Claiming {
    final Queue queue;
    private final LongSupplier leases;
    private final Map<Slot, Pull> owners = new LinkedHashMap<>();
    private boolean isChosen;
    private boolean isRefused;

    Claim(Queue queue, LongSupplier leases) {
        this.queue = queue;
        this.leases = leases;
    }

    @Override
    public List<Slot> slots() {
        synchronized (queue) {
            if (!isChosen) {
                isChosen = true;
                queue.choose(owners, leases);
            }
            return List.copyOf(owners.keySet());
        }
    }

    @Override
    public boolean isEnough() {
        synchronized (queue) {
            return queue.hasAsked();
        }
    }

    /// Its answer is known: no slots are chosen for it any more.
    void answered() {
        synchronized (queue) {
            isRefused = !isChosen;
            isChosen = true;
        }
    }

    /// What it has brought is on its way.
    ///
    /// @param jobs what it has found, none when it has failed
    /// @return whether there may be more for the pulls that are parked
    boolean ends(List<Assignment> jobs, boolean failed) {
        synchronized (queue) {
            if (isRefused) {
                queue.claimRefused();
                return false;
            }
            return queue.claimEnds(jobs, owners.size(), failed);
        }
    }

    /// The sessions that it asked for.
    List<String> sessionIds() {
        synchronized (queue) {
            return owners.keySet().stream().map(Slot::sessionId).toList();
        }
    }

    /// What each pull gets of these jobs, in the order of its slots; adds to `homeless` what no slot is known for.
    List<Given> given(List<Assignment> jobs, List<Assignment> homeless) {
        Map<Long, Assignment> byLease = HashMap.newHashMap(jobs.size());
        jobs.forEach(job -> byLease.put(job.lease(), job));
        Map<Pull, Given> given = new LinkedHashMap<>();
        synchronized (queue) {
            owners.forEach(
                    (slot, pull) -> given.computeIfAbsent(pull, Given::new).add(byLease.remove(slot.lease())));
        }
        homeless.addAll(byLease.values());
        return List.copyOf(given.values());
    }

    /// What one pull was promised and what it gets.
    static final class Given {
        final Pull pull;
        final List<Assignment> jobs = new ArrayList<>();
        int promised;

        private Given(Pull pull) {
            this.pull = pull;
        }

        private void add(@Nullable Assignment job) {
            promised++;
            if (job != null) {
                jobs.add(job);
            }
        }
    }
}
