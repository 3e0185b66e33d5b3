package hero.supervisor.runner;

import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.RemoteError;
import hero.supervisor.client.RpcClient;
import hero.supervisor.client.Tree;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// One connection of the runner after `runner.connect`. Safe for any thread. Source: contract, the runner
/// protocol.
///
/// @param id given back on resume
/// @param heartbeatMs between two beats
/// @param leaseMs after so long without a beat the server counts the session as lost
/// @param resumed whether it is the one that the runner had before
/// @param logWindow bytes of a log that may be on their way; 0: the server takes no logs
record Session(RpcClient rpc, String id, boolean resumed, long heartbeatMs, long leaseMs, long logWindow) {
    private static final long HEARTBEAT_DEFAULT_MS = 10_000;
    private static final long LEASE_DEFAULT_MS = 30_000;

    /// @param before the id of the session that was to be resumed, if any
    static Session of(RpcClient rpc, @Nullable String before, Map<String, Object> hello) {
        String id = Tree.string(hello, "session_id", "");
        long heartbeatMs = Math.max(10, Tree.whole(hello, "heartbeat_ms", HEARTBEAT_DEFAULT_MS));
        return new Session(
                rpc,
                id,
                id.equals(before),
                heartbeatMs,
                Math.max(2 * heartbeatMs, Tree.whole(hello, "lease_ms", LEASE_DEFAULT_MS)),
                Tree.whole(hello, "log_window", 0));
    }

    /// Calls and waits. A server that does not answer within `most` counts as lost, and the connection is ended.
    @Nullable
    Object call(String method, Map<String, ?> params, Duration most) throws InterruptedException {
        return await(rpc, rpc.call(method, params), most);
    }

    /// The same before there is a session.
    static @Nullable Object await(RpcClient rpc, CompletableFuture<@Nullable Object> answer, Duration most)
            throws InterruptedException {
        try {
            return answer.get(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RemoteError error) {
                throw error;
            } else if (e.getCause() instanceof ConnectionLost lost) {
                throw lost;
            }
            throw new IllegalStateException("a call failed", e.getCause());
        } catch (TimeoutException e) {
            rpc.close();
            throw new ConnectionLost(1006, "the server did not answer within " + most.toMillis() + " ms");
        }
    }

    /// How long the answer to a beat is worth waiting for: a pause has gone by since the last one, and when the
    /// lease is over the session is lost.
    Duration beatWithin() {
        return Duration.ofMillis(leaseMs - heartbeatMs);
    }

    /// Waits one beat; false when the connection ended meanwhile.
    boolean awaitBeat() throws InterruptedException {
        try {
            rpc.closed().get(heartbeatMs, TimeUnit.MILLISECONDS);
            return false;
        } catch (TimeoutException e) {
            return true;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
