package hero.supervisor.transport;

import hero.supervisor.domain.Grant;
import org.jspecify.annotations.Nullable;

/// What the [Guard] found out about a request that it lets in.
///
/// @param remote the peer's address and port, for logs
/// @param safeCorner see `Peer.inSafeCorner`
/// @param grant what a Bearer secret has proved
/// @param origin the foreign but listed origin that sent it, else null
record Passage(
        String remote,
        boolean safeCorner,
        @Nullable Grant grant,
        @Nullable String origin) {}
