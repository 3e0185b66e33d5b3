package hero.supervisor.api;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Origin;
import hero.supervisor.domain.Refusal;
import hero.supervisor.domain.Time;
import hero.supervisor.domain.Trace;
import hero.supervisor.domain.Tracing;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.Message;
import hero.supervisor.wire.Params;
import hero.supervisor.wire.Replies;
import hero.supervisor.wire.Reply;
import hero.supervisor.wire.RpcError;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The dispatcher of both transports: one message in, at most one reply out. Never throws; whatever a method
/// throws becomes an error of the wire. Safe for any thread. Source: JSON-RPC 2.0.
public final class Rpc {
    private static final Logger LOG = LoggerFactory.getLogger(Rpc.class);

    private final MethodTable table;
    private final Gate gate;
    private final Limits limits;
    private final Executor threads;
    private final Time time;
    private final Timeouts timeouts;
    private final Supplier<String> references;
    private final CallMeter meter;
    private final Tracing tracing;

    /// @param threads a virtual thread per task; may reject when shutting down
    /// @param timeouts end waits that have a bound
    /// @param references short random words that tie an internal error to its log line
    public Rpc(
            MethodTable table,
            SecretCheck secrets,
            Limits limits,
            Executor threads,
            Timeouts timeouts,
            Time time,
            Supplier<String> references,
            CallMeter meter,
            Tracing tracing) {
        this.table = table;
        this.gate = new Gate(secrets);
        this.limits = limits;
        this.threads = threads;
        this.time = time;
        this.timeouts = timeouts;
        this.references = references;
        this.meter = meter;
        this.tracing = tracing;
    }

    /// Answers one whole message. Calls of methods that never block begin on this thread and are answered on the
    /// one that completes them; everything else gets a thread of its own. A rejected thread is thrown, and `to` is
    /// not called then. False when nothing in the message wants an answer.
    public boolean answer(byte[] utf8, Peer peer, ReplyTo to) {
        Message message = parsed(utf8);
        if (!(message instanceof Message.Call call) || !begun(call, peer, to)) {
            threads.execute(() -> to.reply(answer(message, peer), true));
        }
        return message.wantsAnswer();
    }

    /// False for a call that needs a thread.
    private boolean begun(Message.Call call, Peer peer, ReplyTo to) {
        MethodTable.Entry entry = table.find(call.method());
        Prompt prompt = entry == null ? null : entry.prompt();
        if (entry == null
                || prompt == null
                || !prompt.fits(peer)
                || (entry.access().needsDuplex() && !peer.duplex())) {
            return false;
        }
        Params params = quick(entry, call);
        if (params != null) {
            begin(call, entry, prompt, params, peer, to);
        }
        return params != null;
    }

    /// Answers one whole message. Blocks until the answer is there: one thread per message. Null when nothing is
    /// to be sent: for notifications, for responses, for a peer that has gone.
    public @Nullable Reply answer(byte[] utf8, Peer peer) {
        return answer(parsed(utf8), peer);
    }

    private Message parsed(byte[] utf8) {
        try {
            return Message.parse(utf8, limits);
        } catch (RuntimeException | Error e) {
            return new Message.Malformed(Message.NO_ID, error(e));
        }
    }

    private @Nullable Reply answer(Message message, Peer peer) {
        try {
            return switch (message) {
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

    /// Null for a call that is not quick, or wrong: that is told on the usual way.
    private @Nullable Params quick(MethodTable.Entry entry, Message.Call call) {
        try {
            Params params = call.arguments().bind(entry.spec());
            return gate.isQuick(params) ? params : null;
        } catch (RuntimeException e) {
            return null;
        }
    }

    private void begin(
            Message.Call call, MethodTable.Entry entry, Prompt prompt, Params params, Peer peer, ReplyTo to) {
        if (!enter(call, peer)) {
            to.reply(Replies.error(call.rawId(), RpcError.duplicateId()), false);
            return;
        }
        Running running = started(call.method(), entry, call, peer);
        Consumer<Outcome> end = outcome -> {
            ended(running, outcome);
            leave(call, peer);
            to.reply(reply(call.rawId(), outcome), false);
        };
        Call begun;
        Pending<?> pending;
        try {
            begun = gate.pass(entry, call, params, peer, limits, running.span());
            pending = prompt.begin(begun);
        } catch (RuntimeException | Error e) {
            end.accept(new Outcome.Failed(error(e)));
            return;
        }
        pending.then(begun, threads, timeouts, (body, failure) -> end.accept(outcome(body, failure)));
    }

    private Outcome outcome(@Nullable Body body, @Nullable Throwable failure) {
        if (body != null) {
            return new Outcome.Done(body);
        }
        return failure instanceof Call.PeerGone || failure == null
                ? new Outcome.Gone()
                : new Outcome.Failed(error(failure));
    }

    /// Null when there is nobody to be answered. What fails while it is encoded is told as any failure: on the way
    /// without a thread nobody else would.
    private @Nullable Reply reply(String rawId, Outcome outcome) {
        try {
            return switch (outcome) {
                case Outcome.Done done -> Replies.result(rawId, done.body(), this::error);
                case Outcome.Failed failed -> Replies.error(rawId, failed.error());
                case Outcome.Gone gone -> null;
            };
        } catch (RuntimeException | Error e) {
            return Replies.error(rawId, error(e));
        }
    }

    /// False when a call of the same id is at work; [#leave] must follow otherwise. Calls with the id null are not
    /// told apart.
    private static boolean enter(Message.Call call, Peer peer) {
        return call.rawId().equals(Message.NO_ID) || peer.enter(call.rawId());
    }

    private static void leave(Message.Call call, Peer peer) {
        if (!call.rawId().equals(Message.NO_ID)) {
            peer.leave(call.rawId());
        }
    }

    private @Nullable Reply single(Message.Call call, Peer peer) {
        if (!enter(call, peer)) {
            return Replies.error(call.rawId(), RpcError.duplicateId());
        }
        try {
            return reply(call.rawId(), run(call.method(), call, peer));
        } finally {
            leave(call, peer);
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
        return new BatchRun(this, batch.items(), peer, limits).answer(threads);
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

    /// A call at work, as it is counted and told.
    private record Running(String label, Message message, Peer peer, Tracing.Call span, long startNs) {}

    /// Runs one call or notification, and counts it. Never throws.
    Outcome run(String method, Message message, Peer peer) {
        MethodTable.Entry entry = table.find(method);
        Running running = started(method, entry, message, peer);
        Outcome outcome = entry == null
                ? new Outcome.Failed(RpcError.unknownMethod(method))
                : guarded(entry, message, peer, running.span());
        ended(running, outcome);
        return outcome;
    }

    private Running started(String method, MethodTable.@Nullable Entry entry, Message message, Peer peer) {
        long startNs = time.nanoTime();
        String label = entry == null ? CallMeter.OTHER : method;
        Running running = new Running(label, message, peer, span(label, entry, message, peer), startNs);
        meter.begin(label);
        return running;
    }

    private void ended(Running running, Outcome outcome) {
        meter.end(running.label());
        long took = time.nanoTime() - running.startNs();
        String word = switch (outcome) {
            case Outcome.Done done -> "ok";
            case Outcome.Failed failed -> failed.error().kind();
            case Outcome.Gone gone -> "gone";
        };
        running.span()
                .end(
                        word,
                        outcome instanceof Outcome.Failed failed
                                ? failed.error().code().number()
                                : 0);
        meter.count(running.label(), word, took);
        new Origin(running.peer().id(), Gate.request(running.message()), null)
                .on(LOG.atDebug())
                .addKeyValue("method", running.label())
                .addKeyValue("outcome", word)
                .addKeyValue("took_us", took / 1000)
                .log("call");
    }

    /// What runners say about their work is told as spans of the jobs; their calls have spans only when they ask
    /// for them.
    private Tracing.Call span(String label, MethodTable.@Nullable Entry entry, Message message, Peer peer) {
        Trace named = Gate.arguments(message).trace();
        Trace parent = named == null ? peer.trace() : named;
        boolean runners = entry != null && entry.access() == Access.RUNNER;
        return runners && parent == null ? Tracing.Call.UNTRACED : tracing.begin(label, parent);
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
