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
    private @Nullable Line line;
    private @Nullable Share share;
    private @Nullable Place place;

    /// Where it is going to wait, without a place.
    private record Line(Queue queue, Object batch) {}

    Direct(Dispatch dispatch, Job job, LongSupplier leases) {
        this.dispatch = dispatch;
        this.job = job;
        this.leases = leases;
    }

    @Override
    public synchronized @Nullable Place place(Object batch) {
        if (settled) {
            return place;
        }
        Line stands = line;
        if (!asked) {
            asked = true;
            choose(batch);
        } else if (stands != null) {
            dispatch.again(stands.queue, stands.batch, job.id(), batch);
            line = new Line(stands.queue, batch);
        }
        return place;
    }

    private void choose(Object batch) {
        Queue home = dispatch.home(job.runner());
        if (home != null) {
            Share offered = dispatch.place(home, batch, job.id());
            share = offered;
            line = offered == null ? new Line(home, batch) : null;
            place = offered == null
                    ? null
                    : new Place(offered.queue(), new Slot(offered.sessionId(), leases.getAsLong()));
        }
    }

    /// A runner of this gateway has asked for jobs of this kind.
    @Override
    public boolean isNear() {
        return dispatch.home(job.runner()) != null;
    }

    @Override
    public boolean isFar() {
        Queue home = dispatch.home(job.runner());
        return home != null && home.isBorrowing();
    }

    @Override
    public int room() {
        Queue home = dispatch.home(job.runner());
        return home == null ? Integer.MAX_VALUE : Share.room(home);
    }

    /// What became of the job, null when that is unknown. Once, after the commit; brings the job to its runner.
    void settle(@Nullable Created created, @Nullable Throwable error) {
        Line stood;
        synchronized (this) {
            settled = true;
            stood = line;
        }
        boolean expected = false;
        if (created instanceof Created.New(String waits)) {
            expected = stood != null
                    && stood.queue.name.equals(waits)
                    && job.extras().startAt() == null;
            if (job.extras().startAt() != null) {
                dispatch.wakeInTime(waits);
            } else if (!expected) {
                dispatch.wake(waits);
            }
        }
        if (stood != null) {
            dispatch.written(stood.queue, stood.batch, job.id(), expected);
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
