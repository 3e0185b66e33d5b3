package hero.supervisor.engine;

import hero.supervisor.domain.Stop;

/// The way to one connected runner: its socket, or a simulator. Safe for any thread; never blocks on the peer.
public interface RunnerLink {

    /// Sends `runner.stop`. May be lost: every heartbeat answer repeats it.
    void stop(Stop order);

    /// Ends the connection: 4002 when a newer one took the session over.
    void close(int code, String reason);
}
