package hero.supervisor.api;

import hero.supervisor.domain.Refusal;
import hero.supervisor.wire.Body;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// An answer that hangs on a future: on a commit, which is short and never given up, or on a wait, which counts
/// among the connection's waits, ends with the connection, and may have a bound. Consumed once: [#join] on a
/// thread of its own, or [#then] without one; both tell the same. A call of a batch is joined: coming back from
/// its wait may block there.
final class Pending<T extends @Nullable Object> {
    private final CompletableFuture<T> future;
    private final Function<T, Body> body;
    private final boolean waits;
    private final @Nullable Duration atMost;
    private final @Nullable CompletableFuture<?> first;
    private final @Nullable Supplier<Body> late;
    private final Predicate<T> slow;

    private Pending(
            CompletableFuture<T> future,
            Function<T, Body> body,
            boolean waits,
            @Nullable Duration atMost,
            @Nullable CompletableFuture<?> first,
            @Nullable Supplier<Body> late,
            Predicate<T> slow) {
        this.future = future;
        this.body = body;
        this.waits = waits;
        this.atMost = atMost;
        this.first = first;
        this.late = late;
        this.slow = slow;
    }

    /// Hangs on a commit.
    static <T extends @Nullable Object> Pending<T> commit(CompletableFuture<T> future, Function<T, Body> body) {
        return new Pending<>(future, body, false, null, null, null, value -> false);
    }

    /// Hangs on whatever takes its time.
    ///
    /// @param atMost null: no bound; else `wait_timeout` is the answer when it is over
    static <T extends @Nullable Object> Pending<T> wait(
            CompletableFuture<T> future, @Nullable Duration atMost, Function<T, Body> body) {
        return new Pending<>(future, body, true, atMost, null, null, value -> false);
    }

    /// The wait begins after that, and not at all when the future is done then.
    Pending<T> after(CompletableFuture<?> look) {
        return new Pending<>(future, body, waits, atMost, look, late, slow);
    }

    /// What the answer is when the time is over. The supplier must not block.
    Pending<T> orElse(Supplier<Body> answer) {
        return new Pending<>(future, body, waits, atMost, first, answer, slow);
    }

    /// Values whose body takes a look into the database.
    Pending<T> slowFor(Predicate<T> values) {
        return new Pending<>(future, body, waits, atMost, first, late, values);
    }

    /// Blocks until the answer is there.
    Body join(Call call) {
        if (first != null) {
            call.commit(first);
        }
        T value;
        try {
            value = waits ? call.outcome(future, atMost) : call.commit(future);
        } catch (Refusal e) {
            if (late != null && e.kind() == Refusal.Kind.WAIT_TIMEOUT) {
                return late.get();
            }
            throw e;
        }
        return body.apply(value);
    }

    /// Hands the answer, or why there is none, to `done`: now, or later on the thread that completes the future.
    @SuppressWarnings("FutureReturnValueIgnored") // What hangs on these stages has no value.
    void then(Call call, Executor threads, Timeouts timeouts, BiConsumer<@Nullable Body, @Nullable Throwable> done) {
        if (first == null || first.isDone()) {
            hang(call, threads, timeouts, done);
        } else {
            first.whenComplete((_, _) -> hang(call, threads, timeouts, done));
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored")
    private void hang(
            Call call, Executor threads, Timeouts timeouts, BiConsumer<@Nullable Body, @Nullable Throwable> done) {
        if (first != null && first.isCompletedExceptionally()) {
            done.accept(null, cause(first.exceptionNow()));
        } else if (!waits || future.isDone()) {
            future.whenComplete((value, error) -> settle(value, error, threads, done));
        } else {
            park(call, threads, timeouts, done);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored")
    private void park(
            Call call, Executor threads, Timeouts timeouts, BiConsumer<@Nullable Body, @Nullable Throwable> done) {
        AtomicBoolean gone = new AtomicBoolean();
        Peer.Registration end = call.peer().onEnd(() -> {
            gone.set(true);
            future.cancel(true);
        });
        if (!call.peer().park()) {
            end.remove();
            future.cancel(true);
            done.accept(null, call.tooManyWaits());
            return;
        }
        Timeouts.Wait timeout = atMost == null ? null : timeouts.begin(future, atMost);
        future.whenComplete((value, error) -> {
            if (timeout != null) {
                timeout.end();
            }
            call.peer().unpark();
            end.remove();
            Throwable why = error instanceof CancellationException && gone.get() ? new Call.PeerGone() : error;
            settle(value, why, threads, (answer, failure) -> {
                call.woken();
                done.accept(answer, failure);
            });
        });
    }

    private void settle(
            T value,
            @Nullable Throwable error,
            Executor threads,
            BiConsumer<@Nullable Body, @Nullable Throwable> done) {
        if (error == null && slow.test(value)) {
            try {
                threads.execute(() -> answer(value, null, done));
            } catch (RejectedExecutionException e) {
                done.accept(null, Call.leaving());
            }
        } else {
            answer(value, error, done);
        }
    }

    private void answer(T value, @Nullable Throwable error, BiConsumer<@Nullable Body, @Nullable Throwable> done) {
        Body answer = null;
        Throwable failure = null;
        try {
            if (error == null) {
                answer = body.apply(value);
            } else if (error instanceof TimeoutException) {
                answer = late();
            } else {
                failure = cause(error);
            }
        } catch (RuntimeException | Error e) {
            failure = e;
        }
        done.accept(answer, failure);
    }

    private Body late() {
        if (late == null) {
            throw Call.waitedTooLong(atMost);
        }
        return late.get();
    }

    private static Throwable cause(Throwable error) {
        return error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    }
}
