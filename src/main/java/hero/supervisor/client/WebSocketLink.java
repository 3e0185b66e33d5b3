package hero.supervisor.client;

import hero.supervisor.domain.Time;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// JSON-RPC over the JDK's WebSocket. One virtual thread writes, because the JDK takes one message at a time; the
/// same thread pings and notices silence. Messages are handed on in order by the JDK's reader, one at a time.
final class WebSocketLink implements Link, WebSocket.Listener {
    private static final Duration GOODBYE = Duration.ofSeconds(1);

    /// The JDK's client tells nobody of an end that came before the message ahead of it was taken
    /// (`WebSocketImpl` has an `InternalError` there). So who falls silent behind a message is soon asked for a
    /// sign of life, again and again: the third message to a socket that is closed cannot be sent.
    private static final Duration ASK_AFTER = Duration.ofSeconds(1);

    private final RpcSettings settings;
    private final HttpClient http;
    private final Time time;
    private final Sink sink;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<String> queue = new ArrayDeque<>();
    private long queuedChars;
    private boolean ended;

    /// Only touched by the JDK's reader.
    private final StringBuilder message = new StringBuilder();

    private volatile long heardAtNs;

    /// The last thing heard was a message.
    private volatile boolean unsure;

    private @Nullable WebSocket socket;

    WebSocketLink(RpcSettings settings, HttpClient http, Time time, Sink sink) {
        this.settings = settings;
        this.http = http;
        this.time = time;
        this.sink = sink;
    }

    /// Connects and upgrades; [ConnectionLost] says in words why not.
    void open() {
        var builder = http.newWebSocketBuilder().connectTimeout(settings.connectWithin());
        if (settings.secret() != null) {
            builder.header("Authorization", "Bearer " + settings.secret());
        }
        heardAtNs = time.nanoTime();
        var opening = builder.buildAsync(settings.url(), this);
        try {
            WebSocket open = opening.get(settings.connectWithin().toMillis(), TimeUnit.MILLISECONDS);
            socket = open;
            Thread.ofVirtual().name("rpc-writer").start(() -> write(open));
        } catch (ExecutionException e) {
            throw refusal(e.getCause());
        } catch (TimeoutException e) {
            opening.cancel(true);
            throw new ConnectionLost(
                    ConnectionLost.NOBODY,
                    "the server at " + settings.url() + " did not answer within " + settings.connectWithin());
        } catch (InterruptedException e) {
            opening.cancel(true);
            Thread.currentThread().interrupt();
            throw new ConnectionLost(1006, "interrupted while connecting to " + settings.url());
        }
    }

    private ConnectionLost refusal(@Nullable Throwable cause) {
        if (cause instanceof WebSocketHandshakeException e && e.getResponse() != null) {
            int status = e.getResponse().statusCode();
            String why = switch (status) {
                case 401 -> "refused the secret (HTTP 401)";
                case 403 ->
                    "refused this caller (HTTP 403)" + sentence(e.getResponse().body());
                default -> "refused the WebSocket (HTTP " + status + ")";
            };
            return new ConnectionLost(status, "the server at " + settings.url() + " " + why);
        } else if (cause instanceof ConnectException) {
            return new ConnectionLost(ConnectionLost.NOBODY, "there is no server at " + settings.url());
        }
        String detail = cause == null || cause.getMessage() == null ? "" : ": " + cause.getMessage();
        return new ConnectionLost(ConnectionLost.NOBODY, "cannot connect to " + settings.url() + detail);
    }

    /// What a server of ours says of it; nothing when it was somebody else.
    private static String sentence(@Nullable Object body) {
        if (!(body instanceof String text) || !text.stripLeading().startsWith("{")) {
            return "";
        }
        try {
            return ": "
                    + RemoteError.of(Tree.object(Tree.parse(text)).get("error")).getMessage();
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    @Override
    public void send(long id, String text) {
        lock.lock();
        try {
            while (!ended && queuedChars > 0 && queuedChars + text.length() > settings.sendBytesMax()) {
                changed.awaitUninterruptibly();
            }
            if (ended) {
                throw new ConnectionLost(1006, "the connection to " + settings.url() + " is closed");
            }
            queue.add(text);
            queuedChars += text.length();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void write(WebSocket open) {
        long pingedAtNs = time.nanoTime();
        try {
            while (true) {
                String text = next();
                long nowNs = time.nanoTime();
                if (nowNs - heardAtNs > settings.deadAfter().toNanos()) {
                    end(1006, "no sign of life from the server for " + settings.deadAfter());
                    return;
                }
                if (isPingDue(nowNs, pingedAtNs)) {
                    pingedAtNs = nowNs;
                    finish(open.sendPing(ByteBuffer.allocate(0)));
                }
                if (text != null) {
                    finish(open.sendText(text, true));
                    sent(text);
                } else if (isEnded()) {
                    return;
                }
            }
        } catch (ExecutionException | TimeoutException e) {
            end(1006, "a message could not be sent");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end(1006, "interrupted");
        }
    }

    private boolean isPingDue(long nowNs, long pingedAtNs) {
        long sincePingNs = nowNs - pingedAtNs;
        return sincePingNs >= settings.pingEvery().toNanos()
                || (unsure && Math.min(sincePingNs, nowNs - heardAtNs) >= ASK_AFTER.toNanos());
    }

    /// A peer that takes nothing for so long is dead: the limit of silence holds in both directions.
    private void finish(CompletionStage<WebSocket> sending)
            throws ExecutionException, InterruptedException, TimeoutException {
        sending.toCompletableFuture().get(settings.deadAfter().toMillis(), TimeUnit.MILLISECONDS);
    }

    /// The next message, or null when it is time to ping or the connection has ended.
    private @Nullable String next() throws InterruptedException {
        lock.lock();
        try {
            long leftNs = pauseNs();
            while (queue.isEmpty() && !ended && leftNs > 0) {
                leftNs = Math.min(changed.awaitNanos(leftNs), pauseNs());
            }
            return ended ? null : queue.poll();
        } finally {
            lock.unlock();
        }
    }

    private long pauseNs() {
        long everyNs = settings.pingEvery().toNanos();
        return unsure ? Math.min(everyNs, ASK_AFTER.toNanos()) : everyNs;
    }

    private void sent(String text) {
        lock.lock();
        try {
            queuedChars -= text.length();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean isEnded() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    private void end(int code, String reason) {
        lock.lock();
        try {
            if (ended) {
                return;
            }
            ended = true;
            queue.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        WebSocket open = socket;
        if (open != null && code == 1006) {
            open.abort();
        }
        sink.ended(new RpcClient.Closed(code, reason));
        http.shutdown();
    }

    @Override
    public void close() {
        WebSocket open = socket;
        if (open != null && !open.isOutputClosed()) {
            try {
                open.sendClose(WebSocket.NORMAL_CLOSURE, "")
                        .toCompletableFuture()
                        .get(GOODBYE.toMillis(), TimeUnit.MILLISECONDS);
            } catch (ExecutionException | TimeoutException e) {
                // Not worth a word: the connection is given up in any case.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        end(WebSocket.NORMAL_CLOSURE, "closed by this side");
        if (open != null) {
            open.abort();
        }
        http.shutdownNow();
    }

    // ---- the JDK's reader ----

    @Override
    public void onOpen(WebSocket open) {
        open.request(1);
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket open, CharSequence part, boolean last) {
        heardAtNs = time.nanoTime();
        becomeUnsure();
        if (message.length() + part.length() > settings.messageBytesMax()) {
            end(1006, "the server sent a message above " + settings.messageBytesMax() + " bytes");
            return null;
        }
        if (last && message.isEmpty()) {
            sink.received(0, part.toString());
        } else {
            message.append(part);
            if (last) {
                String whole = message.toString();
                message.setLength(0);
                message.trimToSize();
                sink.received(0, whole);
            }
        }
        open.request(1);
        return null;
    }

    private void becomeUnsure() {
        if (unsure) {
            return;
        }
        lock.lock();
        try {
            unsure = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public @Nullable CompletionStage<?> onBinary(WebSocket open, ByteBuffer data, boolean last) {
        end(1006, "the server sent a binary message");
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onPing(WebSocket open, ByteBuffer data) {
        heardAtNs = time.nanoTime();
        open.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onPong(WebSocket open, ByteBuffer data) {
        heardAtNs = time.nanoTime();
        unsure = false;
        open.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket open, int code, String reason) {
        end(code, reason);
        return null;
    }

    @Override
    public void onError(WebSocket open, Throwable error) {
        end(1006, "the connection broke off");
    }
}
