package hero.supervisor.transport.websocket;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
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
    private final Inbound inbound = new Inbound(
            new Source(DataReader.create(() -> null), new Endless(masked()), Time.system()),
            Limits.DEFAULT.messageBytes(),
            Time.system());

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

    /// A socket on which the same frame comes again and again.
    private static final class Endless implements HelidonSocket {
        private final byte[] frame;

        Endless(byte[] frame) {
            this.frame = frame;
        }

        @Override
        public byte[] get() {
            return frame;
        }

        @Override
        public boolean isConnected() {
            return true;
        }

        @Override
        public void close() {}

        @Override
        public void idle() {}

        @Override
        @SuppressWarnings("removal") // it has no default yet
        public int read(BufferData buffer) {
            throw new UnsupportedOperationException("bytes come from get()");
        }

        @Override
        public void write(BufferData buffer) {}

        @Override
        public PeerInfo remotePeer() {
            throw new UnsupportedOperationException("there is no peer");
        }

        @Override
        public PeerInfo localPeer() {
            throw new UnsupportedOperationException("there is no peer");
        }

        @Override
        public boolean isSecure() {
            return false;
        }

        @Override
        public String socketId() {
            return "0";
        }

        @Override
        public String childSocketId() {
            return "0";
        }
    }
}
