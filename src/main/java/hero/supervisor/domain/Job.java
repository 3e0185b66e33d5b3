package hero.supervisor.domain;

import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// What a caller wants done: a job's specification, complete and checked. It never changes once accepted; what
/// becomes of it is in [JobState] and [JobResult].
///
/// @param timeoutS seconds that one attempt may run, fractions allowed, above 0
/// @param createdAt RFC 3339, exactly as the caller sent it, else the server's time
/// @param updatedAt likewise
/// @param extras what the caller set beyond the ten fields of the seed
///
/// Source: `openrpc.json`, `#/components/schemas/Job`.
public record Job(
        String id,
        String callerId,
        String contextId,
        String payload,
        String runner,
        String executor,
        double timeoutS,
        Map<String, String> envVars,
        String createdAt,
        String updatedAt,
        Extras extras) {

    /// Of what is short, for each text.
    private static final int OTHER_BYTES = 200;

    public Job {
        envVars = Map.copyOf(envVars);
    }

    /// The optional fields. Absent means "not set by the caller", and then the field does not appear in answers.
    ///
    /// @param retries further attempts after an error or a timeout, 0…100, default 0
    /// @param retryDelayS seconds before the first retry, doubled for each further one
    /// @param priority -100…100, higher first, default 0
    /// @param startAt RFC 3339; the job is not handed out before
    /// @param labels free words for filters and reports
    /// @param atMostOnce true: never handed out a second time, whatever happens to its runner
    public record Extras(
            OptionalInt retries,
            @Nullable Double retryDelayS,
            OptionalInt priority,
            @Nullable String startAt,
            @Nullable Map<String, String> labels,
            @Nullable Boolean atMostOnce) {

        public static final Extras NONE = new Extras(OptionalInt.empty(), null, OptionalInt.empty(), null, null, null);
    }

    /// About how many bytes its texts take.
    public long weight() {
        return OTHER_BYTES + payload.length() + weight(envVars) + weight(extras.labels());
    }

    private static long weight(@Nullable Map<String, String> texts) {
        long weight = 0;
        if (texts != null) {
            for (Map.Entry<String, String> text : texts.entrySet()) {
                weight += OTHER_BYTES + text.getKey().length() + text.getValue().length();
            }
        }
        return weight;
    }

    /// A job prints as its id: payload and variables never reach a log.
    @Override
    public String toString() {
        return "Job[" + id + "]";
    }
}
