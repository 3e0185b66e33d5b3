/// A JSON-RPC client over `java.net.http`; used by the command line, the runner and the tests alike.
@org.jspecify.annotations.NullMarked
package hero.supervisor.client;
