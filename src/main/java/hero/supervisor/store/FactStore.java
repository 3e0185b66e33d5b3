package hero.supervisor.store;

import hero.supervisor.domain.JobFacts;
import java.util.Optional;

/// Looks at a job and its surroundings. Blocks for one statement; safe for any thread.
public interface FactStore {

    /// Empty when there is no such job.
    Optional<JobFacts> facts(String jobId);
}
