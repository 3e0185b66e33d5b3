package hero.supervisor.transport;

import io.helidon.common.socket.SocketOptions;
import io.helidon.webserver.CloseConnectionException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The channels of new connections. Helidon has a socket's options set when it is accepted, and shows its channel
/// to nobody else; here it waits, by the peer's address, until the first bytes have come. Safe for any thread.
final class Channels implements SocketOptions {
    private final SocketOptions options;
    private final Map<SocketAddress, SocketChannel> fresh = new ConcurrentHashMap<>();

    Channels(SocketOptions options) {
        this.options = options;
    }

    @Override
    public void configureSocket(SocketChannel channel) {
        options.configureSocket(channel);
        try {
            fresh.put(channel.getRemoteAddress(), channel);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The channel of the connection from there; once.
    SocketChannel take(SocketAddress peer) {
        SocketChannel channel = fresh.remove(peer);
        if (channel == null) {
            throw new CloseConnectionException("the connection has ended");
        }
        return channel;
    }

    /// Forgets those that ended before they said anything.
    void clean() {
        fresh.values().removeIf(channel -> !channel.isOpen());
    }

    @Override
    public Map<SocketOption<?>, Object> socketOptions() {
        return options.socketOptions();
    }

    @Override
    public Duration connectTimeout() {
        return options.connectTimeout();
    }

    @Override
    public Duration readTimeout() {
        return options.readTimeout();
    }

    @Override
    public Optional<Integer> socketReceiveBufferSize() {
        return options.socketReceiveBufferSize();
    }

    @Override
    public Optional<Integer> socketSendBufferSize() {
        return options.socketSendBufferSize();
    }

    @Override
    public boolean socketReuseAddress() {
        return options.socketReuseAddress();
    }

    @Override
    public boolean socketKeepAlive() {
        return options.socketKeepAlive();
    }

    @Override
    public boolean tcpNoDelay() {
        return options.tcpNoDelay();
    }
}
