package hero.supervisor.client;

import hero.supervisor.domain.Time;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// JSON-RPC over HTTP: one POST per call, connections kept and shared by the JDK's client.
final class HttpLink implements Link {
    private final RpcSettings settings;
    private final HttpClient http;
    private final Time time;
    private final Sink sink;

    HttpLink(RpcSettings settings, HttpClient http, Time time, Sink sink) {
        this.settings = settings;
        this.http = http;
        this.time = time;
        this.sink = sink;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // What depends on the answer hands it on itself.
    public void send(long id, String text) {
        var request = HttpRequest.newBuilder(settings.url())
                .header("Content-Type", "application/json")
                .header("Accept", "application/json")
                .timeout(settings.answerWithin())
                .POST(HttpRequest.BodyPublishers.ofString(text));
        if (settings.secret() != null) {
            request.header("Authorization", "Bearer " + settings.secret());
        }
        var heardAtNs = new AtomicLong(time.nanoTime());
        var call = http.sendAsync(request.build(), info -> {
            heardAtNs.set(time.nanoTime());
            return new Heard(heardAtNs);
        });
        call.whenComplete((response, failure) -> settle(id, response, failure));
        watch(call, heardAtNs, settings.deadAfter());
    }

    /// The server sends a blank now and then while a call takes its time: one that is silent for too long is gone,
    /// though the socket may not know.
    @SuppressWarnings("FutureReturnValueIgnored") // The timer goes with its call.
    private void watch(CompletableFuture<?> call, AtomicLong heardAtNs, Duration pause) {
        var timer = new CompletableFuture<@Nullable Void>();
        timer.thenRun(() -> {
            Duration left = settings.deadAfter().minusNanos(time.nanoTime() - heardAtNs.get());
            if (left.isPositive()) {
                watch(call, heardAtNs, left.plusMillis(1));
            } else {
                call.cancel(true);
            }
        });
        timer.completeOnTimeout(null, pause.toMillis(), TimeUnit.MILLISECONDS);
        call.whenComplete((response, failure) -> timer.cancel(false));
    }

    /// The body as text; each piece of it is a sign of life.
    private final class Heard implements HttpResponse.BodySubscriber<String> {
        private final HttpResponse.BodySubscriber<String> text =
                HttpResponse.BodySubscribers.ofString(StandardCharsets.UTF_8);
        private final AtomicLong heardAtNs;

        Heard(AtomicLong heardAtNs) {
            this.heardAtNs = heardAtNs;
        }

        @Override
        public CompletionStage<String> getBody() {
            return text.getBody();
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            text.onSubscribe(subscription);
        }

        @Override
        public void onNext(List<ByteBuffer> piece) {
            heardAtNs.set(time.nanoTime());
            text.onNext(piece);
        }

        @Override
        public void onError(Throwable failure) {
            text.onError(failure);
        }

        @Override
        public void onComplete() {
            text.onComplete();
        }
    }

    private void settle(long id, @Nullable HttpResponse<String> response, @Nullable Throwable failure) {
        if (response == null) {
            sink.failed(id, lost(failure));
        } else if (response.body().stripLeading().startsWith("{")) {
            // JSON-RPC errors may come with any status; the body says more than the status does.
            sink.received(id, response.body());
        } else if (response.statusCode() == 200 && response.body().isBlank()) {
            // The blanks of a wait, and then a proxy ended the body in good order because its server was gone.
            sink.failed(
                    id, new ConnectionLost(1006, "the connection to " + settings.url() + " ended before the answer"));
        } else {
            sink.failed(
                    id,
                    new ConnectionLost(
                            response.statusCode(),
                            "the server at " + settings.url() + " answered HTTP " + response.statusCode()
                                    + " and no JSON-RPC"));
        }
    }

    private ConnectionLost lost(@Nullable Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof ConnectException) {
            return new ConnectionLost(ConnectionLost.NOBODY, "there is no server at " + settings.url());
        } else if (cause instanceof HttpConnectTimeoutException) {
            return new ConnectionLost(
                    ConnectionLost.NOBODY,
                    "the server at " + settings.url() + " did not answer within " + settings.connectWithin());
        }
        if (cause instanceof CancellationException) {
            return new ConnectionLost(
                    1006, "no sign of life from the server at " + settings.url() + " for " + settings.deadAfter());
        }
        String detail = cause == null || cause.getMessage() == null ? "" : ": " + cause.getMessage();
        String what = cause instanceof IOException ? "the connection to " : "the call to ";
        return new ConnectionLost(1006, what + settings.url() + " failed" + detail);
    }

    @Override
    public void close() {
        sink.ended(new RpcClient.Closed(1000, "closed by this side"));
        http.shutdownNow();
    }
}
