package hero.supervisor.client;

import hero.supervisor.domain.Time;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Calls to a system of one or more servers that outlive each of them: when a connection breaks or its server
/// shuts down, a call that is safe to repeat goes on at the next one, or at the same one when it is back; a wait
/// takes up where it was. Safe for any thread.
public final class SystemClient implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(SystemClient.class);
    private static final Duration GIVE_UP = Duration.ofSeconds(60);
    /// A call that went for so long had a server.
    private static final Duration WORKED = Duration.ofSeconds(2);

    private static final Set<String> CREATING = Set.of("jobs.create", "job.run", "create_job", "run_job");
    private static final List<String> REPEATABLE = List.of("job.", "jobs.", "get_", "list_");

    private final @Nullable String secret;
    private final Time time;
    private final Addresses addresses;
    private @Nullable RpcClient present;
    private boolean reached;
    private boolean closed;

    public SystemClient(List<URI> urls, @Nullable String secret, Time time, RandomGenerator random) {
        this.secret = secret;
        this.time = time;
        this.addresses = new Addresses(urls, random);
    }

    /// Any method, blocking. [RemoteError] when the server refuses; [ConnectionLost] when the secret is refused,
    /// the only server was never there, none could be reached for a minute, or what was sent may have been done
    /// and must not be repeated.
    public @Nullable Object call(String method, Map<String, ?> params) {
        long begun = time.nanoTime();
        long failing = begun;
        boolean repeated = false;
        while (true) {
            long tried = time.nanoTime();
            RpcClient rpc = null;
            RuntimeException failure;
            try {
                rpc = connection();
                Object answer = new SupervisorClient(rpc).call(method, left(params, tried - begun));
                answered();
                return answer;
            } catch (ConnectionLost e) {
                if (!mayPass(e)) {
                    throw e;
                }
                failure = e;
            } catch (RemoteError e) {
                answered();
                if (repeated && method.equals("job.delete") && e.is("job_not_found")) {
                    return null; // The try before has deleted it.
                }
                if (!e.is("shutting_down") && !(repeated && e.is("busy"))) {
                    throw e;
                }
                failure = e;
            }
            long now = time.nanoTime();
            if (now - tried > WORKED.toNanos()) {
                failing = now;
            }
            boolean sent = rpc != null && !(failure instanceof ConnectionLost lost && lost.nobodyThere());
            if ((sent && !isRepeatable(method, params)) || now - failing > GIVE_UP.toNanos() || isClosed()) {
                throw failure;
            }
            repeated |= sent;
            log.atInfo()
                    .addKeyValue("method", method)
                    .addKeyValue("reason", failure.getMessage())
                    .log("a call lost its server and is made again");
            rest(next(rpc));
        }
    }

    /// Whether to go on after a failure. With one address: only when a server has been there, for a wrong address
    /// is to be told at once.
    private synchronized boolean mayPass(ConnectionLost failure) {
        reached |= failure.passes();
        return !failure.refused() && (addresses.several() || (failure.nobodyThere() ? reached : failure.passes()));
    }

    private synchronized void answered() {
        reached = true;
        addresses.reached();
    }

    /// A call that has been sent may have been carried out: only what can be repeated without harm is.
    private static boolean isRepeatable(String method, Map<String, ?> params) {
        if (CREATING.contains(method)) {
            return Tree.object(params.get("job")).containsKey("id");
        }
        return REPEATABLE.stream().anyMatch(method::startsWith);
    }

    /// What is left of a wait's time.
    private static Map<String, ?> left(Map<String, ?> params, long goneNanos) {
        if (!(params.get("timeout") instanceof Number timeout)) {
            return params;
        }
        Map<String, Object> shorter = new LinkedHashMap<>(params);
        shorter.put("timeout", Math.max(0.001, timeout.doubleValue() - goneNanos / 1e9));
        return shorter;
    }

    private synchronized RpcClient connection() {
        RpcClient rpc = present;
        if (rpc == null || rpc.closed().isDone()) {
            RpcSettings settings = RpcSettings.of(addresses.current(), secret);
            rpc = RpcClient.connect(settings, time, RpcClient.Notifications.ignored());
            present = rpc;
            if (settings.webSocket()) {
                answered();
            }
        }
        return rpc;
    }

    /// On to the next server, unless another call has gone on already; the pause before that.
    private synchronized Duration next(@Nullable RpcClient failed) {
        if (failed != null && !failed.equals(present)) {
            return Duration.ZERO;
        }
        present = null;
        if (failed == null) {
            return addresses.failed();
        }
        boolean told = failed.closed().isDone();
        Duration pause = told ? addresses.lost(failed.closed().join()) : addresses.failed();
        failed.close();
        return pause;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private static void rest(Duration pause) {
        LockSupport.parkNanos(pause.toNanos());
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("interrupted while waiting for a server");
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (present != null) {
            present.close();
        }
    }
}
