package hero.supervisor.jmh;

import hero.supervisor.domain.Job;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import hero.supervisor.wire.JobReader;
import hero.supervisor.wire.Message;
import hero.supervisor.wire.MethodSpec;
import hero.supervisor.wire.OpenRpcDocument;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// From the bytes of a `job.run` to its checked job.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecodeBench {
    private final JobReader reader = new JobReader(Limits.DEFAULT, () -> "job-1", Time.system());
    private final MethodSpec method = method("job.run");
    private byte[] message = {};

    @Param({"24", "1024"})
    int payloadChars;

    @Setup
    public void write() {
        message = ("{\"jsonrpc\":\"2.0\",\"id\":17,\"method\":\"job.run\",\"params\":{\"job\":{\"caller_id\":\"bench\","
                        + "\"context_id\":\"bench\",\"payload\":\"" + "p".repeat(payloadChars)
                        + "\",\"runner\":\"bench-0-64\",\"executor\":\"bench\",\"timeout\":60}}}")
                .getBytes(StandardCharsets.UTF_8);
    }

    @Benchmark
    public Job jobRun() {
        if (Message.parse(message, Limits.DEFAULT) instanceof Message.Call call) {
            return reader.read(call.arguments().bind(method));
        }
        throw new AssertionError("this is a call");
    }

    private static MethodSpec method(String name) {
        MethodSpec found = OpenRpcDocument.load().methods().get(name);
        if (found == null) {
            throw new AssertionError("there is no method " + name);
        }
        return found;
    }
}
