/// Measures the system against the SQL that it replaces: `supervisor bench`, `docs/PERFORMANCE.md`.
@org.jspecify.annotations.NullMarked
package hero.supervisor.bench;
