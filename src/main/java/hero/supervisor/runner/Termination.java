package hero.supervisor.runner;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// SIGTERM and SIGINT as two steps: the first one asks to end, the second one ends. A shutdown hook cannot tell
/// them apart, so the signals are taken before the JVM acts on them; afterwards it is up to the program to exit.
public final class Termination {
    private static final Logger log = LoggerFactory.getLogger(Termination.class);

    private Termination() {}

    /// Runs `first` on the first signal and `second` on every later one, each on a thread of its own. Where the
    /// JDK has no signals to offer (`jdk.unsupported` is left out) nothing happens but a log line.
    public static void onSignal(Runnable first, Runnable second) {
        var count = new AtomicInteger();
        InvocationHandler handler = (proxy, method, arguments) -> switch (method.getName()) {
            case "handle" -> {
                (count.getAndIncrement() == 0 ? first : second).run();
                yield null;
            }
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> false; // Nobody compares handlers.
            default -> "runner termination";
        };
        try {
            // By name, since javac warns of sun.misc and warnings are errors here.
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handlers = Class.forName("sun.misc.SignalHandler");
            Object taken = Proxy.newProxyInstance(handlers.getClassLoader(), new Class<?>[] {handlers}, handler);
            for (String name : List.of("TERM", "INT")) {
                signal.getMethod("handle", signal, handlers)
                        .invoke(null, signal.getConstructor(String.class).newInstance(name), taken);
            }
        } catch (ReflectiveOperationException e) {
            log.atWarn().setCause(e).log("signals cannot be taken: SIGTERM ends at once");
        }
    }
}
