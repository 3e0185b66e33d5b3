package hero.supervisor.client;

import hero.supervisor.domain.Time;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A stream of the server's events that outlives its connections: a new one, to the next server, goes on behind
/// the last event that came. One thread. Source: contract §7.
public final class EventStream {
    private static final Logger log = LoggerFactory.getLogger(EventStream.class);
    private static final Set<String> STREAM = Set.of("job.event", "job.gap", "job.log");
    private static final Set<String> FOR_LATER = Set.of("busy", "shutting_down");
    private static final int UNREAD_MAX = 1000;
    private static final Duration BEGIN_WITHIN = Duration.ofSeconds(60);

    /// What came over one connection: an event's members, or how the connection ended.
    private record Came(@Nullable Map<String, Object> event, RpcClient.@Nullable Closed end) {}

    private final List<URI> urls;
    private final @Nullable String secret;
    private final Time time;
    private final Addresses addresses;
    private @Nullable String seq;
    private String lastState = "";
    private boolean begun;
    private int asked;
    private long sinceNanos;
    private long attempt;
    /// Bytes of the attempt's log that came.
    private long printed;

    public EventStream(List<URI> urls, @Nullable String secret, Time time, RandomGenerator random) {
        this.urls = List.copyOf(urls);
        this.secret = secret;
        this.time = time;
        this.addresses = new Addresses(this.urls, random);
    }

    /// Follows until `heard` says that it has heard enough, by false. It is told the members of each `job.event`,
    /// `job.gap` and `job.log`; only the last has `data`. [ConnectionLost] when no connection could be made to
    /// begin with, or the secret is refused; [RemoteError] when the stream is.
    ///
    /// @param method `job.subscribe` or `jobs.subscribe`
    public void follow(String method, Map<String, ?> params, Predicate<Map<String, Object>> heard) {
        sinceNanos = time.nanoTime();
        while (true) {
            try {
                if (!once(method, params, heard)) {
                    return;
                }
            } catch (ConnectionLost e) {
                if (e.refused() || !mayPass(e.passes())) {
                    throw e;
                }
                rest(addresses.failed().toMillis());
            } catch (RemoteError e) {
                if (!FOR_LATER.contains(String.valueOf(e.kind())) || !mayPass(e.is("shutting_down"))) {
                    throw e;
                }
                rest(addresses.failed().toMillis());
            }
        }
    }

    /// A stream that has begun goes on for as long as it takes. Before that each server is asked once, and for a
    /// minute as long as one is about to come.
    private boolean mayPass(boolean soon) {
        asked++;
        return begun || asked < urls.size() || (soon && time.nanoTime() - sinceNanos < BEGIN_WITHIN.toNanos());
    }

    /// One connection's time. False when enough has been heard.
    private boolean once(String method, Map<String, ?> params, Predicate<Map<String, Object>> heard) {
        BlockingQueue<Came> came = new ArrayBlockingQueue<>(UNREAD_MAX);
        RpcSettings settings = RpcSettings.of(addresses.current(), secret);
        try (RpcClient rpc = RpcClient.connect(settings, time, (name, event) -> {
            if (STREAM.contains(name)) {
                put(came, new Came(Tree.object(event), null));
            }
        })) {
            rpc.closed().thenAccept(end -> Thread.startVirtualThread(() -> put(came, new Came(null, end))));
            Map<String, Object> all = new HashMap<>(params);
            if (seq != null && method.equals("jobs.subscribe")) {
                all.put("since", seq);
            }
            if (attempt > 0 && Boolean.TRUE.equals(params.get("logs"))) {
                all.put("log_since", Map.of("attempt", attempt, "offset", printed));
            }
            Map<String, Object> answer = Tree.object(new SupervisorClient(rpc).call(method, all));
            begun = true;
            addresses.reached();
            if (seq == null) {
                seq = Tree.string(answer, "seq", "");
            }
            while (true) {
                Came next = take(came);
                if (next.end() != null) {
                    log.atInfo()
                            .addKeyValue("code", next.end().code())
                            .log("the stream's connection ended; it goes on");
                    rest(addresses.lost(next.end()).toMillis());
                    return true;
                }
                if (next.event() != null && isNew(next.event()) && !heard.test(next.event())) {
                    return false;
                }
            }
        }
    }

    /// A new stream of one job begins with what the old one may have told already.
    private boolean isNew(Map<String, Object> event) {
        if (event.containsKey("data")) {
            attempt = Tree.whole(event, "attempt", attempt);
            printed = Tree.whole(event, "next", printed);
            return true;
        }
        if (attempt == 0) {
            // Its log begins here, also when nothing of it comes over this connection.
            attempt = Math.max(1, Tree.whole(event, "attempt", 1));
        }
        seq = Tree.string(event, "seq", "");
        if (!event.containsKey("status")) {
            return true; // a gap, and each one counts
        }
        String state = event.get("job_id") + " " + event.get("status") + " " + event.get("attempt") + " "
                + event.get("stopping");
        boolean changed = !state.equals(lastState);
        lastState = state;
        return changed;
    }

    /// A full queue holds the connection's reader up, and so the server.
    private static void put(BlockingQueue<Came> queue, Came came) {
        try {
            queue.put(came);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Came take(BlockingQueue<Came> queue) {
        try {
            return queue.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
        }
    }

    private static void rest(long ms) {
        LockSupport.parkNanos(ms * 1_000_000);
        if (Thread.currentThread().isInterrupted()) {
            throw interrupted(null);
        }
    }

    private static CancellationException interrupted(@Nullable Throwable cause) {
        var interrupted = new CancellationException("interrupted while following a stream");
        interrupted.initCause(cause);
        return interrupted;
    }
}
