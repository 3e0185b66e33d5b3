package hero.supervisor.browser;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.graalvm.polyglot.Context;
import org.graalvm.polyglot.HostAccess;
import org.graalvm.polyglot.Source;
import org.graalvm.polyglot.Value;
import org.graalvm.polyglot.proxy.ProxyExecutable;
import org.jspecify.annotations.Nullable;

/// JavaScript as a page has it: one thread, timers, a WebSocket and fetch, with `client.js` loaded. A test runs
/// pieces of a program in it. What a page gets from its browser is in `platform.js`; here is what that needs.
public final class JavaScriptRealm implements AutoCloseable {
    private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("page").factory());
    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<Integer, Future<?>> timers = new ConcurrentHashMap<>();
    private final AtomicInteger lastTimer = new AtomicInteger();
    private final Context context;

    public JavaScriptRealm() {
        context = Context.newBuilder("js")
                .allowHostAccess(HostAccess.ALL)
                .allowExperimentalOptions(true)
                .option("engine.WarnInterpreterOnly", "false")
                .option("js.esm-eval-returns-exports", "true")
                .build();
        onLoop(() -> {
            context.getBindings("js").putMember("host", this);
            context.eval(Source.create("js", text("/browser/platform.js")));
            Value module = context.eval(Source.newBuilder("js", text("/console/client.js"), "client.js")
                    .mimeType("application/javascript+module")
                    .buildLiteral());
            for (String name : module.getMemberKeys()) {
                context.getBindings("js").putMember(name, module.getMember(name));
            }
            return "";
        });
    }

    /// Runs the statements as the body of an async function that knows `given`; what they return, as JSON.
    public String run(String statements, Map<String, String> given) {
        CompletableFuture<String> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                given.forEach((name, value) -> context.getBindings("js").putMember(name, value));
                Value outcome = context.eval(
                        "js",
                        "(async () => {" + statements + "})().then(JSON.stringify,"
                                + " (error) => `${error.name}: ${error.message}`)");
                ProxyExecutable settled = said -> done.complete(said[0].isString() ? said[0].asString() : "undefined");
                outcome.invokeMember("then", settled);
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        return done.orTimeout(60, TimeUnit.SECONDS).join();
    }

    private String onLoop(Callable<String> work) {
        try {
            return loop.submit(work).get(60, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException("the page did not load", e);
        }
    }

    private static String text(String resource) {
        try (InputStream in = JavaScriptRealm.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("no " + resource);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- called by platform.js, on the page's thread ----

    public int later(double ms, Value then) {
        int timer = lastTimer.incrementAndGet();
        timers.put(timer, loop.schedule(() -> then.executeVoid(), (long) ms, TimeUnit.MILLISECONDS));
        return timer;
    }

    public int often(double ms, Value then) {
        int timer = lastTimer.incrementAndGet();
        long period = (long) ms;
        timers.put(timer, loop.scheduleAtFixedRate(() -> then.executeVoid(), period, period, TimeUnit.MILLISECONDS));
        return timer;
    }

    public void cancel(int timer) {
        Future<?> future = timers.remove(timer);
        if (future != null) {
            future.cancel(false);
        }
    }

    public Way socket(String url, Value events) {
        Way way = new Way(events);
        http.newWebSocketBuilder().buildAsync(URI.create(url), way).whenComplete((socket, failure) -> {
            if (failure == null) {
                way.opened(socket);
            } else {
                way.closed(1006, "");
            }
        });
        return way;
    }

    public void post(String url, List<String> headers, String body, Value answered, Value failed) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .headers(headers.toArray(String[]::new))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        http.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .whenComplete((answer, failure) -> soon(() -> {
                    if (failure == null) {
                        answered.executeVoid(answer.statusCode(), answer.body());
                    } else {
                        failed.executeVoid(String.valueOf(failure.getMessage()));
                    }
                }));
    }

    /// On the page's thread, behind what it does now; not at all when the page is gone.
    private void soon(Runnable work) {
        try {
            loop.execute(work);
        } catch (RejectedExecutionException e) {
            // The page was closed, and nobody is there to be told.
            http.shutdown();
        }
    }

    @Override
    public void close() {
        loop.shutdownNow();
        http.shutdownNow();
        context.close(true);
    }

    /// One WebSocket of the page. Sending is in order: each message waits for the one before.
    public final class Way implements WebSocket.Listener {
        private final Value events;
        private final CompletableFuture<WebSocket> open = new CompletableFuture<>();
        private final StringBuilder text = new StringBuilder();
        private CompletableFuture<WebSocket> last = open;

        Way(Value events) {
            this.events = events;
        }

        void opened(WebSocket socket) {
            soon(() -> {
                events.getMember("open").executeVoid();
                open.complete(socket);
            });
        }

        void closed(int code, String reason) {
            soon(() -> events.getMember("close").executeVoid(code, reason));
        }

        public void send(String message) {
            last = last.thenCompose(socket -> socket.sendText(message, true));
        }

        public void close(int code) {
            last = last.thenCompose(socket -> socket.sendClose(code, ""));
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean whole) {
            text.append(data);
            if (whole) {
                String message = text.toString();
                text.setLength(0);
                soon(() -> events.getMember("message").executeVoid(message));
            }
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            closed(code, reason);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable failure) {
            closed(1006, "");
        }
    }
}
