/// Decides: the life cycle, who gets which job, who waits for what. Never holds a lock over a store call; time,
/// ids and randomness come in as arguments.
@org.jspecify.annotations.NullMarked
package hero.supervisor.engine;
