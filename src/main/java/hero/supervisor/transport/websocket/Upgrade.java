package hero.supervisor.transport.websocket;

import io.helidon.common.buffers.BufferData;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.http.WritableHeaders;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.spi.Http1Upgrader;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.websocket.WsListener;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The opening handshake, RFC 6455 §4.2, for Helidon's `Upgrade` header. The protocol's rules first, then the
/// [Door].
public final class Upgrade implements Http1Upgrader {
    private static final String PROTOCOL = "websocket";
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final HeaderName KEY = HeaderNames.create("Sec-WebSocket-Key");
    private static final HeaderName VERSION = HeaderNames.create("Sec-WebSocket-Version");
    private static final HeaderName SUB_PROTOCOL = HeaderNames.create("Sec-WebSocket-Protocol");

    private final Set<String> paths;
    private final String subProtocol;
    private final Door door;
    private final Sockets sockets;

    /// `subProtocol` is the one that is accepted when offered.
    public Upgrade(Set<String> paths, String subProtocol, Door door, Sockets sockets) {
        this.paths = paths;
        this.subProtocol = subProtocol;
        this.door = door;
        this.sockets = sockets;
    }

    /// This upgrader under every spelling of `websocket`: the token is case-insensitive (RFC 9110 §7.8),
    /// Helidon's map of
    /// upgraders is not.
    public Map<String, Http1Upgrader> everySpelling() {
        Map<String, Http1Upgrader> map = new HashMap<>();
        for (int bits = 0; bits < 1 << PROTOCOL.length(); bits++) {
            StringBuilder name = new StringBuilder(PROTOCOL);
            for (int i = 0; i < PROTOCOL.length(); i++) {
                if ((bits >> i & 1) == 1) {
                    name.setCharAt(i, Character.toUpperCase(name.charAt(i)));
                }
            }
            map.put(name.toString(), this);
        }
        return map;
    }

    @Override
    public String supportedProtocol() {
        return PROTOCOL;
    }

    /// Null when the path is none of ours: Helidon then answers as for any request.
    @Override
    public @Nullable ServerConnection upgrade(
            ConnectionContext context, HttpPrologue prologue, WritableHeaders<?> headers) {
        if (!paths.contains(prologue.uriPath().path())) {
            return null;
        }
        try {
            String accept = accept(prologue, headers);
            List<String> offered = tokens(headers, SUB_PROTOCOL);
            WsListener listener = door.open(prologue, headers, offered, context.remotePeer());
            String chosen = offered.contains(subProtocol) ? subProtocol : null;
            write(context, switching(accept, chosen));
            return new Connection(context, chosen, listener, sockets);
        } catch (Denied denied) {
            write(context, refusal(denied));
            throw new CloseConnectionException("upgrade refused");
        }
    }

    private static String accept(HttpPrologue prologue, Headers headers) {
        if (!prologue.method().equals(Method.GET)) {
            throw bad("a WebSocket begins with GET");
        }
        if (tokens(headers, HeaderNames.CONNECTION).stream().noneMatch("upgrade"::equalsIgnoreCase)) {
            throw bad("the Connection header lacks the word Upgrade");
        }
        if (!tokens(headers, VERSION).equals(List.of("13"))) {
            throw new Denied(
                    426,
                    Map.of("Sec-WebSocket-Version", "13", "Upgrade", PROTOCOL),
                    json("this server speaks WebSocket version 13"));
        }
        List<String> keys = headers.all(KEY, List::of);
        if (keys.size() != 1 || !isKey(keys.getFirst().trim())) {
            throw bad("Sec-WebSocket-Key must be 16 bytes in Base64");
        }
        return acceptOf(keys.getFirst().trim());
    }

    /// The value of `Sec-WebSocket-Accept` for a key, RFC 6455 §4.2.2.
    static String acceptOf(String key) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-1").digest((key + GUID).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1", e);
        }
    }

    private static boolean isKey(String key) {
        try {
            return Base64.getDecoder().decode(key).length == 16;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static List<String> tokens(Headers headers, HeaderName name) {
        List<String> tokens = new ArrayList<>();
        for (String line : headers.all(name, List::of)) {
            Arrays.stream(line.split(",", -1))
                    .map(String::trim)
                    .filter(token -> !token.isEmpty())
                    .forEach(tokens::add);
        }
        return tokens;
    }

    private static Denied bad(String message) {
        return new Denied(400, Map.of(), json(message));
    }

    private static byte[] json(String message) {
        return ("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"" + message
                        + "\",\"data\":{\"kind\":\"invalid_request\"}}}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] switching(String accept, @Nullable String chosen) {
        String head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: " + accept + "\r\n"
                + (chosen == null ? "" : "Sec-WebSocket-Protocol: " + chosen + "\r\n") + "\r\n";
        return head.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] refusal(Denied denied) {
        StringBuilder head = new StringBuilder("HTTP/1.1 ")
                .append(denied.status())
                .append(' ')
                .append(Status.create(denied.status()).reasonPhrase())
                .append("\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ")
                .append(denied.body().length)
                .append("\r\n");
        denied.headers()
                .forEach((name, value) ->
                        head.append(name).append(": ").append(value).append("\r\n"));
        byte[] first = head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(first, first.length + denied.body().length);
        System.arraycopy(denied.body(), 0, all, first.length, denied.body().length);
        return all;
    }

    private static void write(ConnectionContext context, byte[] bytes) {
        context.dataWriter().writeNow(BufferData.create(bytes));
    }
}
