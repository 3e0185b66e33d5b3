package hero.supervisor.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// One WebSocket to a gateway on this machine, as lean as it can be, so that the load takes little of the
/// processors that it measures: one thread, blocking reads, frames masked beforehand, one write for all that was
/// said since the last read. Only for one thread, but for [#close]. Source: RFC 6455 §5.
final class Line implements AutoCloseable {
    private static final byte[] MASK = {0x37, (byte) 0xfa, 0x21, 0x3d};
    private static final int TEXT = 1;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;
    private static final int HEAD_MAX = 14;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final ByteArrayOutputStream fragments = new ByteArrayOutputStream(0);
    private byte[] input;
    private int start;
    private int end;
    private byte[] output;
    private int outputSize;
    private boolean closed;

    /// The last message: these bytes until the next call of [#next].
    byte[] bytes = {};

    int from;
    int to;

    private Line(Socket socket, int bufferBytes) throws IOException {
        this.socket = socket;
        this.in = socket.getInputStream();
        this.out = socket.getOutputStream();
        this.input = new byte[bufferBytes];
        this.output = new byte[bufferBytes];
    }

    /// Connects and shakes hands, showing `secret`. Buffers grow when they must.
    static Line open(int port, String secret, int bufferBytes) throws IOException {
        Socket socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.connect(new InetSocketAddress(loopback(), port), 10_000);
            Line line = new Line(socket, bufferBytes);
            line.shakeHands(port, secret);
            return line;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    static InetAddress loopback() throws IOException {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    }

    private void shakeHands(int port, String secret) throws IOException {
        String head = "GET /rpc HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nUpgrade: websocket\r\n"
                + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c3VwZXJ2aXNvciBiZW5jaA==\r\n"
                + "Authorization: Bearer " + secret + "\r\n\r\n";
        out.write(head.getBytes(StandardCharsets.US_ASCII));
        int matched = 0;
        StringBuilder answer = new StringBuilder();
        while (matched < 4) {
            int c = in.read();
            if (c < 0) {
                throw new IOException("the gateway closed the connection during the handshake");
            }
            answer.append((char) c);
            matched = c == "\r\n\r\n".charAt(matched) ? matched + 1 : c == '\r' ? 1 : 0;
        }
        if (!answer.toString().startsWith("HTTP/1.1 101")) {
            throw new IOException("the gateway refused the WebSocket: " + answer.substring(0, answer.indexOf("\r")));
        }
    }

    /// A text message as one masked frame, to be sent any number of times.
    static byte[] frame(String json) {
        return frame(TEXT, json.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] frame(int opcode, byte[] body) {
        byte[] frame = new byte[body.length + HEAD_MAX];
        int at = 0;
        frame[at++] = (byte) (0x80 | opcode);
        if (body.length < 126) {
            frame[at++] = (byte) (0x80 | body.length);
        } else if (body.length < 65_536) {
            frame[at++] = (byte) (0x80 | 126);
            frame[at++] = (byte) (body.length >> 8);
            frame[at++] = (byte) body.length;
        } else {
            frame[at++] = (byte) (0x80 | 127);
            for (int shift = 56; shift >= 0; shift -= 8) {
                frame[at++] = (byte) ((long) body.length >> shift);
            }
        }
        // A client's mask hides nothing from us; it only has to be there, for the server to undo it.
        System.arraycopy(MASK, 0, frame, at, MASK.length);
        at += MASK.length;
        for (int i = 0; i < body.length; i++) {
            frame[at + i] = (byte) (body[i] ^ MASK[i & 3]);
        }
        return Arrays.copyOf(frame, at + body.length);
    }

    /// Leaves with the next [#flush].
    void send(byte[] frame) {
        if (output.length - outputSize < frame.length) {
            output = Arrays.copyOf(output, Math.max(output.length * 2, outputSize + frame.length));
        }
        System.arraycopy(frame, 0, output, outputSize, frame.length);
        outputSize += frame.length;
    }

    void flush() throws IOException {
        if (outputSize > 0) {
            out.write(output, 0, outputSize);
            outputSize = 0;
        }
    }

    /// Reads up to the next message, writing what was sent before it would wait. False when the other end is gone.
    boolean next() throws IOException {
        while (!parsed()) {
            if (closed) {
                return false;
            }
            flush();
            if (!fill()) {
                return false;
            }
        }
        return true;
    }

    /// One call and its answer as text, on a line on which nothing else is said.
    String ask(String json) throws IOException {
        send(frame(json));
        if (!next()) {
            throw new IOException("the gateway closed the connection instead of answering");
        }
        return text();
    }

    String text() {
        return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }

    private boolean fill() throws IOException {
        if (start > 0) {
            System.arraycopy(input, start, input, 0, end - start);
            end -= start;
            start = 0;
        }
        if (end == input.length) {
            input = Arrays.copyOf(input, input.length * 2);
        }
        int read = in.read(input, end, input.length - end);
        end += Math.max(read, 0);
        return read >= 0;
    }

    /// True when a whole message is there. Servers do not mask.
    private boolean parsed() {
        while (end - start >= 2) {
            int head = input[start] & 0xff;
            int length = input[start + 1] & 0x7f;
            int lengthBytes = length == 126 ? 2 : length == 127 ? 8 : 0;
            if (end - start < 2 + lengthBytes) {
                return false;
            }
            long size = length;
            if (lengthBytes > 0) {
                size = 0;
                for (int i = 0; i < lengthBytes; i++) {
                    size = (size << 8) | (input[start + 2 + i] & 0xff);
                }
            }
            int begin = start + 2 + lengthBytes;
            if (end - begin < size) {
                return false;
            }
            start = begin + (int) size;
            if (taken(head, begin, start)) {
                return true;
            }
        }
        return false;
    }

    private boolean taken(int head, int begin, int stop) {
        int opcode = head & 0x0f;
        boolean last = (head & 0x80) != 0;
        switch (opcode) {
            case PING -> send(frame(PONG, Arrays.copyOfRange(input, begin, stop)));
            case PONG -> {}
            case CLOSE -> closed = true;
            default -> {
                return data(last, begin, stop);
            }
        }
        return false;
    }

    private boolean data(boolean last, int begin, int stop) {
        if (last && fragments.size() == 0) {
            bytes = input;
            from = begin;
            to = stop;
            return true;
        }
        fragments.write(input, begin, stop - begin);
        if (last) {
            bytes = fragments.toByteArray();
            from = 0;
            to = bytes.length;
            fragments.reset();
        }
        return last;
    }

    /// Says goodbye with 1000, from the thread of the line.
    void bye() throws IOException {
        send(frame(CLOSE, new byte[] {0x03, (byte) 0xe8}));
        flush();
    }

    /// Any thread: whoever reads sees the end.
    @Override
    public void close() throws IOException {
        socket.close();
    }
}
