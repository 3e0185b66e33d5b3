package hero.supervisor.client;

import hero.supervisor.domain.Time;
import hero.supervisor.wire.Json;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One connection to a supervisor: JSON-RPC 2.0 over WebSocket (both directions) or HTTP (calls only). Any number
/// of calls may be open; each is answered when its answer comes. Safe for any thread.
public final class RpcClient implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RpcClient.class);

    /// How a connection ended.
    ///
    /// @param code RFC 6455 §7.4; 1006 when no close frame came, 1000 after [#close()]
    public record Closed(int code, String reason) {}

    /// Takes the server's notifications, in their order, on the thread that reads: be quick, and never wait for an
    /// answer of the same connection inside.
    @FunctionalInterface
    public interface Notifications {
        void notified(String method, @Nullable Object params);

        /// Leaves them unread.
        static Notifications ignored() {
            return (method, params) -> {};
        }
    }

    private final RpcSettings settings;
    private final Notifications notifications;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<Long, CompletableFuture<@Nullable Object>> open = new ConcurrentHashMap<>();
    private final CompletableFuture<Closed> closed = new CompletableFuture<>();
    private final AtomicLong ids = new AtomicLong();
    private final Link link;

    private RpcClient(RpcSettings settings, Time time, Notifications notifications, HttpClient.Builder builder) {
        this.settings = settings;
        this.notifications = notifications;
        HttpClient http = client(builder);
        if (!settings.webSocket()) {
            this.link = new HttpLink(settings, http, time, new Replies());
            return;
        }
        var webSocket = new WebSocketLink(settings, http, time, new Replies());
        this.link = webSocket;
        try {
            webSocket.open();
        } catch (RuntimeException | Error e) {
            http.shutdownNow();
            throw e;
        }
    }

    /// Takes open files and a thread, of which the machine may have none left for a while.
    private HttpClient client(HttpClient.Builder builder) {
        try {
            return builder.version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(settings.connectWithin())
                    .executor(threads)
                    .build();
        } catch (UncheckedIOException | OutOfMemoryError e) {
            Throwable cause = e.getCause();
            throw new ConnectionLost(
                    ConnectionLost.NOBODY,
                    "cannot connect to " + settings.url() + ": " + (cause == null ? e : cause).getMessage());
        }
    }

    /// Connects. [ConnectionLost] when the server is not there or refuses, which over HTTP only shows at the first
    /// call, and when this machine has no room for a connection.
    public static RpcClient connect(RpcSettings settings, Time time, Notifications notifications) {
        return connect(settings, time, notifications, HttpClient.newBuilder());
    }

    /// The same with a client of that builder.
    static RpcClient connect(RpcSettings settings, Time time, Notifications notifications, HttpClient.Builder builder) {
        return new RpcClient(settings, time, notifications, builder);
    }

    /// Calls `method` with parameters by name. The future holds the result as a plain tree, or fails with
    /// [RemoteError] or [ConnectionLost]. Blocks only while too much waits to be sent. Cancelling the future
    /// forgets the call here; the server is not told.
    @SuppressWarnings("FutureReturnValueIgnored") // The dependent that forgets the call has no value.
    public CompletableFuture<@Nullable Object> call(String method, Map<String, ?> params) {
        var answer = new CompletableFuture<@Nullable Object>();
        if (open.size() >= settings.callsMax()) {
            answer.completeExceptionally(new IllegalStateException(
                    "more than " + settings.callsMax() + " calls are open on one connection"));
            return answer;
        }
        long id = ids.incrementAndGet();
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("jsonrpc", "2.0");
        request.put("id", id);
        request.put("method", method);
        request.put("params", params);
        // Through bytes and back: a lone surrogate becomes '?', which the JDK's WebSocket would take for the end.
        String text = new String(Json.bytes(request), StandardCharsets.UTF_8);
        open.put(id, answer);
        answer.whenComplete((result, failure) -> open.remove(id));
        try {
            link.send(id, text);
        } catch (ConnectionLost e) {
            answer.completeExceptionally(e);
        }
        if (closed.isDone()) {
            answer.completeExceptionally(lost(closed.join()));
        }
        return answer;
    }

    /// Completes when the connection ends, whoever ends it. Over HTTP only [#close()] does.
    public CompletableFuture<Closed> closed() {
        return closed.copy();
    }

    /// Calls that wait for their answer.
    public int openCalls() {
        return open.size();
    }

    /// Ends the connection with code 1000; open calls fail. Can be repeated.
    @Override
    public void close() {
        link.close();
    }

    private ConnectionLost lost(Closed how) {
        String why = how.reason().isEmpty() ? "" : ": " + how.reason();
        return new ConnectionLost(
                how.code(), "the connection to " + settings.url() + " ended (" + how.code() + ")" + why);
    }

    private final class Replies implements Link.Sink {
        @Override
        public void received(long id, String text) {
            try {
                Object tree = Json.read(text);
                for (Object message : tree instanceof List<?> batch ? batch : List.of(Tree.object(tree))) {
                    take(id, message);
                }
                failed(id, nonsense("answered another call than this"));
            } catch (IllegalArgumentException e) {
                log.atWarn().addKeyValue("url", settings.url()).log("the server sent no JSON-RPC");
                failed(id, nonsense("sent no JSON-RPC"));
            }
        }

        private ConnectionLost nonsense(String what) {
            return new ConnectionLost(ConnectionLost.PROTOCOL_ERROR, "the server at " + settings.url() + " " + what);
        }

        private void take(long sentId, @Nullable Object message) {
            Map<String, Object> members = Tree.object(message);
            if (members.get("method") instanceof String method) {
                notify(method, members.get("params"));
                return;
            }
            long id = members.get("id") instanceof Number n ? n.longValue() : sentId;
            // Taken out here, in the order of the messages: an end that follows does not overtake an answer.
            CompletableFuture<@Nullable Object> answer = open.remove(id);
            if (answer == null) {
                if (members.containsKey("error")) {
                    log.atWarn()
                            .addKeyValue(
                                    "error",
                                    RemoteError.of(members.get("error")).getMessage())
                            .log("the server answered with an error that belongs to no call");
                }
            } else if (members.containsKey("error")) {
                // Not on this thread: what depends on an answer may block, the reader may not.
                threads.execute(() -> answer.completeExceptionally(RemoteError.of(members.get("error"))));
            } else {
                threads.execute(() -> answer.complete(members.get("result")));
            }
        }

        private void notify(String method, @Nullable Object params) {
            try {
                notifications.notified(method, params);
            } catch (RuntimeException e) {
                log.atError().addKeyValue("method", method).setCause(e).log("a notification could not be handled");
            }
        }

        @Override
        public void failed(long id, RuntimeException why) {
            CompletableFuture<@Nullable Object> answer = open.get(id);
            if (answer != null) {
                answer.completeExceptionally(why);
            }
        }

        @Override
        public void ended(Closed how) {
            if (closed.complete(how)) {
                open.values().forEach(answer -> answer.completeExceptionally(lost(how)));
            }
        }
    }
}
