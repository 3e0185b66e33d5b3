package hero.supervisor.client;

import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/// JSON-RPC over HTTP: one POST per call, connections kept and shared by the JDK's client.
final class HttpLink implements Link {
    private final RpcSettings settings;
    private final HttpClient http;
    private final Sink sink;

    HttpLink(RpcSettings settings, HttpClient http, Sink sink) {
        this.settings = settings;
        this.http = http;
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
        http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString())
                .whenComplete((response, failure) -> settle(id, response, failure));
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
