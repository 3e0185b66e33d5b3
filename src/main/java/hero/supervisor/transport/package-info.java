/// Knows sockets, not jobs: HTTP and our WebSocket engine on Helidon.
@org.jspecify.annotations.NullMarked
package hero.supervisor.transport;
