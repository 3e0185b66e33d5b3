package hero.supervisor.domain;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// How far a job says it is. Source: `openrpc.json runner.progress`.
///
/// @param attempt that said it
/// @param percent 0…100
/// @param note for people
/// @param checkpoint opaque to the server: what the next attempt may go on from
/// @param at when it was written down, by the database's clock
public record Progress(
        int attempt,
        @Nullable Double percent,
        @Nullable String note,
        @Nullable String checkpoint,
        Instant at) {

    /// What a runner says; null members leave what was said before.
    public record Said(
            @Nullable Double percent,
            @Nullable String note,
            @Nullable String checkpoint) {

        /// This, and of an earlier saying what this leaves out.
        public Said over(Said earlier) {
            return new Said(
                    percent == null ? earlier.percent : percent,
                    note == null ? earlier.note : note,
                    checkpoint == null ? earlier.checkpoint : checkpoint);
        }
    }
}
