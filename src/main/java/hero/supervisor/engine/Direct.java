package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.store.JobStore.Created;
import hero.supervisor.store.JobStore.Place;
import hero.supervisor.store.JobStore.Placing;
import hero.supervisor.store.JobStore.Slot;
import hero.supervisor.store.JobStore.Started;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// One job on its way past the queue: written as running, in one commit, when a runner of this gateway waits
/// for work and nothing else does. Its place is chosen as late as possible, when the batch is put together that
/// holds it, so that the jobs of one batch share the pulls that are open then. Safe for any thread.
final class Direct implements Placing {
    private final Dispatch dispatch;
    private final String jobId;
    private final String runner;
    private final boolean isTimed;
    private final LongSupplier leases;
    private boolean asked;
    private boolean settled;
    private @Nullable Line line;
    private @Nullable Share share;
    private @Nullable Place place;

    /// Where it is going to wait, without a place.
    private record Line(Queue queue, Object batch) {}

    /// @param isTimed it has a `start_at`: unless that is over, it has to wait somewhere else than in its queue
    Direct(Dispatch dispatch, String jobId, String runner, boolean isTimed, LongSupplier leases) {
        this.dispatch = dispatch;
        this.jobId = jobId;
        this.runner = runner;
        this.isTimed = isTimed;
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
            dispatch.again(stands.queue, stands.batch, jobId, batch);
            line = new Line(stands.queue, batch);
        }
        return place;
    }

    private void choose(Object batch) {
        Queue home = dispatch.home(runner);
        if (home != null) {
            Share offered = dispatch.place(home, batch, jobId);
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
        return dispatch.home(runner) != null;
    }

    @Override
    public boolean isFar() {
        Queue home = dispatch.home(runner);
        return home != null && home.isBorrowing();
    }

    @Override
    public int room() {
        Queue home = dispatch.home(runner);
        return home == null ? Integer.MAX_VALUE : Share.room(home);
    }

    /// What became of a new job, null when that is unknown. Once, after the commit; brings the job to its runner.
    void created(@Nullable Created created, @Nullable Throwable error) {
        // The same: perhaps written by the first try of a batch that was done again.
        settle(
                created instanceof Created.New(String queue) ? queue : null,
                created instanceof Created.Handed(Assignment job) ? job : null,
                error != null || created instanceof Created.Same);
    }

    /// Likewise of one that was there.
    void started(@Nullable Started started, @Nullable Throwable error) {
        settle(
                started instanceof Started.Queued(String queue) ? queue : null,
                started instanceof Started.Handed(Assignment job) ? job : null,
                error != null || started instanceof Started.Already);
    }

    private void settle(@Nullable String waits, @Nullable Assignment handed, boolean isDoubtful) {
        Line stood;
        synchronized (this) {
            settled = true;
            stood = line;
        }
        boolean expected = false;
        if (waits != null) {
            expected = stood != null && stood.queue.name.equals(waits) && !isTimed;
            if (isTimed) {
                dispatch.wakeInTime(waits);
            } else if (!expected) {
                dispatch.wake(waits);
            }
        }
        if (stood != null) {
            dispatch.written(stood.queue, stood.batch, jobId, expected);
        }
        if (share != null) {
            if (isDoubtful) {
                dispatch.doubt(share);
            }
            dispatch.written(share, handed);
        }
    }
}
