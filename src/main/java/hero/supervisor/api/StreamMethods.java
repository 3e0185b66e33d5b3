package hero.supervisor.api;

import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.engine.Feed;
import hero.supervisor.engine.Subscription;
import hero.supervisor.wire.Bodies;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.Params;
import hero.supervisor.wire.StreamJson;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// `job.subscribe`, `jobs.subscribe` and `job.unsubscribe`. A stream belongs to its connection and ends with it.
final class StreamMethods {
    private static final List<String> FILTERS = List.of("status", "runner", "executor", "caller_id", "context_id");
    private static final long RETRY_MS = 1000;

    private final Feed feed;
    private final Limits limits;
    /// By the connection's id.
    private final Map<String, Streams> connections = new ConcurrentHashMap<>();

    StreamMethods(Feed feed, Limits limits) {
        this.feed = feed;
        this.limits = limits;
    }

    Body job(Call call) {
        String jobId = call.params().name("job_id", limits.nameChars());
        return subscribe(call, outlet -> feed.job(jobId, outlet));
    }

    Body jobs(Call call) {
        JobFilter filter = filter(call.params().optionalObject("filter"));
        String since = call.params().optionalName("since", limits.nameChars());
        return subscribe(call, outlet -> feed.jobs(filter, since, outlet));
    }

    private JobFilter filter(@Nullable Params p) {
        if (p == null) {
            return JobFilter.ALL;
        }
        p.only(FILTERS);
        return new JobFilter(
                JobMethods.status(p),
                p.optionalName("runner", limits.nameChars()),
                p.optionalName("executor", limits.nameChars()),
                p.optionalName("caller_id", limits.nameChars()),
                p.optionalName("context_id", limits.nameChars()),
                null,
                null);
    }

    private Body subscribe(Call call, Function<Subscription.Outlet, Feed.Opening> how) {
        Peer peer = call.peer();
        Streams streams = connections.computeIfAbsent(peer.id(), _ -> new Streams());
        Feed.Opening opening;
        synchronized (streams) {
            streams.forgetEnded();
            if (streams.open.size() >= limits.subscriptions()) {
                throw Refusal.busy(
                                "this connection has " + limits.subscriptions()
                                        + " streams, and may have no more; end one or use another connection",
                                RETRY_MS)
                        .with("limit", limits.subscriptions());
            }
            opening = how.apply(new PeerOutlet(peer));
            streams.open.put(opening.subscription().id(), opening.subscription());
            if (streams.ended) {
                feed.cancel(opening.subscription());
            } else if (!streams.watched) {
                streams.watched = true;
                peer.onEnd(() -> ended(peer.id()));
            }
        }
        peer.afterReply(opening::open);
        return StreamJson.subscribed(opening.subscription().id(), opening.seq(), opening.gapTo());
    }

    Body unsubscribe(Call call) {
        String id = call.params().name("subscription", limits.nameChars());
        Streams streams = connections.get(call.peer().id());
        Subscription subscription = null;
        if (streams != null) {
            synchronized (streams) {
                streams.forgetEnded();
                subscription = streams.open.remove(id);
            }
        }
        if (subscription != null) {
            feed.cancel(subscription);
        }
        return Bodies.bool(subscription != null);
    }

    private void ended(String connection) {
        Streams streams = connections.remove(connection);
        if (streams != null) {
            synchronized (streams) {
                streams.ended = true;
                streams.open.values().forEach(feed::cancel);
            }
        }
    }

    /// Those of one connection. Guarded by itself.
    private static final class Streams {
        private final Map<String, Subscription> open = new HashMap<>();
        private boolean watched;
        private boolean ended;

        void forgetEnded() {
            open.values().removeIf(Subscription::ended);
        }
    }

    private record PeerOutlet(Peer peer) implements Subscription.Outlet {
        @Override
        public boolean offer(byte[] message) {
            return peer.notify(message);
        }

        @Override
        public void close(int code, String reason) {
            peer.close(code, reason);
        }
    }
}
