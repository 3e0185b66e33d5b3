package hero.supervisor.api;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Time;
import hero.supervisor.domain.Tracing;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.Message;
import hero.supervisor.wire.Replies;
import hero.supervisor.wire.Reply;
import hero.supervisor.wire.RpcError;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The dispatcher of both transports: one message in, at most one reply out. Never throws; whatever a method
/// throws becomes an error of the wire. Safe for any thread. Source: JSON-RPC 2.0.
public final class Rpc {
    private static final Logger LOG = LoggerFactory.getLogger(Rpc.class);

    private static final int REQUEST_ID_CHARS = 64;

    private final MethodTable table;
    private final Gate gate;
    private final Limits limits;
    private final Executor batchThreads;
    private final Time time;
    private final Supplier<String> references;
    private final CallMeter meter;
    private final Tracing tracing;

    /// @param batchThreads a virtual thread per task; may reject when shutting down
    /// @param references short random words that tie an internal error to its log line
    public Rpc(
            MethodTable table,
            SecretCheck secrets,
            Limits limits,
            Executor batchThreads,
            Time time,
            Supplier<String> references,
            CallMeter meter,
            Tracing tracing) {
        this.table = table;
        this.gate = new Gate(secrets);
        this.limits = limits;
        this.batchThreads = batchThreads;
        this.time = time;
        this.references = references;
        this.meter = meter;
        this.tracing = tracing;
    }

    /// Answers one whole message. Blocks until the answer is there: one thread per message. Null when nothing is
    /// to be sent: for notifications, for responses, for a peer that has gone.
    public @Nullable Reply answer(byte[] utf8, Peer peer) {
        try {
            return switch (Message.parse(utf8, limits)) {
                case Message.Call call -> single(call, peer);
                case Message.Batch batch -> batch(batch, peer);
                case Message.Malformed malformed -> malformed(malformed, peer);
                case Message.Notification notification -> {
                    run(notification.method(), notification, peer);
                    yield null;
                }
                case Message.Response response -> {
                    ignored();
                    yield null;
                }
            };
        } catch (RuntimeException | Error e) {
            return Replies.error(Message.NO_ID, error(e));
        }
    }

    private @Nullable Reply single(Message.Call call, Peer peer) {
        boolean tracked = !call.rawId().equals(Message.NO_ID);
        if (tracked && !peer.enter(call.rawId())) {
            return Replies.error(call.rawId(), RpcError.duplicateId());
        }
        try {
            return switch (run(call.method(), call, peer)) {
                case Outcome.Done done -> Replies.result(call.rawId(), done.body(), this::error);
                case Outcome.Failed failed -> Replies.error(call.rawId(), failed.error());
                case Outcome.Gone gone -> null;
            };
        } finally {
            if (tracked) {
                peer.leave(call.rawId());
            }
        }
    }

    private @Nullable Reply batch(Message.Batch batch, Peer peer) {
        if (batch.size() == 0) {
            return Replies.error(Message.NO_ID, RpcError.invalidRequest("a batch must hold at least one request"));
        } else if (batch.size() > limits.batchItems()) {
            return Replies.error(
                    Message.NO_ID,
                    RpcError.tooLarge(
                            "a batch may hold at most " + limits.batchItems() + " requests, not " + batch.size()
                                    + "; nothing of it was done, send it in parts",
                            "batch_items",
                            limits.batchItems()));
        }
        return new BatchRun(this, batch.items(), peer, limits).answer(batchThreads);
    }

    private Reply malformed(Message.Malformed malformed, Peer peer) {
        meter.count(CallMeter.OTHER, malformed.error().kind(), 0);
        LOG.atDebug()
                .addKeyValue("peer", peer.id())
                .addKeyValue("kind", malformed.error().kind())
                .log("malformed");
        return Replies.error(malformed.rawId(), malformed.error());
    }

    void ignored() {
        meter.count(CallMeter.OTHER, "ignored", 0);
    }

    RpcError error(Throwable failure) {
        return RpcError.of(failure, references);
    }

    /// What became of one call.
    sealed interface Outcome {
        record Done(Body body) implements Outcome {}

        record Failed(RpcError error) implements Outcome {}

        /// Nobody is there to be answered.
        record Gone() implements Outcome {}
    }

    /// Runs one call or notification, and counts it. Never throws.
    Outcome run(String method, Message message, Peer peer) {
        long start = time.nanoTime();
        MethodTable.Entry entry = table.find(method);
        String label = entry == null ? CallMeter.OTHER : method;
        Tracing.Call span = span(label, entry, message, peer);
        meter.begin(label);
        Outcome outcome = entry == null
                ? new Outcome.Failed(RpcError.unknownMethod(method))
                : guarded(entry, message, peer, span);
        meter.end(label);
        long took = time.nanoTime() - start;
        String word = switch (outcome) {
            case Outcome.Done done -> "ok";
            case Outcome.Failed failed -> failed.error().kind();
            case Outcome.Gone gone -> "gone";
        };
        span.end(
                word,
                outcome instanceof Outcome.Failed failed ? failed.error().code().number() : 0);
        meter.count(label, word, took);
        LOG.atDebug()
                .addKeyValue("peer", peer.id())
                .addKeyValue("request", () -> requestId(message))
                .addKeyValue("method", label)
                .addKeyValue("outcome", word)
                .addKeyValue("took_us", took / 1000)
                .log("call");
        return outcome;
    }

    /// What runners say about their work is told as spans of the jobs; their calls have spans only when they ask
    /// for them.
    private Tracing.Call span(String label, MethodTable.@Nullable Entry entry, Message message, Peer peer) {
        String named = Gate.arguments(message).traceparent();
        String parent = named == null ? peer.traceparent() : named;
        boolean runners = entry != null && entry.access() == Access.RUNNER;
        return runners && parent == null ? Tracing.Call.UNTRACED : tracing.begin(label, parent);
    }

    /// The caller's own id of the call, cut for the log; `-` for a notification.
    private static String requestId(Message message) {
        String id = message instanceof Message.Call call ? call.rawId() : "-";
        return id.length() <= REQUEST_ID_CHARS ? id : id.substring(0, REQUEST_ID_CHARS) + "…";
    }

    private Outcome guarded(MethodTable.Entry entry, Message message, Peer peer, Tracing.Call span) {
        try {
            if (entry.access().needsDuplex() && !peer.duplex()) {
                return new Outcome.Failed(RpcError.invalidRequest(entry.spec().name()
                                + " works on a WebSocket only: the server must be able to call back")
                        .with("needs", "websocket"));
            }
            return new Outcome.Done(entry.handler().handle(gate.pass(entry, message, peer, limits, span)));
        } catch (Call.PeerGone e) {
            return new Outcome.Gone();
        } catch (Refusal e) {
            return new Outcome.Failed(error(e));
        } catch (RuntimeException | Error e) {
            return new Outcome.Failed(error(e));
        }
    }
}
