package hero.supervisor.transport;

import hero.supervisor.api.Peer;
import hero.supervisor.api.ReplyTo;
import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Scope;
import hero.supervisor.domain.Time;
import hero.supervisor.wire.Reply;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A gateway on a free port whose calls are a function of the test. Short times, so that what should end ends
/// soon.
final class TestGateway implements AutoCloseable {
    static final String SECRET = "hsv_usr_good";

    /// A gateway's settings for a test, changed by `with…`.
    record Setup(
            Limits limits,
            Duration heartbeat,
            Duration closeWithin,
            Duration body,
            Set<String> origins,
            boolean anonymous) {
        static Setup standard() {
            return new Setup(
                    TestGateway.limits(
                            1 << 20,
                            256,
                            1 << 20,
                            Duration.ofSeconds(10),
                            Duration.ofSeconds(25),
                            Duration.ofSeconds(10)),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(30),
                    Set.of(),
                    true);
        }

        Setup with(Limits other) {
            return new Setup(other, heartbeat, closeWithin, body, origins, anonymous);
        }

        Setup withHeartbeat(Duration other) {
            return new Setup(limits, other, closeWithin, body, origins, anonymous);
        }

        Setup withCloseWithin(Duration other) {
            return new Setup(limits, heartbeat, other, body, origins, anonymous);
        }

        Setup withBody(Duration other) {
            return new Setup(limits, heartbeat, closeWithin, other, origins, anonymous);
        }

        Setup withOrigins(String... other) {
            return new Setup(limits, heartbeat, closeWithin, body, Set.of(other), anonymous);
        }

        Setup withoutAnonymous() {
            return new Setup(limits, heartbeat, closeWithin, body, origins, false);
        }
    }

    final Gateway gateway;
    final AtomicInteger ends = new AtomicInteger();
    final List<Peer> peers = new CopyOnWriteArrayList<>();
    volatile List<String> notReady = List.of();
    volatile boolean revoked;
    final AtomicInteger secretsRead = new AtomicInteger();

    TestGateway(Setup setup, BiFunction<String, Peer, @Nullable Reply> calls) {
        GatewaySettings settings = new GatewaySettings(
                "127.0.0.1",
                0,
                Set.of("gateway.test"),
                setup.origins(),
                setup.anonymous(),
                setup.limits(),
                setup.heartbeat(),
                Duration.ofSeconds(60),
                setup.body(),
                setup.closeWithin(),
                Duration.ofMillis(50));
        gateway = new Gateway(
                settings,
                answers(calls),
                this::read,
                () -> "{\"openrpc\":\"1.3.2\"}".getBytes(StandardCharsets.UTF_8),
                () -> notReady,
                Time.system());
        gateway.start();
    }

    static TestGateway echo() {
        return echo(Setup.standard());
    }

    static TestGateway echo(Setup setup) {
        return new TestGateway(setup, (text, peer) -> reply(text));
    }

    static Limits limits(int messageBytes, int calls, int queueBytes, Duration write, Duration ping, Duration pong) {
        Limits base = Limits.DEFAULT;
        return limits(base, messageBytes, calls, queueBytes, write, ping, pong, 50, base.handshakeWithin());
    }

    static Limits limits(
            Limits base,
            int messageBytes,
            int calls,
            int queueBytes,
            Duration write,
            Duration ping,
            Duration pong,
            int connections,
            Duration handshake) {
        return new Limits(
                messageBytes,
                base.replyBytes(),
                base.batchItems(),
                base.batchParallel(),
                base.jsonDepth(),
                calls,
                3,
                base.waits(),
                connections,
                queueBytes,
                write,
                ping,
                pong,
                handshake,
                base.nameChars(),
                base.envVars(),
                base.timeoutMaxS(),
                base.timeoutDefaultS(),
                base.storeQueue(),
                base.pullJobs(),
                base.slots(),
                base.subscriptions(),
                base.logBytes(),
                base.logWindow());
    }

    int port() {
        return gateway.port();
    }

    RawWebSocket open() throws IOException {
        return RawWebSocket.open(port());
    }

    static Reply reply(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Reply() {
            @Override
            public void writeTo(OutputStream out) throws IOException {
                out.write(bytes);
            }

            @Override
            public boolean streams() {
                return false;
            }

            @Override
            public byte[] bytes() {
                return bytes;
            }
        };
    }

    /// A reply that is made while it is written.
    interface Writing {
        void writeTo(OutputStream out) throws IOException;
    }

    static Reply streaming(Writing writing) {
        return new Reply() {
            @Override
            public void writeTo(OutputStream out) throws IOException {
                writing.writeTo(out);
            }

            @Override
            public boolean streams() {
                return true;
            }

            @Override
            public byte[] bytes() {
                throw new IllegalStateException("this reply streams");
            }
        };
    }

    private Supplier<Grant> read(String secret) {
        secretsRead.incrementAndGet();
        return () -> grant(secret);
    }

    private Grant grant(String secret) {
        if (!secret.equals(SECRET) || revoked) {
            throw new Refusal(Refusal.Kind.UNAUTHORIZED, "the secret is not valid");
        }
        return new Grant("1", "test", Scope.USER);
    }

    /// A failure becomes an answer that cannot be written.
    private static @Nullable Reply made(Supplier<@Nullable Reply> call) {
        try {
            return call.get();
        } catch (RuntimeException e) {
            return new Reply() {
                @Override
                public void writeTo(OutputStream out) {
                    throw e;
                }

                @Override
                public boolean streams() {
                    return false;
                }

                @Override
                public byte[] bytes() {
                    throw e;
                }
            };
        }
    }

    private Answers answers(BiFunction<String, Peer, @Nullable Reply> calls) {
        return new Answers() {
            @Override
            public boolean answer(byte[] utf8, Peer peer, ReplyTo to) {
                if (!peers.contains(peer)) {
                    peers.add(peer);
                    peer.onEnd(ends::incrementAndGet);
                }
                String text = new String(utf8, StandardCharsets.UTF_8);
                Thread.startVirtualThread(() -> to.reply(made(() -> calls.apply(text, peer)), true));
                return !text.equals("notification");
            }

            @Override
            public byte[] refusal(int code, String kind, String message) {
                return ("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":" + code + ",\"message\":\"" + message
                                + "\",\"data\":{\"kind\":\"" + kind + "\"}},\"id\":null}")
                        .getBytes(StandardCharsets.UTF_8);
            }
        };
    }

    @Override
    public void close() {
        gateway.close();
    }
}
