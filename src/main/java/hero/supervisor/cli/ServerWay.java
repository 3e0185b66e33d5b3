package hero.supervisor.cli;

import hero.supervisor.client.ConnectionLost;
import hero.supervisor.client.RemoteError;
import hero.supervisor.client.RpcSettings;
import hero.supervisor.client.SystemClient;
import hero.supervisor.domain.Time;
import java.net.URI;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Calls over the network, and the server's and the network's errors as sentences with exit codes.
final class ServerWay implements Way {
    private static final Set<String> NO_ANSWER = Set.of("busy", "shutting_down", "wait_timeout");
    private static final int INTERNAL = -32603;

    private final SystemClient system;

    private ServerWay(SystemClient system) {
        this.system = system;
    }

    /// One server, or the servers of one system, separated by commas: calls outlive each of them. [Failed] when
    /// `url` is none.
    static ServerWay open(String url, @Nullable String secret) {
        try {
            return new ServerWay(new SystemClient(urls(url), secret, Time.system(), new SecureRandom()));
        } catch (IllegalArgumentException e) {
            throw new Failed(Exit.USAGE, e.getMessage() + "; it is '" + url + "'", e);
        }
    }

    /// The servers that a text names, separated by commas.
    static List<URI> urls(String url) {
        return Arrays.stream(url.split(",", -1))
                .map(one -> RpcSettings.of(one.strip(), null).url())
                .toList();
    }

    @Override
    public @Nullable Object call(String method, Map<String, Object> params) {
        try {
            return system.call(method, params);
        } catch (RemoteError e) {
            throw refused(e);
        } catch (ConnectionLost e) {
            throw lost(e);
        }
    }

    static Failed refused(RemoteError e) {
        if (e.is("unauthorized") || e.is("forbidden")) {
            // A host or an origin that is forbidden is no matter of the secret, and needs no scope.
            boolean ofSecret = e.is("unauthorized") || e.data().containsKey("needs");
            return new Failed(
                    Exit.CONNECTION,
                    e.getMessage() + (ofSecret ? " (the secret is SUPERVISOR_SECRET or --secret-file)" : ""));
        }
        boolean noAnswer = e.code() == INTERNAL || NO_ANSWER.contains(String.valueOf(e.kind()));
        return new Failed(noAnswer ? Exit.CONNECTION : Exit.USAGE, Failed.ofCommands(e.getMessage()));
    }

    static Failed lost(ConnectionLost e) {
        if (e.refused()) {
            String hint = e.code() == 401 ? "; check SUPERVISOR_SECRET or --secret-file" : "";
            return new Failed(Exit.CONNECTION, e.getMessage() + hint, e);
        }
        return new Failed(
                Exit.CONNECTION,
                e.getMessage() + "; 'supervisor dev' starts a server here, --url or SUPERVISOR_URL names another",
                e);
    }

    @Override
    public void close() {
        system.close();
    }
}
