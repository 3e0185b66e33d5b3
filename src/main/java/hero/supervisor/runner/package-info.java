/// The bundled runner. Sees the client and never a server package: proof that anyone can write one.
@org.jspecify.annotations.NullMarked
package hero.supervisor.runner;
