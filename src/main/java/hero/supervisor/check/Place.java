package hero.supervisor.check;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import java.nio.file.Path;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/// What all cases of one check share.
///
/// @param secret that the runner must show
/// @param folder for the marks of jobs
/// @param process the runner; null when the user started it
record Place(
        CheckSettings settings,
        String secret,
        Path folder,
        @Nullable Started process,
        Said.Reader reader,
        Limits limits,
        Time time,
        ScheduledExecutorService timer) {}
