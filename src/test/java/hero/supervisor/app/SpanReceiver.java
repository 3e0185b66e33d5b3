package hero.supervisor.app;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;

/// Takes spans as an OTLP receiver does: `POST /v1/traces`, protobuf. Source: opentelemetry-proto, trace.proto.
final class SpanReceiver implements AutoCloseable {
    private final HttpServer server;
    private final List<Span> spans = new CopyOnWriteArrayList<>();

    /// @param kind 1 internal, 2 server
    /// @param parent empty for a root
    /// @param state the tracestate; empty for none
    record Span(
            String trace,
            String id,
            String parent,
            String state,
            String name,
            long kind,
            long start,
            long end,
            Map<String, String> attributes) {}

    SpanReceiver() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/traces", exchange -> {
            ByteBuffer request = ByteBuffer.wrap(exchange.getRequestBody().readAllBytes());
            each(
                    request,
                    (field, resource) -> each(bytes(resource), (inner, scope) -> {
                        if (inner == 2) {
                            each(bytes(scope), (part, span) -> {
                                if (part == 2) {
                                    spans.add(span(bytes(span)));
                                }
                            });
                        }
                    }));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    List<Span> spans() {
        return spans;
    }

    List<Span> named(String name) {
        return spans.stream().filter(span -> span.name.equals(name)).toList();
    }

    private static Span span(ByteBuffer message) {
        Map<Integer, Object> parts = new HashMap<>();
        Map<String, String> attributes = new HashMap<>();
        each(message, (field, value) -> {
            if (field == 9) {
                Map<Integer, Object> pair = new HashMap<>();
                each(bytes(value), pair::put);
                each(
                        bytes(part(pair, 2)),
                        (type, it) -> attributes.put(
                                text(part(pair, 1)),
                                it instanceof ByteBuffer buffer ? text(buffer) : String.valueOf(it)));
            } else {
                parts.put(field, value);
            }
        });
        return new Span(
                hex(part(parts, 1)),
                hex(part(parts, 2)),
                parts.containsKey(4) ? hex(part(parts, 4)) : "",
                parts.containsKey(3) ? text(part(parts, 3)) : "",
                text(part(parts, 5)),
                (Long) part(parts, 6),
                (Long) part(parts, 7),
                (Long) part(parts, 8),
                attributes);
    }

    /// The fields of one message: numbers as `Long`, the rest as `ByteBuffer`.
    private static void each(ByteBuffer message, BiConsumer<Integer, Object> field) {
        ByteBuffer in = message.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            int key = (int) varint(in);
            Object value = switch (key & 7) {
                case 0 -> varint(in);
                case 1 -> in.getLong();
                case 2 -> {
                    int size = (int) varint(in);
                    ByteBuffer part = in.slice(in.position(), size);
                    in.position(in.position() + size);
                    yield part;
                }
                case 5 -> (long) in.getInt();
                default -> throw new IllegalStateException("wire type " + (key & 7));
            };
            field.accept(key >>> 3, value);
        }
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }

    private static Object part(Map<Integer, Object> parts, int field) {
        return Objects.requireNonNull(parts.get(field));
    }

    private static ByteBuffer bytes(Object value) {
        return (ByteBuffer) value;
    }

    private static String text(Object value) {
        return StandardCharsets.UTF_8.decode(bytes(value).duplicate()).toString();
    }

    private static String hex(Object value) {
        byte[] all = new byte[bytes(value).remaining()];
        bytes(value).duplicate().get(all);
        return HexFormat.of().formatHex(all);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
