package hero.supervisor.api;

import hero.supervisor.domain.JobFilter;
import hero.supervisor.domain.Limits;
import hero.supervisor.domain.Refusal;
import hero.supervisor.engine.Feed;
import hero.supervisor.engine.LoggedStream;
import hero.supervisor.engine.Logs;
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
    private final Logs logs;
    private final Limits limits;
    /// By the connection's id.
    private final Map<String, Streams> connections = new ConcurrentHashMap<>();

    StreamMethods(Feed feed, Logs logs, Limits limits) {
        this.feed = feed;
        this.logs = logs;
        this.limits = limits;
    }

    Body job(Call call) {
        String jobId = call.params().name("job_id", limits.nameChars());
        Params since = call.params().optionalObject("log_since");
        if (!call.params().bool("logs", false)) {
            if (since != null) {
                throw Refusal.invalid("/log_since", "log_since says where logs go on, so it needs \"logs\": true");
            }
            return subscribe(call, outlet -> new Stream(feed.job(jobId, outlet), null));
        }
        Logs.From from = since == null ? null : from(since);
        return subscribe(call, outlet -> {
            LoggedStream logged = feed.withLogs(logs, jobId, from, outlet);
            return new Stream(feed.job(jobId, logged), logged);
        });
    }

    private static Logs.From from(Params p) {
        p.only(List.of("attempt", "offset"));
        return new Logs.From((int) p.integer("attempt", 1, Integer.MAX_VALUE), p.integer("offset", 0, Long.MAX_VALUE));
    }

    Body jobs(Call call) {
        JobFilter filter = filter(call.params().optionalObject("filter"));
        String since = call.params().optionalName("since", limits.nameChars());
        return subscribe(call, outlet -> new Stream(feed.jobs(filter, since, outlet), null));
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

    private Body subscribe(Call call, Function<Subscription.Outlet, Stream> how) {
        Peer peer = call.peer();
        Streams streams = connections.computeIfAbsent(peer.id(), _ -> new Streams());
        Stream stream;
        synchronized (streams) {
            streams.forgetEnded();
            if (streams.open.size() >= limits.subscriptions()) {
                throw Refusal.busy(
                                "this connection has " + limits.subscriptions()
                                        + " streams, and may have no more; end one or use another connection",
                                RETRY_MS)
                        .with("limit", "subscriptions")
                        .with("max", limits.subscriptions());
            }
            stream = how.apply(new PeerOutlet(peer));
            streams.open.put(stream.id(), stream);
            if (streams.ended) {
                cancel(stream);
            } else if (!streams.watched) {
                streams.watched = true;
                peer.onEnd(() -> ended(peer.id()));
            }
        }
        peer.afterReply(stream::begin);
        Feed.Opening opening = stream.opening;
        return StreamJson.subscribed(stream.id(), opening.seq(), opening.gapTo(), opening.gapReason());
    }

    private void cancel(Stream stream) {
        feed.cancel(stream.opening.subscription());
        if (stream.logged != null) {
            stream.logged.end();
        }
    }

    Body unsubscribe(Call call) {
        String id = call.params().name("subscription", limits.nameChars());
        Streams streams = connections.get(call.peer().id());
        Stream stream = null;
        if (streams != null) {
            synchronized (streams) {
                streams.forgetEnded();
                stream = streams.open.remove(id);
            }
        }
        if (stream != null) {
            cancel(stream);
        }
        return Bodies.bool(stream != null);
    }

    private void ended(String connection) {
        Streams streams = connections.remove(connection);
        if (streams != null) {
            synchronized (streams) {
                streams.ended = true;
                streams.open.values().forEach(this::cancel);
            }
        }
    }

    /// @param logged null when it tells events only
    private record Stream(Feed.Opening opening, @Nullable LoggedStream logged) {
        String id() {
            return opening.subscription().id();
        }

        void begin() {
            if (logged == null) {
                opening.open();
            } else {
                logged.begin(opening);
            }
        }

        boolean ended() {
            return logged == null ? opening.subscription().ended() : logged.ended();
        }
    }

    /// Those of one connection. Guarded by itself.
    private static final class Streams {
        private final Map<String, Stream> open = new HashMap<>();
        private boolean watched;
        private boolean ended;

        void forgetEnded() {
            open.values().removeIf(Stream::ended);
        }
    }

    private record PeerOutlet(Peer peer) implements Subscription.Outlet {
        @Override
        public boolean offer(byte[] message) {
            return peer.notify(message);
        }

        @Override
        public boolean offerBulk(byte[] message) {
            return peer.notifyBulk(message);
        }

        @Override
        public void close(int code, String reason) {
            peer.close(code, reason);
        }
    }
}
