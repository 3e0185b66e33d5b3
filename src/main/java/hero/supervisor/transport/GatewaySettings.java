package hero.supervisor.transport;

import hero.supervisor.domain.Limits;
import java.time.Duration;
import java.util.Set;

/// Where and how the gateway listens.
///
/// @param bind address or name to listen on
/// @param port 0 takes any free one
/// @param hosts further `Host` names that are served, lower case, without port, besides `bind` and, from this
/// machine, the loopback names; on a listener for the network an empty set serves every name
/// @param origins further web origins that may call, such as `https://console.example`
/// @param anonymous false closes the safe corner of protected mode (contract §5)
/// @param limits the server's bounds
/// @param heartbeatEvery silence of a waiting HTTP call after which a space is sent
/// @param keepAlive how long an idle HTTP connection stays open
/// @param bodyWithin time for a whole HTTP body
/// @param closeWithin time for a WebSocket peer to answer a close frame
/// @param beatEvery how often the watchdog looks at all connections
public record GatewaySettings(
        String bind,
        int port,
        Set<String> hosts,
        Set<String> origins,
        boolean anonymous,
        Limits limits,
        Duration heartbeatEvery,
        Duration keepAlive,
        Duration bodyWithin,
        Duration closeWithin,
        Duration beatEvery) {

    public GatewaySettings {
        hosts = Set.copyOf(hosts);
        origins = Set.copyOf(origins);
    }

    /// The defaults for an address.
    public static GatewaySettings of(String bind, int port, Limits limits) {
        return new GatewaySettings(
                bind,
                port,
                Set.of(),
                Set.of(),
                true,
                limits,
                Duration.ofSeconds(5),
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                Duration.ofSeconds(5),
                Duration.ofSeconds(1));
    }

    /// The same with other names, origins and anonymity.
    public GatewaySettings withAccess(Set<String> hosts, Set<String> origins, boolean anonymous) {
        return new GatewaySettings(
                bind,
                port,
                hosts,
                origins,
                anonymous,
                limits,
                heartbeatEvery,
                keepAlive,
                bodyWithin,
                closeWithin,
                beatEvery);
    }
}
