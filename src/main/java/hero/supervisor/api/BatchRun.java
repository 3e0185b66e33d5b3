package hero.supervisor.api;

import hero.supervisor.domain.Limits;
import hero.supervisor.wire.Message;
import hero.supervisor.wire.Replies;
import hero.supervisor.wire.Reply;
import hero.supervisor.wire.RpcError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// One batch: its calls run side by side, a few at once, and are answered in their order. A call that only waits
/// gives its place to the next, so that a batch may hold a `job.result` before the `job.start` it waits for.
final class BatchRun {
    private final Rpc rpc;
    private final List<Message> items;
    private final Peer peer;
    private final Limits limits;
    private final Semaphore places;
    private final BatchPeer batchPeer;

    BatchRun(Rpc rpc, List<Message> items, Peer peer, Limits limits) {
        this.rpc = rpc;
        this.items = items;
        this.peer = peer;
        this.limits = limits;
        this.places = new Semaphore(limits.batchParallel());
        this.batchPeer = new BatchPeer(peer, places);
    }

    /// Null when there is nothing to answer.
    @Nullable
    Reply answer(Executor threads) {
        Set<String> entered = new HashSet<>();
        Set<String> refused = new HashSet<>();
        try {
            enterIds(entered, refused);
            List<CompletableFuture<Rpc.Outcome>> outcomes = new ArrayList<>();
            for (Message item : items) {
                outcomes.add(begin(item, refused, threads));
            }
            return collect(outcomes);
        } finally {
            entered.forEach(peer::leave);
        }
    }

    /// The same id twice inside one batch is allowed; twice on the connection is not.
    private void enterIds(Set<String> entered, Set<String> refused) {
        for (Message item : items) {
            if (item instanceof Message.Call call
                    && !call.rawId().equals(Message.NO_ID)
                    && !entered.contains(call.rawId())
                    && !refused.contains(call.rawId())) {
                (peer.enter(call.rawId()) ? entered : refused).add(call.rawId());
            }
        }
    }

    private CompletableFuture<Rpc.Outcome> begin(Message item, Set<String> refused, Executor threads) {
        return switch (item) {
            case Message.Call call ->
                refused.contains(call.rawId())
                        ? failed(RpcError.duplicateId())
                        : fork(() -> rpc.run(call.method(), call, batchPeer), threads);
            case Message.Notification notification ->
                fork(() -> rpc.run(notification.method(), notification, batchPeer), threads);
            case Message.Malformed malformed -> failed(malformed.error());
            case Message.Response response -> {
                rpc.ignored();
                yield failed(RpcError.invalidRequest("a response"));
            }
            case Message.Batch batch -> throw new IllegalStateException("a batch holds no batch");
        };
    }

    private static CompletableFuture<Rpc.Outcome> failed(RpcError error) {
        return CompletableFuture.completedFuture(new Rpc.Outcome.Failed(error));
    }

    private CompletableFuture<Rpc.Outcome> fork(java.util.function.Supplier<Rpc.Outcome> call, Executor threads) {
        places.acquireUninterruptibly();
        try {
            return CompletableFuture.supplyAsync(call, threads).whenComplete((outcome, failure) -> places.release());
        } catch (RejectedExecutionException e) {
            places.release();
            return failed(rpc.error(Call.leaving()));
        }
    }

    private @Nullable Reply collect(List<CompletableFuture<Rpc.Outcome>> outcomes) {
        List<byte[]> responses = new ArrayList<>();
        int left = limits.replyBytes();
        for (int i = 0; i < items.size(); i++) {
            Rpc.Outcome outcome = outcomes.get(i).join();
            byte[] response = response(items.get(i), outcome, left);
            if (response != null) {
                responses.add(response);
                left = Math.max(0, left - response.length);
            }
        }
        return responses.isEmpty() ? null : Replies.batch(responses);
    }

    private byte @Nullable [] response(Message item, Rpc.Outcome outcome, int left) {
        String rawId = switch (item) {
            case Message.Call call -> call.rawId();
            case Message.Malformed malformed -> malformed.rawId();
            case Message.Notification notification -> null;
            case Message.Response response -> null;
            case Message.Batch batch -> null;
        };
        if (rawId == null) {
            return null;
        }
        return switch (outcome) {
            case Rpc.Outcome.Gone gone -> null;
            case Rpc.Outcome.Failed failed ->
                Replies.error(rawId, failed.error()).bytes();
            case Rpc.Outcome.Done done -> {
                byte[] response = Replies.bounded(rawId, done.body(), left, rpc::error);
                yield response != null ? response : tooLarge(rawId);
            }
        };
    }

    private byte[] tooLarge(String rawId) {
        return Replies.error(
                        rawId,
                        RpcError.tooLarge(
                                "the answers of this batch have more than " + limits.replyBytes()
                                        + " bytes together; this call was done, but its answer is left out: ask for it alone",
                                "reply_bytes",
                                limits.replyBytes()))
                .bytes();
    }
}
