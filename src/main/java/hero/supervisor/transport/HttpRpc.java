package hero.supervisor.transport;

import hero.supervisor.domain.Trace;
import hero.supervisor.transport.websocket.Denied;
import hero.supervisor.wire.Reply;
import hero.supervisor.wire.RpcError;
import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.ServerRequestHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `POST /rpc`: one request or batch in, one answer out. A call that waits is answered in chunks that begin with
/// a space every few seconds (JSON allows leading white space): proxies keep the connection, and a client that has
/// gone is found out, so that nothing waits for it. A message that wants no answer gets no such space; its waits
/// end when the first one would be due, as nobody would find out for whom they wait.
final class HttpRpc {
    private static final Logger LOG = LoggerFactory.getLogger(HttpRpc.class);
    /// How much of a body that is too long is read and dropped, so that its sender gets to read the answer.
    private static final long DROP_BYTES_MAX = 64L << 20;
    /// The slowest reader that we serve.
    private static final int SLOWEST_BYTES_PER_SECOND = 16 << 10;

    private static final HeaderName TRACEPARENT = HeaderNames.create("traceparent");
    private static final HeaderName TRACESTATE = HeaderNames.create("tracestate");

    private final GatewaySettings settings;
    private final Answers answers;
    private final Waits waits;
    private final AtomicLong ids = new AtomicLong();

    HttpRpc(GatewaySettings settings, Answers answers, Waits waits) {
        this.settings = settings;
        this.answers = answers;
        this.waits = waits;
    }

    /// [Denied] for what is no JSON or too long.
    void handle(ServerRequest request, ServerResponse response, Passage passage) {
        requireJson(request);
        byte[] body = body(request);
        Ends ends = new Ends();
        try {
            HttpPeer peer =
                    new HttpPeer("http-" + ids.incrementAndGet(), passage, waits, ends, trace(request.headers()));
            var call = new CompletableFuture<@Nullable Reply>();
            boolean wanted = answers.answer(body, peer, (reply, _) -> call.complete(reply));
            answer(response, call, wanted ? null : ends);
        } catch (IOException | UncheckedIOException e) {
            throw new CloseConnectionException("the client is gone", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CloseConnectionException("the server stops", e);
        } finally {
            ends.run();
        }
    }

    private static @Nullable Trace trace(ServerRequestHeaders headers) {
        if (!headers.contains(TRACEPARENT)) {
            return null;
        }
        // Several lines of a list are one list (RFC 9110, §5.2).
        return Trace.read(headers.first(TRACEPARENT).orElse(null), String.join(",", headers.all(TRACESTATE, List::of)));
    }

    private void requireJson(ServerRequest request) {
        String[] parts = request.headers()
                .first(HeaderNames.CONTENT_TYPE)
                .orElse("")
                .toLowerCase(Locale.ROOT)
                .split(";", -1);
        boolean json = parts[0].trim().equals("application/json");
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i].replace("\"", "").trim();
            json &= !part.startsWith("charset=") || part.equals("charset=utf-8");
        }
        if (!json) {
            throw new Denied(
                    415,
                    Map.of(),
                    answers.refusal(
                            -32600, "invalid_request", "send the request with Content-Type: application/json (UTF-8)"));
        }
    }

    private byte[] body(ServerRequest request) {
        if (!request.content().hasEntity()) {
            return new byte[0];
        }
        int max = settings.limits().messageBytes();
        OptionalLong length = request.headers().contentLength();
        boolean announced = length.orElse(0) > max;
        boolean waitsForUs = request.headers().contains(HeaderNames.EXPECT);
        if (announced && waitsForUs) {
            // To read from the stream, or to close it, would ask for the body.
            throw tooLarge(max);
        }
        try (InputStream in = request.content().inputStream()) {
            // As many bytes as it has: memory for as many as it may have would be taken for each request.
            byte[] body = announced ? new byte[0] : in.readNBytes((int) length.orElse(max + 1));
            if (announced || body.length > max) {
                drop(in);
                throw tooLarge(max);
            }
            Line.CURRENT.get().owesNothing();
            return body;
        } catch (Denied denied) {
            throw denied;
        } catch (IOException | UncheckedIOException | DataReader.InsufficientDataAvailableException e) {
            throw new CloseConnectionException("the client is gone", e);
        } catch (RuntimeException e) {
            // What Helidon says of it holds the bytes, which may be a secret's: nobody is told.
            throw unreadable();
        }
    }

    /// Where the next request begins is not known either.
    private Denied unreadable() {
        Line.CURRENT.get().last();
        return new Denied(
                400,
                Map.of("Connection", "close"),
                answers.refusal(
                        -32600,
                        "invalid_request",
                        "the chunks of the body cannot be read; send each as its size in hex digits and its bytes,"
                                + " without extensions or trailers, or all with a Content-Length"));
    }

    private static void drop(InputStream in) throws IOException {
        byte[] buffer = new byte[16 << 10];
        long dropped = 0;
        int count;
        while (dropped < DROP_BYTES_MAX && (count = in.read(buffer)) >= 0) {
            dropped += count;
        }
    }

    private Denied tooLarge(int max) {
        Line.CURRENT.get().last();
        return new Denied(
                413,
                Map.of("Connection", "close"),
                RpcError.tooLarge(
                                "a message may have " + max + " bytes; split the batch, or raise the server's limit",
                                "message_bytes",
                                max)
                        .bytes());
    }

    /// @param unheard ends the waits of a message that wants no answer; null when one is wanted
    private void answer(ServerResponse response, CompletableFuture<@Nullable Reply> call, @Nullable Ends unheard)
            throws IOException, InterruptedException {
        response.headers().set(HeaderValues.CONTENT_TYPE_JSON);
        OutputStream out = null;
        Line line = Line.CURRENT.get();
        Thread thread = Thread.currentThread();
        call.whenComplete((_, _) -> LockSupport.unpark(thread));
        while (!line.await(call, settings.heartbeatEvery())) {
            if (unheard != null) {
                unheard.run();
                continue;
            }
            if (out == null) {
                out = timed(response.outputStream());
            }
            out.write(' ');
            out.flush();
        }
        send(response, out, call.join());
    }

    private void send(ServerResponse response, @Nullable OutputStream begun, @Nullable Reply reply) throws IOException {
        if (reply == null && begun == null) {
            response.headers().remove(HeaderNames.CONTENT_TYPE);
            response.status(Status.NO_CONTENT_204).send();
        } else if (reply != null && begun == null && !reply.streams()) {
            sendWhole(response, reply.bytes());
        } else {
            OutputStream out = begun == null ? timed(response.outputStream()) : begun;
            if (reply != null) {
                write(reply, out);
            }
            out.close();
        }
    }

    private void sendWhole(ServerResponse response, byte[] bytes) {
        Duration within = settings.limits().writeDeadline().plusSeconds(bytes.length / SLOWEST_BYTES_PER_SECOND);
        Line.CURRENT.get().owes(within);
        response.send(bytes);
        Line.CURRENT.get().owesNothing();
    }

    private static void write(Reply reply, OutputStream out) throws IOException {
        try {
            reply.writeTo(out);
        } catch (UncheckedIOException e) {
            throw e;
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("an answer broke off");
            throw new CloseConnectionException("an answer broke off", e);
        }
    }

    /// Every write has the write deadline; a close before the end does not reach the response.
    private OutputStream timed(OutputStream out) {
        Line line = Line.CURRENT.get();
        Duration within = settings.limits().writeDeadline();
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int from, int length) throws IOException {
                line.owes(within);
                out.write(bytes, from, length);
                line.owesNothing();
            }

            @Override
            public void flush() throws IOException {
                line.owes(within);
                out.flush();
                line.owesNothing();
            }
        };
    }
}
