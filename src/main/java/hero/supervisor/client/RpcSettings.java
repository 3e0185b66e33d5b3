package hero.supervisor.client;

import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Where a client connects and what it bounds.
///
/// @param url `ws`, `wss`, `http` or `https`; with `/rpc` when it came without a path
/// @param secret sent as `Authorization: Bearer`, never logged
/// @param connectWithin time for connection and upgrade together
/// @param pingEvery WebSocket pings, and how often silence is looked at
/// @param deadAfter silence that ends a WebSocket connection, or a call over HTTP
/// @param answerWithin over HTTP: the longest wait for one answer
/// @param callsMax calls open at once; one more fails
/// @param sendBytesMax messages waiting to be sent; beyond, `call` blocks
/// @param messageBytesMax the longest message taken from the server
public record RpcSettings(
        URI url,
        @Nullable String secret,
        Duration connectWithin,
        Duration pingEvery,
        Duration deadAfter,
        Duration answerWithin,
        int callsMax,
        int sendBytesMax,
        int messageBytesMax) {

    public RpcSettings {
        url = withPath(url);
    }

    /// The usual bounds. `IllegalArgumentException` with a sentence for people when the URL cannot be one.
    public static RpcSettings of(String url, @Nullable String secret) {
        return of(URI.create(url.strip()), secret);
    }

    /// The usual bounds.
    public static RpcSettings of(URI url, @Nullable String secret) {
        return new RpcSettings(
                url,
                secret,
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofHours(24),
                100_000,
                8 << 20,
                256 << 20);
    }

    /// The same with another ping interval and limit of silence.
    public RpcSettings withSilence(Duration pingEvery, Duration deadAfter) {
        return new RpcSettings(
                url,
                secret,
                connectWithin,
                pingEvery,
                deadAfter,
                answerWithin,
                callsMax,
                sendBytesMax,
                messageBytesMax);
    }

    boolean webSocket() {
        return scheme(url).startsWith("ws");
    }

    @Override
    public String toString() {
        return "RpcSettings[" + url + "]";
    }

    private static URI withPath(URI url) {
        if (!scheme(url).matches("wss?|https?") || url.getHost() == null || url.getUserInfo() != null) {
            throw new IllegalArgumentException("the server's URL must look like ws://host:3030 or http://host:3030"
                    + " (ws, wss, http or https; a secret never belongs in it)");
        }
        String path = url.getPath();
        return path == null || path.isEmpty() || path.equals("/") ? url.resolve("/rpc") : url;
    }

    private static String scheme(URI url) {
        return url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
    }
}
