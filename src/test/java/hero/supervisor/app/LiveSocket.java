package hero.supervisor.app;

import hero.supervisor.wire.Json;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A WebSocket of the JDK on `/rpc`. Answers go to the calls that they belong to, everything else into a queue.
public final class LiveSocket implements AutoCloseable, WebSocket.Listener {
    private static final int WITHIN_S = 20;

    private final ConcurrentHashMap<Integer, CompletableFuture<Told>> calls = new ConcurrentHashMap<>();
    private final BlockingQueue<String> others = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final AtomicInteger ids = new AtomicInteger();
    private final StringBuilder partial = new StringBuilder();
    private @Nullable WebSocket socket;

    private LiveSocket() {}

    static LiveSocket open(HttpClient http, int port) {
        LiveSocket live = new LiveSocket();
        live.socket = http.newWebSocketBuilder()
                .buildAsync(URI.create("ws://127.0.0.1:" + port + "/rpc"), live)
                .join();
        return live;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
        partial.append(data);
        if (last) {
            String text = partial.toString();
            partial.setLength(0);
            heard(text);
        }
        from.request(1);
        return null;
    }

    private void heard(String text) {
        Object tree = Json.read(text);
        if (tree instanceof Map<?, ?> object && object.get("id") instanceof Integer id) {
            CompletableFuture<Told> call = calls.remove(id);
            if (call != null) {
                call.complete(Told.of(text));
                return;
            }
        }
        others.add(text);
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
        end(code);
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
        end(1006);
    }

    private void end(int code) {
        closed.complete(code);
        calls.values().forEach(call -> call.completeExceptionally(new IllegalStateException("closed with " + code)));
    }

    private WebSocket open() {
        if (socket == null) {
            throw new IllegalStateException("not open");
        }
        return socket;
    }

    /// Sends a message as it stands.
    public synchronized void send(String text) {
        open().sendText(text, true).join();
    }

    /// Sends a call by name; its answer comes when it comes.
    public CompletableFuture<Told> begin(String method, @Nullable Object params) {
        int id = ids.incrementAndGet();
        CompletableFuture<Told> answer = new CompletableFuture<>();
        calls.put(id, answer);
        send(LiveGateway.request(String.valueOf(id), method, params));
        return answer;
    }

    /// Sends a call by name and waits for its answer.
    public Told call(String method, @Nullable Object params) {
        return within(begin(method, params));
    }

    /// The next message that answers no call.
    public String next() throws InterruptedException {
        String text = others.poll(WITHIN_S, TimeUnit.SECONDS);
        if (text == null) {
            throw new AssertionError("nothing came");
        }
        return text;
    }

    /// Likewise, however long it takes; `IllegalStateException` when the connection ends.
    String awaitNext() throws InterruptedException {
        while (isOpen()) {
            String text = others.poll(1, TimeUnit.SECONDS);
            if (text != null) {
                return text;
            }
        }
        throw new IllegalStateException("closed");
    }

    /// True while neither side has closed it.
    public boolean isOpen() {
        return !closed.isDone();
    }

    /// The code that the server closed it with.
    public int closeCode() {
        return within(closed);
    }

    /// What a future holds, which has to be there soon.
    static <T> T within(CompletableFuture<T> future) {
        try {
            return future.get(WITHIN_S, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("nothing came within " + WITHIN_S + " s", e);
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Ends it without a closing handshake, as a client that dies.
    @Override
    public void close() {
        open().abort();
        end(1006);
    }
}
