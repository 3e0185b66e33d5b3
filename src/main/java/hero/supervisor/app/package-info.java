/// The only place that builds long-lived objects; starts them in order and stops them in reverse.
@org.jspecify.annotations.NullMarked
package hero.supervisor.app;
