@org.jspecify.annotations.NullMarked
package hero.supervisor.browser;
