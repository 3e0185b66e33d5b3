/// What one message costs, in nanoseconds: measured by JMH, asserted nowhere. `docs/PERFORMANCE.md` has the
/// command.
@NullMarked
package hero.supervisor.jmh;

import org.jspecify.annotations.NullMarked;
