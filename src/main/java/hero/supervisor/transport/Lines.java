package hero.supervisor.transport;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import io.helidon.common.buffers.BufferData;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// All TCP connections of the gateway: counts them, and gives heads and bodies their deadlines. Stands between
/// Helidon's
/// listener and its HTTP/1.1. Safe for any thread.
final class Lines implements ServerConnectionSelector, Http1ConnectionListener {
    private final Limits limits;
    private final Duration bodyWithin;
    private final Time time;
    private final Set<Line> open = ConcurrentHashMap.newKeySet();
    private final Channels channels;
    private volatile @Nullable ServerConnectionSelector http;

    Lines(Channels channels, Limits limits, Duration bodyWithin, Time time) {
        this.channels = channels;
        this.limits = limits;
        this.bodyWithin = bodyWithin;
        this.time = time;
    }

    /// Sets Helidon's HTTP/1.1, whose configuration needs this listener first.
    void serve(ServerConnectionSelector http1) {
        http = http1;
    }

    private ServerConnectionSelector http() {
        return Objects.requireNonNull(http);
    }

    int count() {
        return open.size();
    }

    /// Lines that serve an HTTP request now.
    long busyCount() {
        return open.stream().filter(Line::isBusy).count();
    }

    void beat() {
        long nowNs = time.nanoTime();
        for (Line line : open) {
            line.beat(nowNs);
        }
        channels.clean();
    }

    void add(Line line) {
        line.owes(limits.handshakeWithin());
        open.add(line);
    }

    void remove(Line line) {
        open.remove(line);
    }

    long nowNs() {
        return time.nanoTime();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        SocketChannel channel = channels.take(context.remotePeer().address());
        return new Line(this, context, http().connection(context), channel, open.size() >= limits.connections());
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http().bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return http().supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http().supportedApplicationProtocols();
    }

    /// The request line is there: the rest of the head must follow.
    @Override
    public void prologue(ConnectionContext context, HttpPrologue prologue) {
        Line.CURRENT.get().owes(limits.handshakeWithin());
    }

    /// The head is whole: a body may follow.
    @Override
    public void headers(ConnectionContext context, Headers headers) {
        boolean body = headers.contains(HeaderNames.TRANSFER_ENCODING)
                || headers.first(HeaderNames.CONTENT_LENGTH)
                        .filter(length -> !length.equals("0"))
                        .isPresent();
        if (body) {
            Line.CURRENT.get().owes(bodyWithin);
        } else {
            Line.CURRENT.get().owesNothing();
        }
    }
}
