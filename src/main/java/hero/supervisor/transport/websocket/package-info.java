/// RFC 6455 on Helidon's public upgrade SPI. Knows frames and sockets, not JSON. `Upgrade` is the way in,
/// `Session` the way out; Helidon's own `WsListener` is what an endpoint implements, called with whole messages.
@org.jspecify.annotations.NullMarked
package hero.supervisor.transport.websocket;
