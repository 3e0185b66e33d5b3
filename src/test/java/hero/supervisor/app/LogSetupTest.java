package hero.supervisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.Configurator.ExecutionStatus;
import java.util.ServiceLoader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LogSetupTest {
    private final LoggerContext context = new LoggerContext();

    @AfterEach
    void stop() {
        context.stop();
    }

    private Level level(String logger) {
        return context.getLogger(logger).getEffectiveLevel();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {"-,INFO", "DEBUG,DEBUG", "warn,WARN", "loud,INFO"})
    void own_lines_have_the_level_that_is_asked_for(String asked, String expected) {
        LogSetup.begin(context, asked);

        assertEquals(Level.valueOf(expected), level("hero.supervisor.engine.Jobs"));
        assertEquals(Level.WARN, level("com.zaxxer.hikari"));
        assertEquals(Level.ERROR, level("org.jooq.tools"));
        assertEquals(Level.ERROR, level("io.zonky"));
    }

    @Test
    void lines_go_to_standard_error_on_a_thread_of_their_own() {
        LogSetup.begin(context, null);

        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        assertInstanceOf(LogLines.class, root.getAppender(LogOutput.APPENDER));
    }

    @Test
    void logback_finds_it() {
        assertEquals(
                1,
                ServiceLoader.load(Configurator.class).stream()
                        .filter(found -> found.type() == LogSetup.class)
                        .count());
    }

    @Test
    void a_file_of_tests_takes_its_place() {
        assertEquals(ExecutionStatus.INVOKE_NEXT_IF_ANY, new LogSetup().configure(context));
    }
}
