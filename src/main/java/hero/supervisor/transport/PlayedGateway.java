package hero.supervisor.transport;

import hero.supervisor.api.Peer;
import hero.supervisor.api.ReplyTo;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import hero.supervisor.wire.RpcError;
import io.helidon.common.buffers.BufferData;
import io.helidon.http.HeaderNames;
import io.helidon.websocket.WsListener;
import io.helidon.websocket.WsSession;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The gateway's WebSocket engine on 127.0.0.1 without the gateway's methods: whoever opens it plays the server's
/// side of each connection by hand, and may misbehave. No database. Safe for any thread.
public final class PlayedGateway implements AutoCloseable {
    private static final String BEARER = "Bearer ";

    private final Gateway gateway;

    /// One connection, from this side.
    public interface Socket {
        /// Sends a text message. Does nothing on a connection that has ended.
        void send(String text);

        /// Begins the closing handshake.
        void close(int code, String reason);

        /// Ends the TCP connection without a word.
        void cut();
    }

    /// What the other side says, on the thread that reads the connection: as long as a call does not return,
    /// nothing more is read, and pings stay unanswered.
    public interface Listener {
        void said(String text);

        /// Called once. 1006 when there was no closing handshake.
        void ended(int code, String reason);
    }

    /// Who plays.
    @FunctionalInterface
    public interface House {
        /// @param bearer the secret of the header `Authorization: Bearer`, if there was one
        Listener enter(Socket socket, @Nullable String bearer);
    }

    private PlayedGateway(Gateway gateway) {
        this.gateway = gateway;
    }

    /// Listens on `port`, 0 for any free one. `IllegalStateException` with a sentence for people when it cannot.
    public static PlayedGateway start(int port, Limits limits, Time time, House house) {
        Gateway gateway = new Gateway(
                GatewaySettings.of("127.0.0.1", port, limits).withAccess(Set.of(), Set.of(), true),
                new NoAnswers(),
                secret -> {
                    throw new IllegalStateException("the door judges secrets here");
                },
                () -> new byte[] {'{', '}'},
                List::of,
                time,
                (prologue, headers, subProtocols, peer) -> new Ear(
                        house,
                        headers.first(HeaderNames.AUTHORIZATION)
                                .filter(value -> value.startsWith(BEARER))
                                .map(value -> value.substring(BEARER.length()).strip())
                                .orElse(null)));
        gateway.start();
        return new PlayedGateway(gateway);
    }

    public int port() {
        return gateway.port();
    }

    @Override
    public void close() {
        gateway.close();
    }

    private record Wire(WsSession session) implements Socket {
        @Override
        public void send(String text) {
            session.send(text, true);
        }

        @Override
        public void close(int code, String reason) {
            session.close(code, reason);
        }

        @Override
        public void cut() {
            session.terminate();
        }
    }

    /// Helidon's view of one connection.
    private static final class Ear implements WsListener {
        private final House house;
        private final @Nullable String bearer;
        private final AtomicReference<@Nullable Listener> listener = new AtomicReference<>();

        Ear(House house, @Nullable String bearer) {
            this.house = house;
            this.bearer = bearer;
        }

        @Override
        public void onOpen(WsSession session) {
            listener.set(house.enter(new Wire(session), bearer));
        }

        @Override
        public void onMessage(WsSession session, String text, boolean last) {
            Listener mine = listener.get();
            if (mine != null) {
                mine.said(text);
            }
        }

        @Override
        public void onMessage(WsSession session, BufferData bytes, boolean last) {
            onMessage(session, new String(bytes.readBytes(), StandardCharsets.UTF_8), last);
        }

        @Override
        public void onClose(WsSession session, int code, String reason) {
            Listener mine = listener.get();
            if (mine != null) {
                mine.ended(code, reason);
            }
        }
    }

    /// There are no methods over HTTP here.
    private static final class NoAnswers implements Answers {
        @Override
        public boolean answer(byte[] utf8, Peer peer, ReplyTo to) {
            to.reply(null, false);
            return false;
        }

        @Override
        public byte[] refusal(int code, String kind, String message) {
            return RpcError.bare(code, kind, message);
        }
    }
}
