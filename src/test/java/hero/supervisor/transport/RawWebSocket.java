package hero.supervisor.transport;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/// A WebSocket client that does what it is told, right or wrong: any header, any frame. For tests. Reads time out
/// after 20 s, so that a test fails rather than hangs.
public final class RawWebSocket implements AutoCloseable {
    public static final int CONTINUATION = 0;
    public static final int TEXT = 1;
    public static final int BINARY = 2;
    public static final int CLOSE = 8;
    public static final int PING = 9;
    public static final int PONG = 10;

    private static final int[] KEY = {0x37, 0xFA, 0x21, 0x3D};

    /// A frame as it came.
    @SuppressWarnings("ArrayRecordComponent") // read, never compared
    public record Frame(boolean fin, int opcode, byte[] payload) {
        public String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }

        /// The code of a close frame, 1005 for none.
        public int code() {
            return payload.length < 2 ? 1005 : ((payload[0] & 0xFF) << 8) | (payload[1] & 0xFF);
        }
    }

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;

    private RawWebSocket(int port, int receiveBytes) throws IOException {
        socket = new Socket();
        if (receiveBytes > 0) {
            socket.setReceiveBufferSize(receiveBytes);
        }
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.setSoTimeout(20_000);
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
        out = socket.getOutputStream();
    }

    /// A connection without a handshake yet.
    public static RawWebSocket tcp(int port) throws IOException {
        return new RawWebSocket(port, 0);
    }

    /// An open WebSocket on `/rpc`.
    public static RawWebSocket open(int port) throws IOException {
        return open(port, 0);
    }

    /// An open WebSocket whose TCP window is that small.
    public static RawWebSocket open(int port, int receiveBytes) throws IOException {
        RawWebSocket client = new RawWebSocket(port, receiveBytes);
        String head = client.handshake("/rpc", Map.of());
        if (!head.startsWith("HTTP/1.1 101 ")) {
            throw new IOException("no upgrade: " + head);
        }
        return client;
    }

    /// Sends a handshake and returns the head of the answer. `changes` replace or add headers; an empty value
    /// leaves one
    /// out.
    public String handshake(String path, Map<String, String> changes) throws IOException {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Host", "127.0.0.1:" + socket.getPort());
        headers.put("Upgrade", "websocket");
        headers.put("Connection", "Upgrade");
        headers.put("Sec-WebSocket-Key", Base64.getEncoder().encodeToString(new byte[16]));
        headers.put("Sec-WebSocket-Version", "13");
        headers.putAll(changes);
        StringBuilder head = new StringBuilder("GET " + path + " HTTP/1.1\r\n");
        headers.forEach((name, value) -> {
            if (!value.isEmpty()) {
                head.append(name).append(": ").append(value).append("\r\n");
            }
        });
        raw(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
        return readHead();
    }

    /// The head of an HTTP answer, up to and with the empty line; what came when the connection ends before.
    public String readHead() throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int last = 0;
        int b;
        while ((b = in.read()) >= 0) {
            head.write(b);
            last = (last << 8) | b;
            if (last == 0x0D0A0D0A) {
                break;
            }
        }
        return head.toString(StandardCharsets.US_ASCII);
    }

    /// So many bytes, as text.
    public String readBytes(int count) throws IOException {
        byte[] bytes = new byte[count];
        in.readFully(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// Everything up to and with `end`.
    public String readUntil(String end) throws IOException {
        StringBuilder text = new StringBuilder();
        while (!text.toString().endsWith(end)) {
            text.append((char) in.readUnsignedByte());
        }
        return text.toString();
    }

    /// Everything until the connection ends.
    public String readRest() throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    public void raw(byte... bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    public void text(String text) throws IOException {
        frame(true, TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    public void ping(String payload) throws IOException {
        frame(true, PING, payload.getBytes(StandardCharsets.UTF_8));
    }

    public void close(int code) throws IOException {
        frame(true, CLOSE, new byte[] {(byte) (code >>> 8), (byte) code});
    }

    /// A masked frame.
    public void frame(boolean fin, int opcode, byte[] payload) throws IOException {
        raw(encode((fin ? 0x80 : 0) | opcode, true, payload));
    }

    /// A frame with any first byte, masked or not.
    public void frame(int first, boolean masked, byte[] payload) throws IOException {
        raw(encode(first, masked, payload));
    }

    /// The bytes of a frame.
    public static byte[] encode(int first, boolean masked, byte[] payload) {
        int length = payload.length;
        ByteBuffer frame = ByteBuffer.allocate(14 + length).put((byte) first);
        int mask = masked ? 0x80 : 0;
        if (length <= 125) {
            frame.put((byte) (mask | length));
        } else if (length <= 0xFFFF) {
            frame.put((byte) (mask | 126)).putShort((short) length);
        } else {
            frame.put((byte) (mask | 127)).putLong(length);
        }
        if (masked) {
            for (int part : KEY) {
                frame.put((byte) part);
            }
        }
        for (int i = 0; i < length; i++) {
            frame.put((byte) (masked ? payload[i] ^ KEY[i & 3] : payload[i]));
        }
        byte[] bytes = new byte[frame.position()];
        frame.flip().get(bytes);
        return bytes;
    }

    /// The next frame; `EOFException` at the end of the stream. A masked frame fails: servers must not mask.
    public Frame read() throws IOException {
        int first = in.readUnsignedByte();
        int second = in.readUnsignedByte();
        if ((second & 0x80) != 0) {
            throw new IOException("the server masked a frame");
        }
        long length = second;
        if (length == 126) {
            length = in.readUnsignedShort();
        } else if (length == 127) {
            length = in.readLong();
        }
        byte[] payload = new byte[(int) length];
        in.readFully(payload);
        return new Frame((first & 0x80) != 0, first & 0x0F, payload);
    }

    /// The next message put together; control frames on the way are dropped.
    public byte[] message() throws IOException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        while (true) {
            Frame frame = read();
            if (frame.opcode() == CLOSE) {
                throw new EOFException("closed with " + frame.code());
            }
            if (frame.opcode() < CLOSE) {
                whole.writeBytes(frame.payload());
                if (frame.fin()) {
                    return whole.toByteArray();
                }
            }
        }
    }

    /// The code of the close frame that comes next, other frames dropped; 1006 when the connection just ends.
    public int closeCode() throws IOException {
        try {
            Frame frame = read();
            while (frame.opcode() != CLOSE) {
                frame = read();
            }
            return frame.code();
        } catch (EOFException | java.net.SocketException e) {
            return 1006;
        }
    }

    /// True when the server has closed the TCP connection and sent nothing more.
    public boolean ended() throws IOException {
        try {
            return in.read() < 0;
        } catch (java.net.SocketException e) {
            return true;
        }
    }

    /// Ends the sending side only (FIN).
    public void shutdownOutput() throws IOException {
        socket.shutdownOutput();
    }

    /// Ends the connection the rude way (RST).
    public void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
