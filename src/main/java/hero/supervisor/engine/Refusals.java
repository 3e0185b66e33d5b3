package hero.supervisor.engine;

import hero.supervisor.domain.Refusal;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// Finds the refusal inside what futures wrap around it.
final class Refusals {
    private Refusals() {}

    static @Nullable Refusal of(@Nullable Throwable error) {
        Throwable cause = error;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause instanceof Refusal refusal ? refusal : null;
    }

    static RuntimeException rethrow(Throwable error) {
        Refusal refusal = of(error);
        if (refusal != null) {
            return refusal;
        }
        return error instanceof RuntimeException runtime ? runtime : new CompletionException(error);
    }
}
