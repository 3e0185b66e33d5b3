package hero.supervisor.app;

import hero.supervisor.domain.Limits;
import hero.supervisor.transport.RawWebSocket;
import hero.supervisor.wire.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A line to a gateway: one message goes out, its answer comes back. The same for every way a client can send it.
interface Line extends AutoCloseable {
    /// The ways.
    enum Way {
        HTTP,
        TEXT,
        FRAGMENTS;

        Line open(int port) throws IOException {
            return switch (this) {
                case HTTP -> new Http(HttpClient.newHttpClient(), URI.create("http://127.0.0.1:" + port + "/rpc"));
                case TEXT -> new Frames(RawWebSocket.open(port), Integer.MAX_VALUE);
                case FRAGMENTS -> new Frames(RawWebSocket.open(port), 3);
            };
        }
    }

    /// Null when nothing comes back.
    byte @Nullable [] exchange(byte[] message) throws IOException, InterruptedException;

    @Override
    void close() throws IOException;

    /// The answer's text, `nothing` when there is none.
    default String exchange(String message) throws IOException, InterruptedException {
        byte[] answer = exchange(message.getBytes(StandardCharsets.UTF_8));
        return answer == null ? "nothing" : new String(answer, StandardCharsets.UTF_8);
    }

    /// A POST for each.
    record Http(HttpClient client, URI uri) implements Line {
        @Override
        public byte @Nullable [] exchange(byte[] message) throws IOException, InterruptedException {
            HttpResponse<byte[]> answer = client.send(
                    HttpRequest.newBuilder(uri)
                            .header("Content-Type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofByteArray(message))
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            if (answer.statusCode() == 204 && answer.body().length == 0) {
                return null;
            } else if (answer.statusCode() != 200) {
                throw new AssertionError("status " + answer.statusCode());
            }
            return answer.body();
        }

        @Override
        public void close() {
            client.close();
        }
    }

    /// Frames of so many bytes on one WebSocket, larger ones where it would take too many. That nothing comes back
    /// is seen by the answer to the next call.
    record Frames(RawWebSocket socket, int bytes) implements Line {
        private static final int FRAGMENTS_MAX = 1024;
        private static final String MARK = "{\"jsonrpc\":\"2.0\",\"id\":\"mark\",\"method\":\"nothing.there\"}";

        @Override
        public byte @Nullable [] exchange(byte[] message) throws IOException {
            send(message);
            if (!silent(Message.parse(message, Limits.DEFAULT))) {
                return socket.message();
            }
            send(MARK.getBytes(StandardCharsets.UTF_8));
            byte[] answer = socket.message();
            return new String(answer, StandardCharsets.UTF_8).contains("\"id\":\"mark\"") ? null : answer;
        }

        private static boolean silent(Message message) {
            return switch (message) {
                case Message.Notification notification -> true;
                case Message.Response response -> true;
                case Message.Batch batch ->
                    batch.size() > 0 && batch.items().stream().allMatch(Frames::silent);
                case Message.Call call -> false;
                case Message.Malformed malformed -> false;
            };
        }

        private void send(byte[] message) throws IOException {
            ByteArrayOutputStream frames = new ByteArrayOutputStream();
            int most = Math.max(bytes, Math.ceilDiv(message.length, FRAGMENTS_MAX));
            int at = 0;
            do {
                int end = (int) Math.min(message.length, (long) at + most);
                int first = (end == message.length ? 0x80 : 0) | (at == 0 ? RawWebSocket.TEXT : 0);
                frames.writeBytes(RawWebSocket.encode(first, true, Arrays.copyOfRange(message, at, end)));
                at = end;
            } while (at < message.length);
            socket.raw(frames.toByteArray());
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
