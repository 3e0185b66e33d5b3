package hero.supervisor.domain;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Where a job stands.
///
/// @param createdAt as the job says, RFC 3339
/// @param startedAt when the present or last attempt was handed out, by the database's clock
/// @param completedAt when the outcome was recorded; set if and only if the status is final
///
/// Source: `openrpc.json job.status`.
public record JobState(
        String jobId,
        JobStatus status,
        String createdAt,
        @Nullable Instant startedAt,
        @Nullable Instant completedAt) {}
