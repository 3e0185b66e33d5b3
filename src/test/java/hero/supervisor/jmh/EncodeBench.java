package hero.supervisor.jmh;

import hero.supervisor.domain.Assignment;
import hero.supervisor.domain.Job;
import hero.supervisor.domain.JobResult;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.JobJson;
import hero.supervisor.wire.Replies;
import hero.supervisor.wire.RpcError;
import hero.supervisor.wire.RunnerJson;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// From a value to the bytes of the answer: to a caller, and to a runner that pulls.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EncodeBench {
    private final JobResult ended = new JobResult.Success("done");

    /// What a pull is answered with.
    @State(Scope.Thread)
    public static class Pulled {
        final List<Assignment> assignments = new ArrayList<>();

        @Param({"1", "64"})
        int jobs;

        /// Characters of each payload, a line break in each sixty.
        @Param({"21", "1024"})
        int payload;

        @Setup
        public void assign() {
            String at = "2026-01-01T00:00:00.000Z";
            for (int i = 0; i < jobs; i++) {
                Job job = new Job(
                        "0198c0de-7a3b-7000-8000-" + (100_000_000_000L + i),
                        "bench",
                        "bench",
                        ("echo supervisor bench".repeat(3).substring(0, Math.min(59, payload)) + "\n")
                                .repeat(1 + payload / 60)
                                .substring(0, payload),
                        "bench-0-64",
                        "bench",
                        60,
                        Map.of(),
                        at,
                        at,
                        Job.Extras.NONE);
                assignments.add(new Assignment(job, 1, 0x5eed_0000_0000_0000L + i, "session", Instant.EPOCH));
            }
        }
    }

    @Benchmark
    public byte[] answer() {
        return bytes(JobJson.result(ended));
    }

    @Benchmark
    public byte[] pull(Pulled pulled) {
        return bytes(RunnerJson.pulled(pulled.assignments, List.of(), false, Map.of(), Map.of()));
    }

    private static byte[] bytes(Body body) {
        return Replies.result("17", body, failure -> RpcError.of(failure, () -> "reference"))
                .bytes();
    }
}
