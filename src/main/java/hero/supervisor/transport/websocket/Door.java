package hero.supervisor.transport.websocket;

import io.helidon.common.socket.PeerInfo;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.websocket.WsListener;
import java.util.List;

/// Who may come in; asked before the 101.
@FunctionalInterface
public interface Door {

    /// The listener for a new connection. [Denied] refuses it. `subProtocols` are those that the peer offers.
    WsListener open(HttpPrologue prologue, Headers headers, List<String> subProtocols, PeerInfo peer);
}
