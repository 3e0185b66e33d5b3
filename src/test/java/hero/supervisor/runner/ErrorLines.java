package hero.supervisor.runner;

import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/// What classes of the runner log at error level while this is open.
final class ErrorLines implements AutoCloseable {
    /// SLF4J hands out another kind while it starts on another thread.
    private final Logger logger =
            (Logger) await().until(() -> LoggerFactory.getLogger("hero.supervisor.runner"), Logger.class::isInstance);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    ErrorLines() {
        lines.list = new CopyOnWriteArrayList<>();
        lines.start();
        logger.addAppender(lines);
    }

    /// Lines of that class, with their cause.
    List<ILoggingEvent> of(Class<?> from) {
        return lines.list.stream()
                .filter(line -> line.getLevel().equals(Level.ERROR) && line.getThrowableProxy() != null)
                .filter(line -> line.getLoggerName().equals(from.getName()))
                .toList();
    }

    @Override
    public void close() {
        logger.detachAppender(lines);
    }
}
