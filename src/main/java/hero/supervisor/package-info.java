/// Hero Supervisor: runs jobs in any language on runners anywhere, and knows every outcome.
@org.jspecify.annotations.NullMarked
package hero.supervisor;
