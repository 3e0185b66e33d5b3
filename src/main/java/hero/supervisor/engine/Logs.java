package hero.supervisor.engine;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.LogAppend;
import hero.supervisor.domain.LogChunk;
import hero.supervisor.domain.LogSlice;
import hero.supervisor.domain.LogStream;
import hero.supervisor.domain.Progress;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Time;
import hero.supervisor.store.LogStore;
import hero.supervisor.store.LogStore.Appended;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/// What jobs print and how far they say they are: taken from runners, read by callers, followed live. Safe for any
/// thread.
public final class Logs implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Duration FLUSH = Duration.ofMillis(250);

    private final LogStore store;
    private final Limits limits;
    private final LogTaps taps;
    private final Sayings sayings;
    private final List<Loop> loops;

    /// @param executor runs readers of followed jobs, which block
    public Logs(LogStore store, Limits limits, Time time, Executor executor) {
        this.store = store;
        this.limits = limits;
        this.taps = new LogTaps(store, time, executor);
        this.sayings = new Sayings(store, time);
        this.loops = List.of(new Loop("logs", POLL, this::poll), new Loop("progress", FLUSH, this::flush));
    }

    public Logs start(ThreadFactory threads) {
        loops.forEach(loop -> loop.start(threads));
        return this;
    }

    /// Writes down what is still held back; nothing is polled any more.
    @Override
    public void close() {
        loops.forEach(Loop::close);
        sayings.close();
    }

    /// Looks for what other gateways wrote of followed jobs.
    void poll() {
        taps.poll();
    }

    /// Writes progress that has waited for a second.
    void flush() {
        sayings.flush();
    }

    // ---- from runners ----

    /// @param nextOffset where the stream ends now: what to send next
    /// @param window bytes that may be on their way
    public record Taken(long nextOffset, int window) {}

    /// Appends a piece of output; the future completes after the commit. The server's offset wins: behind a gap
    /// nothing is written, what is known already is passed over, and the answer says where to go on. Refused with
    /// `stale_attempt`, or `too_large` above the window.
    public CompletableFuture<Taken> append(LogAppend append) {
        int bytes = append.data().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > limits.logWindow()) {
            throw new Refusal(
                            Refusal.Kind.TOO_LARGE,
                            "data holds " + bytes + " bytes; one call takes at most " + limits.logWindow()
                                    + ", send it in parts")
                    .with("path", "/data")
                    .with("limit", "log_window")
                    .with("max", limits.logWindow());
        }
        return store.append(append).thenApply(appended -> switch (appended) {
            case Appended.End(long next) -> {
                taps.wake(append.key().jobId());
                yield new Taken(next, limits.logWindow());
            }
            case Appended.Stale() -> throw stale(append.key());
        });
    }

    /// Takes down how far a job is. Written at most once a second per job: what comes sooner is merged, answered
    /// at once and written with the next. Refused with `stale_attempt` when it was written and the hand-over no
    /// longer holds.
    public CompletableFuture<@Nullable Void> say(Assignment.Key key, Progress.Said said) {
        return sayings.say(key, said).thenApply(holds -> {
            if (!holds) {
                throw stale(key);
            }
            return null;
        });
    }

    /// Completes, in whatever way, when all is written that this hand-over has said: its end comes after it.
    public CompletableFuture<?> settled(Assignment.Key key) {
        return sayings.settled(key);
    }

    private static Refusal stale(Assignment.Key key) {
        return new Refusal(
                        Refusal.Kind.STALE_ATTEMPT,
                        "attempt " + key.attempt() + " of the job '" + key.jobId()
                                + "' is no longer this runner's; send nothing more of it")
                .with("job_id", key.jobId())
                .with("attempt", key.attempt());
    }

    // ---- for callers ----

    /// A stretch of what a job printed. Refused with `job_not_found`.
    ///
    /// @param attempt null: the last one
    /// @param stream null: both, in the order of writing; `offset` counts the bytes of both then
    public LogSlice read(
            String jobId, @Nullable Integer attempt, @Nullable LogStream stream, long offset, int bytesMax) {
        return store.read(new LogStore.Asked(jobId, attempt, stream, offset, bytesMax))
                .orElseThrow(() -> Refusal.jobNotFound(jobId));
    }

    /// The last that was said of a job.
    public Optional<Progress> progress(String jobId) {
        return Optional.ofNullable(store.progress(List.of(jobId)).get(jobId));
    }

    /// The last that was said of these jobs; those of which nothing was said are left out.
    public Map<String, Progress> progress(Collection<String> jobIds) {
        return store.progress(jobIds);
    }

    // ---- live ----

    /// Where to begin: behind so many bytes of both streams of an attempt.
    public record From(int attempt, long offset) {}

    /// Takes what a job prints. One call at a time per job; must not block.
    @FunctionalInterface
    public interface Listener {
        /// False when there is no room now: the same piece comes again a little later.
        boolean take(LogChunk chunk);

        /// It has taken nothing for [Subscription#STALLED_MAX_NANOS]; it is followed no longer.
        default void giveUp() {}
    }

    /// One listener to one job.
    public interface Follow extends AutoCloseable {
        /// Completes when everything that was printed before this call has been taken: before a subscriber is told
        /// of the end of its job.
        CompletableFuture<@Nullable Void> caughtUp();

        /// Hands nothing more over; a chunk may be on its way.
        @Override
        void close();
    }

    /// Hands every chunk of the job's log to `listener`, in order, each once, whichever gateway took it: from
    /// `from` on, or from the beginning of the present attempt when that is null, and then later attempts. The
    /// job need not exist or run; close the follow when it has ended.
    public Follow follow(String jobId, @Nullable From from, Listener listener) {
        return taps.follow(jobId, from, listener);
    }
}
