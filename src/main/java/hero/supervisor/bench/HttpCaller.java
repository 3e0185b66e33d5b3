package hero.supervisor.bench;

import hero.supervisor.domain.Time;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// A client with one call at a time over one HTTP connection that is kept alive. Source: RFC 9112 §6, §7.1.
final class HttpCaller implements Stoppable {
    private static final byte[] BODY = Scan.ascii("\r\n\r\n");
    private static final byte[] CHUNKED = Scan.ascii("chunked");
    private static final byte[] LENGTH = Scan.ascii("content-length:");
    private static final byte[] LAST_CHUNK = Scan.ascii("\r\n0\r\n\r\n");
    private static final byte[] OK = Scan.ascii("HTTP/1.1 200");
    private static final int ID = 1;

    private final int port;
    private final byte[] request;
    private final byte[] expected;
    private final Tally tally;
    private final Time time;
    private byte[] input = new byte[1 << 12];
    private int end;
    private volatile boolean stopping;

    HttpCaller(int port, String secret, Calls calls, Tally tally, Time time) {
        this.port = port;
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
        try (Socket socket = new Socket()) {
            socket.setTcpNoDelay(true);
            socket.connect(new InetSocketAddress(Line.loopback(), port), 10_000);
            OutputStream out = socket.getOutputStream();
            InputStream in = socket.getInputStream();
            while (!stopping && !tally.hasFailed()) {
                long begun = time.nanoTime();
                out.write(request);
                read(in);
                if (!Scan.matches(input, 0, end, OK) || Scan.find(input, 0, end, expected) < 0) {
                    tally.failed("an answer was not what was expected: " + Scan.text(input, 0, end));
                    return;
                }
                tally.done(time.nanoTime() - begun);
            }
        } catch (IOException e) {
            tally.failed("the connection broke: " + e);
        }
    }

    /// One whole response into [#input].
    private void read(InputStream in) throws IOException {
        end = 0;
        while (!complete()) {
            if (end == input.length) {
                input = Arrays.copyOf(input, input.length * 2);
            }
            int read = in.read(input, end, input.length - end);
            if (read < 0) {
                throw new IOException("the gateway closed it within an answer");
            }
            end += read;
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

    private static int lower(byte c) {
        return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    }
}
