package hero.supervisor.engine;

import hero.supervisor.domain.LogChunk;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A stream of one job's events together with what the job prints: stands between a [Subscription] and its reader,
/// and holds the last event back until everything that was printed before it has been told. Nothing else is kept:
/// a reader without room stays where it is in the log. Safe for any thread.
public final class LoggedStream implements Subscription.Outlet, Logs.Listener {
    private static final long AGAIN_MS = 20;

    private final Logs logs;
    private final String jobId;
    private final Logs.@Nullable From from;
    private final Subscription.Outlet outlet;
    private final StreamWriter writer;
    private @Nullable Subscription subscription;
    private Logs.@Nullable Follow follow;
    private byte @Nullable [] last;
    private int triesLeft = (int) (Subscription.STALLED_MAX_NANOS / 1_000_000 / AGAIN_MS);
    private volatile boolean over;

    /// @param from null: from the beginning of the present attempt
    LoggedStream(Logs logs, String jobId, Logs.@Nullable From from, Subscription.Outlet outlet, StreamWriter writer) {
        this.logs = logs;
        this.jobId = jobId;
        this.from = from;
        this.outlet = outlet;
        this.writer = writer;
    }

    /// Begins; at most once.
    ///
    /// @param opening made with this as its outlet
    public void begin(Feed.Opening opening) {
        synchronized (this) {
            subscription = opening.subscription();
        }
        opening.open();
        synchronized (this) {
            if (!over) {
                follow = logs.follow(jobId, from, this);
                if (last != null) {
                    finish(follow);
                }
            }
        }
    }

    /// True when the last event has been told, or the reader is gone.
    public boolean ended() {
        return over;
    }

    /// Tells nothing more. Can be repeated.
    public synchronized void end() {
        over = true;
        if (follow != null) {
            follow.close();
        }
    }

    @Override
    public boolean offer(byte[] message) {
        return outlet.offer(message);
    }

    @Override
    public synchronized boolean offerLast(byte[] message) {
        last = message;
        if (follow != null) {
            finish(follow);
        }
        return true;
    }

    @Override
    public void close(int code, String reason) {
        end();
        outlet.close(code, reason);
    }

    @Override
    public boolean take(LogChunk chunk) {
        Subscription to;
        synchronized (this) {
            to = subscription;
        }
        return to == null || outlet.offerBulk(writer.log(to.id(), chunk));
    }

    @Override
    public void giveUp() {
        close(1013, "this reader is too slow for what the job prints; come back with log_since");
    }

    private void finish(Logs.Follow followed) {
        followed.caughtUp().thenRun(this::tellLast);
    }

    private void tellLast() {
        byte[] message;
        synchronized (this) {
            message = last;
            triesLeft--;
        }
        if (over || message == null) {
            return;
        }
        if (outlet.offer(message)) {
            end();
        } else if (triesLeft > 0) {
            CompletableFuture.delayedExecutor(AGAIN_MS, TimeUnit.MILLISECONDS).execute(this::tellLast);
        } else {
            giveUp();
        }
    }
}
