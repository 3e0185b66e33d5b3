package hero.supervisor.transport;

import hero.supervisor.api.Peer;
import hero.supervisor.api.ReplyTo;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import io.helidon.common.buffers.BufferData;
import io.helidon.websocket.WsListener;
import io.helidon.websocket.WsSession;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/// An echo endpoint on the gateway's WebSocket engine, for Autobahn, `ws` or a browser: what comes as text goes
/// back as text, binary as binary, messages up to 64 MiB. It serves the paths `/` and `/rpc` on 127.0.0.1 until
/// it is ended.
///
/// ```
/// mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
/// java -cp target/test-classes:target/classes:$(cat target/classpath) hero.supervisor.transport.EchoServer 9001
/// wstest -m fuzzingclient -s spec.json        # with "servers": [{"url": "ws://127.0.0.1:9001"}]
/// ```
///
/// Java must be 25 or newer. The argument is the port; without one any free port is taken. The URL is printed.
public final class EchoServer {
    private EchoServer() {}

    /// Runs until it is ended from outside.
    public static void main(String[] args) throws InterruptedException {
        try (Gateway gateway = gateway(args.length == 0 ? 0 : Integer.parseInt(args[0]))) {
            System.out.println("ws://127.0.0.1:" + gateway.port() + "/");
            new CountDownLatch(1).await();
        }
    }

    /// A started gateway that echoes on its WebSocket paths.
    static Gateway gateway(int port) {
        Limits limits = Limits.DEFAULT.withMessageBytes(64 << 20);
        Gateway gateway = new Gateway(
                GatewaySettings.of("127.0.0.1", port, limits).withAccess(Set.of(), Set.of(), true),
                new NoAnswers(),
                secret -> {
                    throw new IllegalStateException("an echo knows no secrets");
                },
                () -> new byte[] {'{', '}'},
                List::of,
                Time.system(),
                (prologue, headers, subProtocols, peer) -> new Echo());
        gateway.start();
        return gateway;
    }

    private static final class Echo implements WsListener {
        @Override
        public void onMessage(WsSession session, String text, boolean last) {
            session.send(text, true);
        }

        @Override
        public void onMessage(WsSession session, BufferData bytes, boolean last) {
            session.send(bytes, true);
        }
    }

    private static final class NoAnswers implements Answers {
        @Override
        public boolean answer(byte[] utf8, Peer peer, ReplyTo to) {
            to.reply(null, false);
            return false;
        }

        @Override
        public byte[] refusal(int code, String kind, String message) {
            return new byte[] {'{', '}'};
        }
    }
}
