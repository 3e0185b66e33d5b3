package hero.supervisor.transport;

import hero.supervisor.domain.Grant;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Time;
import hero.supervisor.transport.websocket.Denied;
import hero.supervisor.transport.websocket.Door;
import hero.supervisor.transport.websocket.Sockets;
import hero.supervisor.transport.websocket.Upgrade;
import io.helidon.common.socket.SocketOptions;
import io.helidon.service.registry.GlobalServiceRegistry;
import io.helidon.service.registry.ServiceRegistryConfig;
import io.helidon.service.registry.ServiceRegistryManager;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.http1.Http1ConnectionSelectorConfig;
import io.helidon.websocket.WsCloseCodes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The server's outer wall: JSON-RPC over HTTP and WebSocket on one port, probes and the OpenRPC document
/// (contract §1).
/// `start`, then perhaps `drain`, then `close`; each from one thread.
public final class Gateway implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);
    private static final String SUB_PROTOCOL = "jsonrpc";
    private static final Set<String> SOCKET_PATHS = Set.of("/rpc", "/");
    /// So many connections above the limit are accepted to be told 503; further ones wait in the backlog.
    private static final int REFUSED_AT_ONCE_MAX = 128;
    private static final int DRAIN_STEPS = 10;
    private static final Duration LAST_ANSWERS = Duration.ofMillis(200);
    /// The earliest that somebody is asked to come back.
    private static final long RETRY_FIRST_MS = 100;
    /// So many may come back within a second, and nobody is asked to wait longer than the last.
    private static final int RETRIES_PER_S = 1000;
    private static final long RETRY_LAST_MS = 10_000;
    /// The watchdog looks at all connections about once a second; one that has not for so long is stuck.
    private static final Duration STUCK_AFTER = Duration.ofSeconds(30);
    /// Those that either side may send, RFC 6455 §7.4 and ours; each is a label of a metric.
    private static final Set<String> CLOSE_CODES = Set.of(
            "1000", "1001", "1002", "1003", "1005", "1006", "1007", "1008", "1009", "1010", "1011", "1012", "1013",
            "4000", "4002", "4003", "4401");

    private final GatewaySettings settings;
    private final Time time;
    private final ExecutorService executor;
    private final ScheduledExecutorService watchdog;
    private final Sockets sockets;
    private final Lines lines;
    private final WebServer server;
    private final Waits waits;
    private final Set<SocketPeer> peers = ConcurrentHashMap.newKeySet();
    private final Tally rejected = new Tally(Set.of("bad_request", "unauthorized", "forbidden", "unavailable"));
    private final Tally closed = new Tally(CLOSE_CODES);
    private volatile boolean draining;
    private volatile long beatenNanos;
    private @Nullable ScheduledFuture<?> beats;

    static {
        // Helidon looks through the class path for services of its own, of which we use none: a twentieth of the
        // time until a server is ready.
        GlobalServiceRegistry.registry(() -> ServiceRegistryManager.create(ServiceRegistryConfig.builder()
                        .discoverServices(false)
                        .discoverServicesFromServiceLoader(false)
                        .build())
                .registry());
    }

    /// `secrets` reads a secret; what it gives tells what that proves now, or throws a `Refusal`. `document` is
    /// `openrpc.json`; `notReady` names in plain words what is missing for readiness, an empty list when nothing
    /// is. All are called from many threads.
    public Gateway(
            GatewaySettings settings,
            Answers answers,
            Function<String, Supplier<Grant>> secrets,
            Supplier<byte[]> document,
            Supplier<List<String>> notReady,
            Time time) {
        this(settings, answers, secrets, document, notReady, time, null);
    }

    /// With all that it can show of the process.
    public Gateway(
            GatewaySettings settings,
            Answers answers,
            Function<String, Supplier<Grant>> secrets,
            Probes probes,
            Time time) {
        this(settings, answers, secrets, probes, time, null);
    }

    /// With another endpoint than JSON-RPC on the WebSocket paths; `null` for JSON-RPC.
    Gateway(
            GatewaySettings settings,
            Answers answers,
            Function<String, Supplier<Grant>> secrets,
            Supplier<byte[]> document,
            Supplier<List<String>> notReady,
            Time time,
            @Nullable Door otherDoor) {
        this(settings, answers, secrets, Probes.of(document, notReady), time, otherDoor);
    }

    private Gateway(
            GatewaySettings settings,
            Answers answers,
            Function<String, Supplier<Grant>> secrets,
            Probes probes,
            Time time,
            @Nullable Door otherDoor) {
        this.time = time;
        this.beatenNanos = time.nanoTime();
        this.settings = settings;
        Limits limits = settings.limits();
        this.executor = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("call-", 0).factory());
        this.watchdog = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("gateway-watchdog").factory());
        this.sockets = new Sockets(
                limits,
                settings.closeWithin(),
                executor,
                time,
                () -> Line.CURRENT.get().channel());
        this.waits = new Waits(limits.waits(), null);
        InetAddress address = addressOf(settings.bind());
        Guard guard = new Guard(settings, address.isLoopbackAddress(), secrets, answers);
        Door door = otherDoor == null ? door(guard, answers) : otherDoor;
        // Small answers go out at once: Nagle's algorithm and a peer's delayed ACK would cost 40 ms each.
        Channels channels =
                new Channels(SocketOptions.builder().tcpNoDelay(true).build());
        this.lines = new Lines(channels, limits, settings.bodyWithin(), time);
        lines.serve(http(new Upgrade(SOCKET_PATHS, SUB_PROTOCOL, door, sockets)));
        Routes routes = new Routes(
                guard,
                new HttpRpc(settings, answers, waits),
                new Pages(probes, answers, this::stuck, this::down),
                answers,
                () -> draining);
        this.server = server(address, channels, routes);
    }

    private static InetAddress addressOf(String bind) {
        try {
            return InetAddress.getByName(bind);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(
                    "the address '" + bind + "' to listen on is not known; use 127.0.0.1 or 0.0.0.0 with --bind", e);
        }
    }

    private Door door(Guard guard, Answers answers) {
        AtomicLong ids = new AtomicLong();
        Door inner = (prologue, headers, subProtocols, peer) -> {
            if (draining) {
                throw Routes.unavailable(
                        answers.refusal(-32007, "shutting_down", "the server is shutting down; try another one"));
            }
            if (Line.CURRENT.get().overLimit()) {
                throw Routes.unavailable(answers.refusal(
                        -32005, "busy", "the server has all the connections it may have; try again later"));
            }
            Passage passage = guard.judge(headers, prologue.query(), subProtocols, peer);
            return new SocketPeer(
                    "ws-" + ids.incrementAndGet(), passage, answers, executor, settings.limits(), waits, peers, closed);
        };
        return (prologue, headers, subProtocols, peer) -> {
            try {
                return inner.open(prologue, headers, subProtocols, peer);
            } catch (Denied denied) {
                rejected.add(reasonOf(denied.status()));
                throw denied;
            }
        };
    }

    private static String reasonOf(int status) {
        return switch (status) {
            case 400 -> "bad_request";
            case 401 -> "unauthorized";
            case 403 -> "forbidden";
            case 503 -> "unavailable";
            default -> Tally.OTHER;
        };
    }

    /// HTTP/1.1 without Helidon's own wire logs, which would show secrets.
    @SuppressWarnings("removal")
    private Http1ConnectionSelector http(Upgrade upgrade) {
        Http1Config config = Http1Config.builder()
                .addReceiveListener(lines)
                .receiveLog(false)
                .sendLog(false)
                .build();
        Http1ConnectionSelectorConfig.Builder builder =
                Http1ConnectionSelector.builder().config(config);
        return builder.addUpgraders(upgrade.everySpelling()).build();
    }

    /// Blocking sockets rather than Helidon's NIO ones: half the buffers per idle connection, and one system call
    /// for a write instead of one per 8 KiB.
    private WebServer server(InetAddress address, Channels channels, Routes routes) {
        return WebServer.builder()
                .address(address)
                .port(settings.port())
                .addConnectionSelector(lines)
                .protocolsDiscoverServices(false)
                .featuresDiscoverServices(false)
                .shutdownHook(false)
                .useNio(false)
                .connectionOptions(channels)
                .maxTcpConnections(settings.limits().connections() + REFUSED_AT_ONCE_MAX)
                .idleConnectionTimeout(settings.keepAlive())
                .idleConnectionPeriod(settings.keepAlive().dividedBy(4))
                .shutdownGracePeriod(Duration.ofMillis(100))
                .directHandlers(routes.early())
                .routing(routes.routing())
                .build();
    }

    /// Listens. `IllegalStateException` with a sentence for people when the port cannot be had.
    public void start() {
        try {
            probe();
            server.start();
        } catch (IOException | RuntimeException e) {
            close();
            throw new IllegalStateException(sentence(), e);
        }
        if (!server.isRunning()) {
            close();
            throw new IllegalStateException(sentence());
        }
        long beatMs = settings.beatEvery().toMillis();
        beats = watchdog.scheduleAtFixedRate(this::beat, beatMs, beatMs, TimeUnit.MILLISECONDS);
        LOG.atInfo()
                .addKeyValue("bind", settings.bind())
                .addKeyValue("port", port())
                .log("gateway listens");
    }

    /// Helidon only logs that a port cannot be had, and comes back from `start` as if nothing were wrong: asked
    /// before.
    private void probe() throws IOException {
        if (settings.port() != 0) {
            try (ServerSocket socket = new ServerSocket()) {
                socket.setReuseAddress(true);
                socket.bind(new InetSocketAddress(addressOf(settings.bind()), settings.port()));
            }
        }
    }

    private String sentence() {
        return "cannot listen on " + settings.bind() + " port " + settings.port()
                + ": another program has the port, or it is not allowed; stop that program or choose another port with"
                + " --port";
    }

    /// The port that is listened on.
    public int port() {
        return server.port();
    }

    /// WebSocket connections that have not ended.
    public int socketCount() {
        return sockets.count();
    }

    /// Bytes that wait to be written to WebSockets.
    public long queuedBytes() {
        return sockets.queuedBytes();
    }

    /// WebSocket peers given up so far because they did not read.
    public long slowCount() {
        return sockets.slowCount();
    }

    /// WebSocket handshakes refused so far, by reason.
    Tally rejected() {
        return rejected;
    }

    /// WebSockets ended so far, by close code.
    Tally closed() {
        return closed;
    }

    /// Why the process should be started anew; empty while it is alive.
    private String stuck() {
        if (!server.isRunning()) {
            return "";
        } else if (time.nanoTime() - beatenNanos > STUCK_AFTER.toNanos()) {
            return "the watchdog of the connections has stood still for more than 30 s";
        }
        boolean reads = sockets.standsStill().compareTo(STUCK_AFTER) <= 0;
        return reads ? "" : "a thread that reads the WebSockets has stood still for more than 30 s";
    }

    /// What the listener itself lacks for readiness, by check.
    private Map<String, String> down() {
        Map<String, String> checks = new LinkedHashMap<>();
        checks.put("listener", server.isRunning() ? "" : "the listener does not run");
        checks.put("draining", draining ? "the server is shutting down" : "");
        return checks;
    }

    /// TCP connections of all kinds.
    public int connectionCount() {
        return lines.count();
    }

    /// Calls that wait for a job or for work, on all connections.
    public int waitCount() {
        return waits.count();
    }

    /// Closes (4401) the WebSockets that carry one of these secrets: they were revoked or have expired.
    public void closeOf(Set<String> secretIds) {
        peers.forEach(peer -> peer.closeIfGrantedBy(secretIds));
    }

    private void beat() {
        try {
            sockets.beat();
            lines.beat();
            beatenNanos = time.nanoTime();
            peers.forEach(
                    peer -> peer.closeUnknown(beatenNanos, settings.limits().handshakeWithin()));
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("watchdog failed");
        }
    }

    /// Refuses new work with 503, closes all WebSockets with 1012 evenly over `spread`, then waits until
    /// everybody has gone, `within` at most. Nobody there, nothing to wait for. Each socket is told when to come
    /// back (`retry_after_ms=N` in the reason), so that not all do at once. Calls that are at work, and those that
    /// have just been told that we leave, get a moment for their answers first.
    public void drain(Duration spread, Duration within) throws InterruptedException {
        draining = true;
        CountDownLatch never = new CountDownLatch(1);
        long stepMs = spread.toMillis() / DRAIN_STEPS;
        if (sockets.count() > 0) {
            never.await(Math.min(stepMs, LAST_ANSWERS.toMillis()), TimeUnit.MILLISECONDS);
        }
        Supplier<String> reasons = restarts(sockets.count());
        for (int step = 0; step < DRAIN_STEPS && sockets.count() > 0; step++) {
            sockets.close(WsCloseCodes.SERVICE_RESTART, reasons, 1.0 / (DRAIN_STEPS - step));
            never.await(stepMs, TimeUnit.MILLISECONDS);
        }
        long waitMs = Math.max(1, within.toMillis() / 100);
        for (int i = 0; i < 100 && sockets.count() + lines.busyCount() > 0; i++) {
            never.await(waitMs, TimeUnit.MILLISECONDS);
        }
    }

    private static Supplier<String> restarts(int count) {
        long windowMs = Math.max(RETRY_FIRST_MS, Math.min(RETRY_LAST_MS, count * 1000L / RETRIES_PER_S));
        AtomicLong told = new AtomicLong();
        return () -> "server restarts; retry_after_ms="
                + (RETRY_FIRST_MS + told.getAndIncrement() % Math.max(1, count) * windowMs / Math.max(1, count));
    }

    /// Ends what is left and frees the port. May be called twice.
    @Override
    public void close() {
        draining = true;
        if (beats != null) {
            beats.cancel(false);
        }
        watchdog.shutdownNow();
        sockets.endAll();
        server.stop();
        sockets.close();
        executor.shutdown();
    }
}
