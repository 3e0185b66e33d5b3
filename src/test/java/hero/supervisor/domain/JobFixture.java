package hero.supervisor.domain;

import java.util.Map;

/// Jobs for tests: what a test sets is what matters.
public final class JobFixture {
    private JobFixture() {}

    public static Job job(String id) {
        return job(id, "r1", 60, Job.Extras.NONE);
    }

    public static Job job(String id, String runner, double timeoutS, Job.Extras extras) {
        return new Job(
                id,
                "client-1",
                "context-1",
                "print('Hello World')",
                runner,
                "osis",
                timeoutS,
                Map.of(),
                "2023-01-01T00:00:00Z",
                "2023-01-01T00:00:00Z",
                extras);
    }
}
