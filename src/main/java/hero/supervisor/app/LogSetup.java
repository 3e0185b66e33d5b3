package hero.supervisor.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.jul.LevelChangePropagator;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.core.hook.DefaultShutdownHook;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.status.NopStatusListener;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;

/// The log as every command begins with it: standard error, one short line per event, on a thread of its own. The
/// variable `SUPERVISOR_LOG_LEVEL` sets the level of our own lines; `serve` may change form and levels later
/// ([LogOutput]). Found by Logback through `META-INF/services`; a file of its own, named by the system property
/// `logback.configurationFile` or called `logback-test.xml`, takes its place. Written in Java, as reading it from
/// XML took a tenth of the time until a server was ready.
public final class LogSetup extends ContextAwareBase implements Configurator {
    /// The variable, and the system property that goes before it.
    public static final String LEVEL = "SUPERVISOR_LOG_LEVEL";

    private static final String FILE = "logback.configurationFile";
    private static final String TEST_FILE = "logback-test.xml";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        if (System.getProperty(FILE) != null || isTest()) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        // Logback's remarks on itself are not for standard output.
        context.getStatusManager().add(new NopStatusListener());
        var hook = new DefaultShutdownHook();
        hook.setContext(context);
        Runtime.getRuntime().addShutdownHook(new Thread(hook, "log-end"));
        begin(context, System.getProperty(LEVEL, System.getenv(LEVEL)));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /// @param level of our own lines; null, or no level, for the usual one
    static void begin(LoggerContext context, @Nullable String level) {
        propagateLevels(context);
        context.getLogger("hero.supervisor").setLevel(Level.toLevel(level, Level.INFO));
        context.getLogger("io.zonky").setLevel(Level.ERROR);
        // Its warning that PostgreSQL 15 is older than its dialect: what we use of it works there.
        context.getLogger("org.jooq").setLevel(Level.ERROR);
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(lines(context));
    }

    private static boolean isTest() {
        return LogSetup.class.getClassLoader().getResource(TEST_FILE) != null;
    }

    /// What logs through `java.util.logging` asks there whether a line is wanted.
    private static void propagateLevels(LoggerContext context) {
        var propagator = new LevelChangePropagator();
        propagator.setContext(context);
        propagator.setResetJUL(true);
        propagator.start();
        context.addListener(propagator);
    }

    private static LogLines lines(LoggerContext context) {
        var form = new PlainLines(ZoneId.systemDefault());
        form.setContext(context);
        form.start();
        var lines = new LogLines();
        lines.setContext(context);
        lines.setName(LogOutput.APPENDER);
        lines.setEncoder(form);
        lines.start();
        return lines;
    }
}
