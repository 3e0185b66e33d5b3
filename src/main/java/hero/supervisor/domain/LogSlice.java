package hero.supervisor.domain;

import java.util.List;

/// A stretch of what one attempt printed. Source: `openrpc.json job.logs`.
///
/// @param attempt whose it is; 0 when the job was never handed out
/// @param lease of the hand-over that printed it; 0 when nothing was printed. One that did not count is followed
/// by another one under its number, which begins anew
/// @param chunks in the order of writing
/// @param next the offset to go on with: in the stream asked for, or in both together
/// @param truncated the middle of it was not kept: an offset of a chunk jumps there
/// @param all nothing lay behind it when it was read
/// @param end nothing follows: this is all, and the attempt is over
public record LogSlice(
        int attempt, long lease, List<LogChunk> chunks, long next, boolean truncated, boolean all, boolean end) {}
