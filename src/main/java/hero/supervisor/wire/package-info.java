/// JSON to values and back: the only JSON, the only error codes. Knows no SQL and no sockets.
@org.jspecify.annotations.NullMarked
package hero.supervisor.wire;
