package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Which new jobs of this gateway wait in a queue, job by job: a claim that has found no others has taken nobody's
/// turn, and asks for as many slots as are needed and hardly more. A claim may find a job before its writer is
/// told that it is written, so that counts alone go wrong. Guarded by the queue.
final class Arrivals {
    /// More are not worth knowing: so many jobs wait that none goes past the queue.
    static final int MAX = 1000;

    /// Jobs without a place that are about to be written, by batch.
    private final Map<Object, Set<String>> coming = new HashMap<>();

    /// Written, and not looked for by a claim yet; with the batch, as two writes of one batch each may be about
    /// the same job.
    private Map<String, Object> waiting = new HashMap<>();

    /// Those that the claim under way may find, and how many it takes at most.
    private Map<String, Object> sought = new HashMap<>();

    private int taking;

    /// How many are written and not looked for.
    int waiting() {
        return waiting.size();
    }

    /// How many new jobs are before another one, besides those that the claim under way takes.
    int before() {
        int all = waiting.size() + Math.max(0, sought.size() - taking);
        for (Set<String> batch : coming.values()) {
            all += batch.size();
        }
        return all;
    }

    void coming(Object batch, String job) {
        coming.computeIfAbsent(batch, _ -> new HashSet<>()).add(job);
    }

    /// One is written and waits, or is not going to. With the first of a batch all of it are taken for written, so
    /// that one claim finds them, although their writers are told one by one. False when they are too many to be
    /// known, and are forgotten.
    boolean written(Object batch, String job, boolean waits) {
        Set<String> all = coming.remove(batch);
        if (all != null) {
            all.forEach(each -> waiting.putIfAbsent(each, batch));
        }
        if (!waits) {
            waiting.remove(job, batch);
            sought.remove(job, batch);
        }
        boolean known = waiting.size() <= MAX;
        if (!known) {
            waiting = new HashMap<>();
        }
        return known;
    }

    /// The batch is written again in halves: this job with another one.
    void again(Object batch, String job, Object half) {
        coming.computeIfPresent(batch, (_, all) -> {
            all.remove(job);
            return all.isEmpty() ? null : all;
        });
        waiting.remove(job, batch);
        sought.remove(job, batch);
        coming(half, job);
    }

    /// A claim begins, for so many slots.
    void seek(int slots) {
        taking = slots;
        sought = waiting;
        waiting = new HashMap<>();
    }

    /// It is over. How many of what it has found came from elsewhere.
    ///
    /// @param all whether it has taken everything that waited: who was sought and is not found is gone
    int found(List<Assignment> jobs, boolean all) {
        int others = 0;
        for (Assignment found : jobs) {
            String job = found.job().id();
            boolean ours = sought.remove(job) != null;
            ours |= waiting.remove(job) != null;
            ours |= hasCome(job);
            others += ours ? 0 : 1;
        }
        if (!all) {
            sought.forEach(waiting::putIfAbsent);
        }
        sought = new HashMap<>();
        return others;
    }

    private boolean hasCome(String job) {
        boolean any = false;
        for (Set<String> batch : coming.values()) {
            any |= batch.remove(job);
        }
        return any;
    }
}
