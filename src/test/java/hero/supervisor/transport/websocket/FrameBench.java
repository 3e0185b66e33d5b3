package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Messages of 1 KB: a client's masked frame read, unmasked and checked to be UTF-8; the unmasking alone; and the
/// header of the server's. Here, since nothing outside sees frames.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FrameBench {
    private static final int BYTES = 1024;
    private static final int KEY = 0x37fa213d;

    private final byte[] payload = new byte[BYTES];
    private final byte[] frame = masked();
    private final Inbound inbound = new Inbound(
            new Source(new byte[0], () -> frame, Time.system()), Limits.DEFAULT.messageBytes(), Time.system());

    private static byte[] masked() {
        byte[] head = Frames.header(Frames.TEXT, true, BYTES);
        byte[] frame = Arrays.copyOf(head, head.length + 4 + BYTES);
        frame[1] |= (byte) 0x80;
        for (int i = 0; i < 4; i++) {
            frame[head.length + i] = (byte) (KEY >>> (24 - 8 * i));
        }
        Arrays.fill(frame, head.length + 4, frame.length, (byte) 'p');
        Mask.apply(frame, head.length + 4, frame.length, KEY, 0);
        return frame;
    }

    @Benchmark
    public Object read() {
        return inbound.next();
    }

    @Benchmark
    public byte[] unmask() {
        Mask.apply(payload, 0, BYTES, KEY, 0);
        return payload;
    }

    @Benchmark
    public byte[] header() {
        return Frames.header(Frames.TEXT, true, BYTES);
    }
}
