package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Place;
import hero.supervisor.store.JobStore.Placing;
import hero.supervisor.store.JobStore.Slot;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// One new job on its way past the queue: written as running, in one commit, when a runner of this gateway waits
/// for work and nothing else does. Its place is chosen as late as possible, when the batch is put together that
/// holds it, so that the jobs of one batch share the pulls that are open then. Safe for any thread.
final class Direct implements Placing {
    private final Dispatch dispatch;
    private final Job job;
    private final LongSupplier leases;
    private boolean asked;
    private boolean settled;
    private Dispatch.@Nullable Queue queue;
    private @Nullable Share share;
    private @Nullable Place place;

    Direct(Dispatch dispatch, Job job, LongSupplier leases) {
        this.dispatch = dispatch;
        this.job = job;
        this.leases = leases;
    }

    @Override
    public synchronized @Nullable Place place(Object batch) {
        if (!asked && !settled) {
            asked = true;
            queue = dispatch.home(job.runner());
            share = queue == null ? null : dispatch.place(queue, batch);
            place = share == null ? null : new Place(share.queue(), new Slot(share.sessionId(), leases.getAsLong()));
        }
        return place;
    }

    /// A runner of this gateway has asked for jobs of this kind.
    @Override
    public boolean isNear() {
        return dispatch.home(job.runner()) != null;
    }

    @Override
    public boolean isOpen(int jobs) {
        Dispatch.Queue home = dispatch.home(job.runner());
        return home == null || Share.hasRoom(home, jobs);
    }

    /// What became of the job, null when that is unknown. Once, after the commit; brings the job to its runner.
    void settle(@Nullable Created created, @Nullable Throwable error) {
        synchronized (this) {
            settled = true;
        }
        boolean waiting = created instanceof Created.New;
        if (share == null && queue != null) {
            dispatch.written(queue, waiting);
        }
        if (created instanceof Created.New(String waits)) {
            if (job.extras().startAt() == null) {
                dispatch.wake(waits);
            } else {
                dispatch.wakeInTime(waits);
            }
        }
        if (share != null) {
            Assignment handed = created instanceof Created.Handed(Assignment written) ? written : null;
            if (error != null || created instanceof Created.Same) {
                // The same: perhaps written by the first try of a batch that was done again.
                dispatch.doubt(share);
            }
            dispatch.written(share, handed);
        }
    }
}
