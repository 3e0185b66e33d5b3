package hero.supervisor.store;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.LogAppend;
import hero.supervisor.domain.LogSlice;
import hero.supervisor.domain.LogStream;
import hero.supervisor.domain.Progress;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// What jobs print and how far they are. Futures complete after the commit; they fail with a `busy` refusal when
/// the database cannot be reached or too much waits to be written. Safe for any thread.
public interface LogStore {

    /// Appends what lies behind the end of the stream; what lies before it was written already and is passed over.
    /// Fence: attempt and lease, of the hand-over that runs or of one that its runner has reported.
    CompletableFuture<Appended> append(LogAppend append);

    sealed interface Appended {
        /// @param next where the stream ends now: the offset that is wanted
        record End(long next) implements Appended {}

        /// The hand-over no longer holds; nothing was written.
        record Stale() implements Appended {}
    }

    /// Writes down how far a job is; false when the hand-over no longer holds.
    CompletableFuture<Boolean> say(Assignment.Key key, Progress.Said said);

    /// The last that was said of these jobs; those of which nothing was said are left out.
    Map<String, Progress> progress(Collection<String> jobIds);

    /// Reads a stretch; empty when there is no such job.
    Optional<LogSlice> read(Asked asked);

    /// @param attempt null: the last one
    /// @param stream null: both, in the order of writing; offsets count the bytes of both then
    /// @param bytesMax at most about so many bytes of text; one chunk at least
    record Asked(
            String jobId,
            @Nullable Integer attempt,
            @Nullable LogStream stream,
            long offset,
            int bytesMax) {}

    /// How much the last attempt of each of these jobs has printed; those that printed nothing are left out.
    Map<String, Printed> printed(Collection<String> jobIds);

    /// @param bytes of both streams
    record Printed(int attempt, long bytes) {}
}
