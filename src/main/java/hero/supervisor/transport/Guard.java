package hero.supervisor.transport;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Refusal;
import hero.supervisor.transport.websocket.Denied;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.uri.UriQuery;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Judges a request by its head, the same for HTTP and for the WebSocket handshake: `Host` (DNS rebinding),
/// `Origin` (foreign web pages), secrets in the query string, the Bearer secret. Stateless.
final class Guard {
    private static final Set<String> PROXY_HEADERS = Set.of("forwarded", "via", "x-real-ip");
    private static final String PROXY_PREFIX = "x-forwarded-";
    private static final Set<String> SECRET_WORDS =
            Set.of("secret", "token", "access_token", "bearer", "authorization", "api_key", "apikey", "password");
    private static final Pattern LOOPBACK = Pattern.compile("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
    private static final Set<String> EVERY_ADDRESS = Set.of("0.0.0.0", "::", "0:0:0:0:0:0:0:0");
    /// Of what a stranger has sent, so much is said back.
    private static final int HOST_SHOWN_MAX = 255;

    private static final String SECRET_PREFIX = "hsv_";
    private static final String BEARER_PROTOCOL = "bearer.";

    private final GatewaySettings settings;
    private final Set<String> names;
    private final boolean onLoopback;
    private final Function<String, Supplier<Grant>> secrets;
    private final Answers answers;

    /// `onLoopback`: the listener is bound to a loopback address. `secrets` reads a secret; what it gives
    /// tells what that proves, or throws a [Refusal].
    Guard(GatewaySettings settings, boolean onLoopback, Function<String, Supplier<Grant>> secrets, Answers answers) {
        this.settings = settings;
        this.names = namesServed(settings);
        this.onLoopback = onLoopback;
        this.secrets = secrets;
        this.answers = answers;
    }

    /// [Denied] when the request may not come in.
    Passage judge(Headers headers, UriQuery query, List<String> subProtocols, PeerInfo peer) {
        String authority = headers.first(HeaderNames.HOST).orElse("").toLowerCase(Locale.ROOT);
        boolean loopbackName = isLoopbackName(hostOf(authority));
        judgeHost(hostOf(authority), onLoopback || isOfThisMachine(peer));
        String origin = judgeOrigin(headers.all(HeaderNames.ORIGIN, List::of), authority);
        judgeQuery(query);
        Grant grant = judgeSecret(headers, subProtocols);
        boolean corner = settings.anonymous()
                && onLoopback
                && loopbackName
                && origin == null
                && isOfThisMachine(peer)
                && !isForwarded(headers);
        return new Passage(peer.host() + ":" + peer.port(), corner, grant, origin);
    }

    private static boolean isForwarded(Headers headers) {
        for (Header header : headers) {
            String name = header.headerName().lowerCase();
            if (PROXY_HEADERS.contains(name) || name.startsWith(PROXY_PREFIX)) {
                return true;
            }
        }
        return false;
    }

    /// Served are the listed names and the address that is listened on, and from this machine the loopback names:
    /// a browser puts the name into `Host` by which a page called, so no foreign page comes under one of these.
    /// Without a list a listener for the network serves every name.
    private void judgeHost(String host, boolean ofThisMachine) {
        boolean everyName = !onLoopback && settings.hosts().isEmpty();
        if (everyName || (ofThisMachine && isLoopbackName(host)) || names.contains(host)) {
            return;
        }
        String shown = host.substring(0, Math.min(host.length(), HOST_SHOWN_MAX));
        throw denied(
                403,
                -32602,
                "forbidden",
                "this server is not served under the Host '" + shown + "'; call it by "
                        + (ofThisMachine ? "localhost or " : "") + "a name of its own, or add '" + shown
                        + "' to the setting hosts (--hosts)");
    }

    private static Set<String> namesServed(GatewaySettings settings) {
        Set<String> names = new HashSet<>(settings.hosts());
        String bind = settings.bind().toLowerCase(Locale.ROOT);
        if (!EVERY_ADDRESS.contains(bind)) {
            names.add(bind.contains(":") ? "[" + bind + "]" : bind);
        }
        return names;
    }

    private static boolean isOfThisMachine(PeerInfo peer) {
        return peer.address() instanceof InetSocketAddress address
                && address.getAddress() != null
                && address.getAddress().isLoopbackAddress();
    }

    /// The listed foreign origin, or null for none or the same one.
    private @Nullable String judgeOrigin(List<String> origins, String authority) {
        if (origins.isEmpty()) {
            return null;
        }
        String origin = origins.getFirst().trim();
        if (origins.size() == 1 && isSame(origin.toLowerCase(Locale.ROOT), authority)) {
            return null;
        }
        if (origins.size() == 1 && settings.origins().contains(origin)) {
            return origin;
        }
        String shown = origin.substring(0, Math.min(origin.length(), HOST_SHOWN_MAX));
        throw denied(
                403,
                -32602,
                "forbidden",
                "web pages of the Origin '" + shown + "' may not call; add it to the setting origins (--origins)");
    }

    private static boolean isSame(String origin, String authority) {
        return origin.equals("http://" + withoutPort(authority, ":80"))
                || origin.equals("https://" + withoutPort(authority, ":443"));
    }

    private static String withoutPort(String authority, String port) {
        return authority.endsWith(port) ? authority.substring(0, authority.length() - port.length()) : authority;
    }

    private void judgeQuery(UriQuery query) {
        for (String name : query.names()) {
            boolean named = SECRET_WORDS.contains(name.toLowerCase(Locale.ROOT));
            if (named || query.all(name).stream().anyMatch(value -> value.startsWith(SECRET_PREFIX))) {
                throw denied(
                        400,
                        -32602,
                        "invalid_params",
                        "a secret must not stand in the query string, where logs keep it; send Authorization: Bearer");
            }
        }
    }

    private @Nullable Grant judgeSecret(Headers headers, List<String> subProtocols) {
        String secret = bearer(headers);
        if (secret == null) {
            secret = subProtocols.stream()
                    .filter(offer -> offer.startsWith(BEARER_PROTOCOL))
                    .map(offer -> offer.substring(BEARER_PROTOCOL.length()))
                    .findFirst()
                    .orElse(null);
        }
        if (secret == null) {
            return null;
        }
        try {
            return Line.CURRENT.get().read(secret, secrets).get();
        } catch (Refusal refusal) {
            if (refusal.kind() == Refusal.Kind.BUSY) {
                throw new Denied(
                        503,
                        Map.of("Retry-After", "1"),
                        answers.refusal(
                                -32005, refusal.kind().word(), "secrets cannot be checked just now; try again later"));
            }
            throw unauthorized(refusal.getMessage());
        }
    }

    private @Nullable String bearer(Headers headers) {
        List<String> lines = headers.all(HeaderNames.AUTHORIZATION, List::of);
        if (lines.isEmpty()) {
            return null;
        }
        String line = lines.getFirst().trim();
        if (lines.size() > 1 || !line.regionMatches(true, 0, "Bearer ", 0, 7)) {
            throw unauthorized("the Authorization header must be: Bearer, a space, the secret");
        }
        return line.substring(7).trim();
    }

    private Denied unauthorized(@Nullable String message) {
        return new Denied(
                401,
                Map.of("WWW-Authenticate", "Bearer"),
                answers.refusal(-32602, "unauthorized", message == null ? "the secret is not valid" : message));
    }

    private Denied denied(int status, int code, String kind, String message) {
        return new Denied(status, Map.of(), answers.refusal(code, kind, message));
    }

    /// The name of an authority, lower case, without port; an IPv6 literal keeps its brackets.
    static String hostOf(String authority) {
        int colon = authority.lastIndexOf(':');
        return colon > authority.lastIndexOf(']') ? authority.substring(0, colon) : authority;
    }

    static boolean isLoopbackName(String host) {
        return host.equals("localhost")
                || host.equals("[::1]")
                || LOOPBACK.matcher(host).matches();
    }
}
