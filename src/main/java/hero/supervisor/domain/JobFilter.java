package hero.supervisor.domain;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Which jobs a listing shows. Null members do not filter.
///
/// @param createdAfter by the server's clock of acceptance, exclusive
/// @param createdBefore likewise
public record JobFilter(
        @Nullable JobStatus status,
        @Nullable String runner,
        @Nullable String executor,
        @Nullable String callerId,
        @Nullable String contextId,
        @Nullable Instant createdAfter,
        @Nullable Instant createdBefore) {

    public static final JobFilter ALL = new JobFilter(null, null, null, null, null, null, null);
}
