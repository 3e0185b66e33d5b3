package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What one batch of new jobs brings to one pull. The pull is not parked meanwhile. Guarded by the queue.
@SuppressWarnings("ReferenceEquality") // A batch, or a session, is itself and no other.
final class Share {
    final Queue queue;
    final Pull pull;
    final List<Assignment> jobs = new ArrayList<>();
    int given;
    int open;

    private Share(Queue queue, Pull pull) {
        this.queue = queue;
        this.pull = pull;
    }

    String queue() {
        return queue.name;
    }

    String sessionId() {
        return pull.session.id;
    }

    private boolean fits(int before) {
        return pull.takes() && pull.session.credit() > before;
    }

    /// One more job of the batch may go to the pull.
    private Share taken() {
        pull.writes += given == 0 ? 1 : 0;
        pull.promised++;
        pull.session.reserved.incrementAndGet();
        given++;
        open++;
        return this;
    }

    /// A parked pull that the batch has not given anything yet, then those that it has, in turn.
    ///
    /// @param before so many slots of its session must stay free
    static @Nullable Share next(Queue queue, Object batch, int before) {
        ArrayDeque<Share> known = queue.shares(batch);
        ArrayDeque<Share> shares = known == null ? queue.begin(batch) : known;
        Iterator<Pull> parked = queue.pulls.iterator();
        while (parked.hasNext()) {
            Share share = new Share(queue, parked.next());
            if (share.fits(before)) {
                parked.remove();
                shares.add(share);
                queue.hope.fulfilled();
                return share.taken();
            }
        }
        Session asking = queue.asking;
        if (known == null && asking != null && asking.idle() > before) {
            queue.hope.disappointed();
        }
        for (int left = shares.size(); left > 0; left--) {
            Share share = shares.remove();
            if (share.fits(before)) {
                shares.add(share);
                return share.taken();
            }
        }
        return null;
    }

    /// How many new jobs need not wait for further pulls, as those that are parked take them. As many as there can
    /// be when others may be before them, when the runner that asked last has no slot left to ask for, and when
    /// that was waited for in vain. Looks at no more pulls than a batch may fill: thousands may be parked.
    static int room(Queue queue) {
        synchronized (queue) {
            Session asking = queue.asking;
            int unasked = asking == null ? 0 : asking.idle();
            long room = -queue.arrivals.before();
            Iterator<Pull> parked = queue.pulls.iterator();
            while (room < Queue.CLAIM_MAX && parked.hasNext()) {
                Pull pull = parked.next();
                room += pull.room();
                unasked -= pull.session == asking ? pull.room() : 0;
            }
            return queue.light && unasked > 0 && queue.hope.isLeft()
                    ? Math.clamp(room, 0, Integer.MAX_VALUE)
                    : Integer.MAX_VALUE;
        }
    }
}
