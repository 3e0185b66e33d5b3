package hero.supervisor.api;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Tracing;
import hero.supervisor.wire.Params;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// One call of one method, already allowed. Belongs to the thread that handles it.
public final class Call {
    private static final long BUSY_RETRY_MS = 1000;

    private final String method;
    private final Params params;
    private final Peer peer;
    private final @Nullable Grant grant;
    private final Limits limits;
    private final Tracing.Call span;
    private final String request;

    Call(
            String method,
            Params params,
            Peer peer,
            @Nullable Grant grant,
            Limits limits,
            Tracing.Call span,
            String request) {
        this.method = method;
        this.params = params;
        this.peer = peer;
        this.grant = grant;
        this.limits = limits;
        this.span = span;
        this.request = request;
    }

    public String method() {
        return method;
    }

    public Params params() {
        return params;
    }

    public Peer peer() {
        return peer;
    }

    /// What the lines and the jobs that it causes say of it.
    public Origin origin() {
        return new Origin(peer.id(), request, span.trace());
    }

    /// What `params.secret` has proved, else the connection's; null for a caller without a secret.
    public @Nullable Grant grant() {
        return grant;
    }

    /// Waits as long as it takes: for a job's end, for work. The only place where a call waits. Costs a parked
    /// virtual thread and one of the connection's waits. Cancels the future when the connection ends. The
    /// future's refusal is thrown as it is; `busy` when the connection has too many waits.
    public <T extends @Nullable Object> T await(CompletableFuture<T> future) {
        return await(future, null);
    }

    /// Likewise, but no longer than `atMost` (null: no bound): then the future is cancelled and the call refused
    /// as `wait_timeout`.
    public <T extends @Nullable Object> T await(CompletableFuture<T> future, @Nullable Duration atMost) {
        if (future.isDone()) {
            return taken(future, null, new AtomicBoolean());
        }
        AtomicBoolean ended = new AtomicBoolean();
        Peer.Registration end = peer.onEnd(() -> {
            ended.set(true);
            future.cancel(true);
        });
        try {
            if (!peer.park()) {
                future.cancel(true);
                throw tooManyWaits();
            }
            try {
                return taken(future, atMost, ended);
            } finally {
                peer.unpark();
            }
        } finally {
            end.remove();
        }
    }

    Refusal tooManyWaits() {
        return Refusal.busy(
                        "this connection has " + limits.waitsPerConnection()
                                + " calls that wait, and may have no more; use another connection",
                        BUSY_RETRY_MS)
                .with("limit", "waits_per_connection")
                .with("max", limits.waitsPerConnection());
    }

    /// What a call without a thread of its own waited for is there.
    void woken() {
        if (span.told()) {
            span.woken().run();
        }
    }

    /// Waits for a job's end; the way from the outcome to this thread is told as a span.
    <T extends @Nullable Object> T outcome(CompletableFuture<T> future, @Nullable Duration atMost) {
        if (!span.told()) {
            return await(future, atMost);
        }
        CompletableFuture<Runnable> woken = future.handle((_, _) -> span.woken());
        T outcome = await(future, atMost);
        woken.thenAccept(Runnable::run);
        return outcome;
    }

    /// Waits for a commit of the database, which is short and is not given up: what was asked may be done already.
    /// Does not count among the waits.
    public <T extends @Nullable Object> T commit(CompletableFuture<T> future) {
        return taken(future, null, new AtomicBoolean());
    }

    private <T extends @Nullable Object> T taken(
            CompletableFuture<T> future, @Nullable Duration atMost, AtomicBoolean ended) {
        try {
            return atMost == null ? future.get() : future.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return late(future, atMost, ended);
        } catch (CancellationException e) {
            if (ended.get()) {
                throw new PeerGone();
            }
            throw new IllegalStateException("a future was cancelled that " + method + " waits for", e);
        } catch (ExecutionException e) {
            throw unchecked(e.getCause() == null ? e : e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw leaving();
        }
    }

    /// The time is over; an outcome that came at the last moment still counts.
    private <T extends @Nullable Object> T late(
            CompletableFuture<T> future, @Nullable Duration atMost, AtomicBoolean ended) {
        if (future.cancel(true)) {
            throw waitedTooLong(atMost);
        }
        return taken(future, null, ended);
    }

    static Refusal leaving() {
        return new Refusal(Refusal.Kind.SHUTTING_DOWN, "this gateway is shutting down; ask another one");
    }

    static Refusal waitedTooLong(@Nullable Duration atMost) {
        double seconds = atMost == null ? 0 : atMost.toMillis() / 1000.0;
        return new Refusal(
                        Refusal.Kind.WAIT_TIMEOUT,
                        "the wait of " + seconds + " s is over; the job goes on, ask again with job.result")
                .with("timeout", seconds);
    }

    private static RuntimeException unchecked(Throwable cause) {
        return cause instanceof RuntimeException known ? known : new IllegalStateException("a future failed", cause);
    }

    /// The connection ended while its call waited: there is nobody to answer.
    static final class PeerGone extends RuntimeException {
        private static final long serialVersionUID = 1L;

        PeerGone() {
            super("the peer has gone", null, false, false);
        }
    }
}
