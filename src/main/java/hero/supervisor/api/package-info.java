/// Each method: decode, one engine call, encode. No rules; `Methods` is the table of all methods.
@org.jspecify.annotations.NullMarked
package hero.supervisor.api;
