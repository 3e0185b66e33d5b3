package hero.supervisor.cli;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What `supervisor runner` w to be.
///
/// @param urls tried in turn
/// @param secret of scope `register` or `admin`
/// @param queue where it takes jobs from; null: the one its name is registered for, else its name
/// @param slots jobs at once
/// @param executors commands by name, besides the built-in ones
record RunnerOptions(
        List<String> urls,
        String secret,
        String name,
        @Nullable String queue,
        int slots,
        Map<String, String> executors) {

    RunnerOptions {
        urls = List.copyOf(urls);
        executors = Map.copyOf(executors);
    }

    /// The secret never reaches a log.
    @Override
    public String toString() {
        return "RunnerOptions[" + name + ", " + urls + "]";
    }
}
