package hero.supervisor.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import hero.supervisor.domain.Refusal;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/// The log of this process: its form, its levels, what of it was lost. All gateways of one process share it.
public final class LogOutput {
    static final String APPENDER = "stderr";
    private static final String OURS = "hero.supervisor";

    private LogOutput() {}

    /// Form and level as the settings say; before the first line of `serve`.
    public static void apply(Config config) {
        set(OURS, config.logLevel().name());
        if (config.logFormat() == Config.LogFormat.JSON && root().getAppender(APPENDER) instanceof LogLines lines) {
            JsonLines form = new JsonLines();
            form.setContext(root().getLoggerContext());
            form.start();
            lines.setEncoder(form);
        }
    }

    /// See `api.LogLevels`. Loggers are not made here: a name that nothing logs under is refused.
    static String set(String name, String level) {
        LoggerContext context = root().getLoggerContext();
        Logger logger = name.toUpperCase(Locale.ROOT).equals(Logger.ROOT_LOGGER_NAME) ? root() : context.exists(name);
        if (logger == null) {
            throw Refusal.invalid(
                    "/logger",
                    "nothing has logged as '" + name + "' yet; name a package or class such as hero.supervisor.engine,"
                            + " or ROOT for everything");
        }
        String was = logger.getEffectiveLevel().toString();
        logger.setLevel(Level.valueOf(level));
        return was;
    }

    /// Lines that were lost so far.
    static long lost() {
        return root().getAppender(APPENDER) instanceof LogLines lines ? lines.lost() : 0;
    }

    private static Logger root() {
        return (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
    }
}
