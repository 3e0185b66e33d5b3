package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Clients with one call at a time each, over HTTP connections that are kept alive. One thread reads and writes
/// for all of them, as in other load generators, so that they take little of the processors that they measure.
/// Source: RFC 9112 §6, §7.1.
final class HttpCallers implements Stoppable {
    private static final byte[] BODY = Scan.ascii("\r\n\r\n");
    private static final byte[] CHUNKED = Scan.ascii("chunked");
    private static final byte[] LENGTH = Scan.ascii("content-length:");
    private static final byte[] LAST_CHUNK = Scan.ascii("\r\n0\r\n\r\n");
    private static final byte[] OK = Scan.ascii("HTTP/1.1 200");
    private static final int ID = 1;
    private static final long LOOK_MS = 100;

    private final int port;
    private final int connections;
    private final byte[] request;
    private final byte[] expected;
    private final Tally tally;
    private final Time time;
    private int atWork;
    private volatile boolean stopping;

    HttpCallers(int port, int connections, String secret, Calls calls, Tally tally, Time time) {
        this.port = port;
        this.connections = connections;
        this.tally = tally;
        this.time = time;
        byte[] body = calls.json(ID).getBytes(StandardCharsets.UTF_8);
        byte[] head = Scan.ascii("POST /rpc HTTP/1.1\r\nHost: 127.0.0.1:" + port
                + "\r\nContent-Type: application/json\r\nAuthorization: Bearer " + secret + "\r\nContent-Length: "
                + body.length + "\r\n\r\n");
        this.request = Arrays.copyOf(head, head.length + body.length);
        System.arraycopy(body, 0, request, head.length, body.length);
        this.expected = Scan.ascii("\"id\":" + ID + calls.expected());
    }

    @Override
    public void stop() {
        stopping = true;
    }

    @Override
    public void run() {
        try (Selector selector = Selector.open()) {
            try {
                for (int i = 0; i < connections; i++) {
                    new Exchange(selector).call();
                }
                while (atWork > 0 && !tally.hasFailed()) {
                    selector.select(this::ready, LOOK_MS);
                }
            } finally {
                for (SelectionKey key : selector.keys()) {
                    key.channel().close();
                }
            }
        } catch (Invalid e) {
            tally.failed(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            tally.failed("the connection broke: " + e);
        }
    }

    private void ready(SelectionKey key) {
        try {
            ((Exchange) key.attachment()).read();
        } catch (IOException e) {
            tally.failed("the connection broke: " + e);
        }
    }

    /// One connection, with the call that is at work there.
    private final class Exchange {
        private final SocketChannel channel;
        private final ByteBuffer question = ByteBuffer.wrap(request);
        private byte[] input = new byte[1 << 12];
        private int end;
        private long begun;

        Exchange(Selector selector) throws IOException {
            channel = SocketChannel.open(new InetSocketAddress(Line.loopback(), port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ, this);
        }

        void call() throws IOException {
            end = 0;
            atWork++;
            begun = time.nanoTime();
            question.clear();
            // So short that an empty socket takes it at once.
            if (channel.write(question) < request.length) {
                throw new IOException("the gateway took only a part of a request");
            }
        }

        void read() throws IOException {
            if (end == input.length) {
                input = Arrays.copyOf(input, input.length * 2);
            }
            int read = channel.read(ByteBuffer.wrap(input, end, input.length - end));
            if (read < 0) {
                throw new IOException("the gateway closed it within an answer");
            }
            end += read;
            if (complete()) {
                answered();
            }
        }

        private void answered() throws IOException {
            atWork--;
            if (!Scan.matches(input, 0, end, OK) || Scan.find(input, 0, end, expected) < 0) {
                throw new Invalid("an answer was not what was expected: " + Scan.text(input, 0, end));
            }
            tally.done(time.nanoTime() - begun);
            if (!stopping) {
                call();
            }
        }

        private boolean complete() {
            int body = Scan.find(input, 0, end, BODY);
            if (body < 0) {
                return false;
            }
            int length = headerEnd(body, LENGTH);
            if (length >= 0) {
                int digits = length;
                while (input[digits] == ' ') {
                    digits++;
                }
                int size = Scan.number(input, digits, Scan.digitsEnd(input, digits, body));
                return end - body - BODY.length >= size;
            }
            if (headerEnd(body, CHUNKED) < 0) {
                throw new Invalid("an HTTP answer has neither a length nor chunks: " + Scan.text(input, 0, end));
            }
            return Scan.matches(input, end - LAST_CHUNK.length, end, LAST_CHUNK);
        }

        /// Behind `what` in the head, whatever its case; -1 when it is not there.
        private int headerEnd(int headEnd, byte[] what) {
            for (int at = 0; at + what.length <= headEnd; at++) {
                int i = 0;
                while (i < what.length && lower(input[at + i]) == what[i]) {
                    i++;
                }
                if (i == what.length) {
                    return at + i;
                }
            }
            return -1;
        }
    }

    private static int lower(byte c) {
        return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    }
}
