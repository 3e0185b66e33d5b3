package hero.supervisor.client;

import hero.supervisor.wire.Json;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A small JSON-RPC server over a hand-written WebSocket, for tests of clients: every call lands in a queue and
/// the test answers when and how it likes.
public final class FakeServer implements AutoCloseable {
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 §1.3

    private final ServerSocket listener;
    private final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
    private final List<Call> waiting = new CopyOnWriteArrayList<>();
    private final List<Connection> connections = new CopyOnWriteArrayList<>();

    /// Heads of the upgrade requests.
    public final List<String> heads = new CopyOnWriteArrayList<>();

    /// What an upgrade is refused with, if so.
    public volatile @Nullable String refusal;

    /// False: pings stay unanswered.
    public volatile boolean alive = true;

    /// One request of a client.
    public record Call(Connection connection, Object id, String method, Map<String, Object> params) {
        public void answer(@Nullable Object result) {
            Map<String, Object> message = new LinkedHashMap<>();
            message.put("jsonrpc", "2.0");
            message.put("id", id);
            message.put("result", result);
            connection.send(message);
        }

        public void refuse(int code, String kind, String message) {
            connection.send(Map.of(
                    "jsonrpc",
                    "2.0",
                    "id",
                    id,
                    "error",
                    Map.of("code", code, "message", message, "data", Map.of("kind", kind, "retry_after_ms", 1))));
        }
    }

    public FakeServer() {
        try {
            listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    public URI url() {
        return URI.create("ws://127.0.0.1:" + listener.getLocalPort());
    }

    /// The next call, whatever it is.
    public Call next() {
        try {
            Call call = calls.poll(30, TimeUnit.SECONDS);
            if (call == null) {
                throw new AssertionError("no call came");
            }
            return call;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// The next call of this method; other ones before it wait for their turn.
    public Call next(String method) {
        var earlier =
                waiting.stream().filter(call -> call.method().equals(method)).findFirst();
        if (earlier.isPresent()) {
            waiting.remove(earlier.get());
            return earlier.get();
        }
        while (true) {
            Call call = next();
            if (call.method().equals(method)) {
                return call;
            }
            waiting.add(call);
        }
    }

    /// Cuts all connections without a close frame.
    public void cut() {
        waiting.clear();
        connections.forEach(Connection::cut);
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        cut();
    }

    private void accept() {
        try {
            while (true) {
                var connection = new Connection(listener.accept());
                connections.add(connection);
                Thread.ofVirtual().start(connection::serve);
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    /// One client.
    public final class Connection {
        private final Socket socket;

        Connection(Socket socket) {
            this.socket = socket;
        }

        public void send(Object tree) {
            frame(0x81, Json.bytes(tree));
        }

        /// A notification.
        public void notify(String method, Object params) {
            send(Map.of("jsonrpc", "2.0", "method", method, "params", params));
        }

        /// The same message in two fragments, with a ping between them.
        public void sendFragmented(Object tree) {
            byte[] bytes = Json.bytes(tree);
            frame(0x01, java.util.Arrays.copyOfRange(bytes, 0, bytes.length / 2));
            frame(0x89, new byte[] {1});
            frame(0x80, java.util.Arrays.copyOfRange(bytes, bytes.length / 2, bytes.length));
        }

        public void close(int code, String reason) {
            byte[] words = reason.getBytes(StandardCharsets.UTF_8);
            byte[] body = new byte[words.length + 2];
            body[0] = (byte) (code >> 8);
            body[1] = (byte) code;
            System.arraycopy(words, 0, body, 2, words.length);
            frame(0x88, body);
        }

        public void cut() {
            try {
                socket.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        private void serve() {
            try (socket) {
                var in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
                if (upgrade(in)) {
                    read(in);
                }
            } catch (IOException e) {
                // The client left.
            }
        }

        private boolean upgrade(DataInputStream in) throws IOException {
            var head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                head.append((char) in.readUnsignedByte());
            }
            heads.add(head.toString());
            OutputStream out = socket.getOutputStream();
            if (refusal != null) {
                out.write(
                        ("HTTP/1.1 " + refusal + "\r\nContent-Length: 0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
                return false;
            }
            String key = head.toString().replaceAll("(?is).*Sec-WebSocket-Key: *(\\S+).*", "$1");
            out.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            + "Sec-WebSocket-Accept: " + accept(key) + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            return true;
        }

        private void read(DataInputStream in) throws IOException {
            var text = new java.io.ByteArrayOutputStream();
            while (true) {
                int first = in.readUnsignedByte();
                byte[] body = body(in);
                switch (first & 0x0F) {
                    case 0, 1 -> text.writeBytes(body);
                    case 8 -> {
                        frame(0x88, body);
                        return;
                    }
                    case 9 -> {
                        if (alive) {
                            frame(0x8A, body);
                        }
                    }
                    default -> {}
                }
                if ((first & 0x8F) == 0x80 || (first & 0x8F) == 0x81) {
                    Map<String, Object> call = Tree.object(Json.read(text.toString(StandardCharsets.UTF_8)));
                    text.reset();
                    calls.add(new Call(
                            this,
                            call.getOrDefault("id", "none"),
                            Tree.string(call, "method", ""),
                            Tree.object(call.get("params"))));
                }
            }
        }

        private static byte[] body(DataInputStream in) throws IOException {
            int length = in.readUnsignedByte() & 0x7F;
            if (length == 126) {
                length = in.readUnsignedShort();
            } else if (length == 127) {
                length = (int) in.readLong();
            }
            byte[] mask = in.readNBytes(4);
            byte[] body = in.readNBytes(length);
            for (int i = 0; i < body.length; i++) {
                body[i] ^= mask[i % 4];
            }
            return body;
        }

        private synchronized void frame(int first, byte[] body) {
            var frame = new java.io.ByteArrayOutputStream();
            frame.write(first);
            if (body.length < 126) {
                frame.write(body.length);
            } else if (body.length < 1 << 16) {
                frame.write(126);
                frame.write(body.length >> 8);
                frame.write(body.length);
            } else {
                frame.write(127);
                frame.writeBytes(
                        java.nio.ByteBuffer.allocate(8).putLong(body.length).array());
            }
            frame.writeBytes(body);
            try {
                socket.getOutputStream().write(frame.toByteArray());
            } catch (IOException e) {
                // The client left.
            }
        }
    }

    private static String accept(String key) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-1").digest((key + GUID).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
