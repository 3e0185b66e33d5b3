/// A whole system of gateways, runners and clients on one thread, with every fault that a seed can think of.
@org.jspecify.annotations.NullMarked
package hero.supervisor.engine.sim;
