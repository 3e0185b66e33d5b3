/// A fault kit for authors of runners: plays the server's side of each hard case and says how the runner did.
@org.jspecify.annotations.NullMarked
package hero.supervisor.check;
