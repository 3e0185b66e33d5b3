/// The command line: each command is one call into app, client or runner.
@org.jspecify.annotations.NullMarked
package hero.supervisor.cli;
