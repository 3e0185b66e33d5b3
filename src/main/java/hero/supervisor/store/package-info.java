/// Values to rows and back: the only SQL. Every state change names its fence in `where` and checks its row count.
@org.jspecify.annotations.NullMarked
package hero.supervisor.store;
