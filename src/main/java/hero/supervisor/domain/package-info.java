/// Values and rules. No I/O, no JSON, no SQL; imports only `java.*` and JSpecify.
@org.jspecify.annotations.NullMarked
package hero.supervisor.domain;
