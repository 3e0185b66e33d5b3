package hero.supervisor.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.encoder.Encoder;
import hero.supervisor.wire.Json;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.event.KeyValuePair;

@Timeout(20)
final class LogLinesTest {
    private final LoggerContext context = new LoggerContext();
    private final Blocked out = new Blocked();
    private final LogLines lines = new LogLines(out);

    /// Standard error that nobody reads until somebody does.
    private static final class Blocked extends OutputStream {
        private final CountDownLatch read = new CountDownLatch(1);
        private final CountDownLatch full = new CountDownLatch(1);
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] data, int from, int length) {
            full.countDown();
            boolean done = false;
            while (!done) {
                try {
                    read.await();
                    done = true;
                } catch (InterruptedException e) {
                    // A write to a pipe is not interrupted either.
                }
            }
            synchronized (bytes) {
                bytes.write(data, from, length);
            }
        }

        List<String> lines() {
            synchronized (bytes) {
                return bytes.toString(StandardCharsets.UTF_8).lines().toList();
            }
        }
    }

    private Logger logger(Encoder<ILoggingEvent> encoder) {
        context.setMDCAdapter(new LogbackMDCAdapter());
        encoder.setContext(context);
        encoder.start();
        lines.setContext(context);
        lines.setEncoder(encoder);
        lines.start();
        Logger logger = context.getLogger("hero.supervisor.engine.Jobs");
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
        return logger;
    }

    private Encoder<ILoggingEvent> text() {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%level %msg %kvp{NONE}%n");
        return encoder;
    }

    @Test
    void who_logs_never_waits_for_a_blocked_standard_error_and_the_loss_is_told() throws InterruptedException {
        Logger logger = logger(text());
        logger.info("first");
        out.full.await();
        for (int i = 0; i < 2 * LogLines.QUEUE_MAX; i++) {
            logger.info("line");
        }
        logger.warn("important");
        long lost = lines.lost();
        assertTrue(lost >= LogLines.QUEUE_MAX, "lost " + lost);
        out.read.countDown();
        await().until(() -> out.lines()
                .contains("WARN log lines were lost: whoever reads standard error is too slow lost=" + lost));
        assertEquals("INFO first ", out.lines().getFirst());
        assertTrue(out.lines().contains("WARN important "), "warnings have places of their own");
        assertEquals(2L * LogLines.QUEUE_MAX + 3 - lost, out.lines().size());
    }

    @Test
    void the_end_writes_what_waits() {
        out.read.countDown();
        Logger logger = logger(text());
        for (int i = 0; i < 1000; i++) {
            logger.info("line");
        }
        lines.stop();
        assertEquals(1000, out.lines().size());
    }

    @Test
    void a_line_as_json_has_the_ids_under_their_own_names() {
        out.read.countDown();
        Logger logger = logger(new JsonLines());
        logger.atInfo()
                .addKeyValue("job_id", "a \"b\"\n")
                .addKeyValue("attempt", 2)
                .addKeyValue("queues", List.of("x", "y"))
                .addKeyValue("level", "not mine")
                .log("job running");
        logger.atError().setCause(new IllegalStateException("why")).log("broken");
        await().until(() -> out.lines().size() == 2);
        assertEquals(2, out.lines().size());
        Map<String, @Nullable Object> first = Told.object(Json.read(out.lines().getFirst()));
        assertTrue(String.valueOf(first.remove("at")).matches("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z"));
        assertEquals(
                Map.of(
                        "level", "INFO",
                        "logger", "hero.supervisor.engine.Jobs",
                        "message", "job running",
                        "job_id", "a \"b\"\n",
                        "attempt", 2,
                        "queues", List.of("x", "y")),
                first);
        String error =
                String.valueOf(Told.object(Json.read(out.lines().getLast())).get("error"));
        assertTrue(error.startsWith("java.lang.IllegalStateException: why"), error);
    }

    private String plain(Level level, String message, @Nullable Throwable error, KeyValuePair... pairs) {
        PlainLines form = new PlainLines(ZoneOffset.UTC);
        LoggingEvent event =
                new LoggingEvent("", context.getLogger("hero.supervisor.engine.Jobs"), level, message, error, null);
        event.setInstant(Instant.parse("2026-11-30T01:02:03.045678Z"));
        for (KeyValuePair pair : pairs) {
            event.addKeyValuePair(pair);
        }
        return new String(form.encode(event), StandardCharsets.UTF_8);
    }

    @Test
    void a_line_for_people_has_time_level_class_message_and_what_it_is_about() {
        assertEquals("01:02:03.045 ERROR Jobs told\n", plain(Level.ERROR, "told", null));
        assertEquals(
                "01:02:03.045 INFO  Jobs job running job_id=Zürich 😀 attempt=2 session_id=null\n",
                plain(
                        Level.INFO,
                        "job running",
                        null,
                        new KeyValuePair("job_id", "Zürich 😀"),
                        new KeyValuePair("attempt", 2),
                        new KeyValuePair("session_id", null)));
    }

    @Test
    void a_caller_can_neither_forge_a_line_nor_speak_to_the_terminal() {
        assertEquals(
                "01:02:03.045 INFO  Jobs a\\u000db job_id=x\\n01:02:03.045 WARN  Jobs paid\\u001b[2J\\u0085\n",
                plain(
                        Level.INFO,
                        "a\rb",
                        null,
                        new KeyValuePair("job_id", "x\n01:02:03.045 WARN  Jobs paid\u001b[2J\u0085")));
    }

    @Test
    void an_error_is_told_with_its_cause_first_and_the_beginning_of_its_stack() {
        Throwable error = new IllegalStateException("outer", new IllegalArgumentException("inner"));

        List<String> told = plain(Level.ERROR, "broken", error).lines().toList();

        assertEquals("01:02:03.045 ERROR Jobs broken", told.getFirst());
        assertEquals("java.lang.IllegalArgumentException: inner", told.get(1));
        assertTrue(told.stream().anyMatch(line -> line.contains("IllegalStateException: outer")), told::toString);
        assertTrue(told.size() < 40, told::toString);
    }

    @Test
    void the_text_of_an_error_is_one_line_too() {
        Throwable error = new IllegalStateException(
                "outer\n01:02:03.045 WARN  Jobs paid", new IllegalArgumentException("inner\u001b[2J"));

        List<String> told = plain(Level.ERROR, "broken", error).lines().toList();

        assertEquals("java.lang.IllegalArgumentException: inner\\u001b[2J", told.get(1));
        assertTrue(
                told.contains("Wrapped by: java.lang.IllegalStateException: outer\\n01:02:03.045 WARN  Jobs paid"),
                told::toString);
        assertTrue(
                told.stream()
                        .skip(2)
                        .allMatch(line ->
                                line.startsWith("\tat ") || line.startsWith("\t… ") || line.startsWith("Wrapped by: ")),
                told::toString);
    }

    @Test
    void an_error_beside_another_one_is_told_too() {
        Throwable error = new IllegalStateException("first");
        error.addSuppressed(new IllegalArgumentException("beside"));

        String told = plain(Level.ERROR, "broken", error);

        assertTrue(told.contains("\nSuppressed: java.lang.IllegalArgumentException: beside\n"), told);
    }

    @Test
    void an_error_that_is_its_own_cause_comes_to_an_end() {
        Throwable inner = new IllegalStateException("inner");
        Throwable outer = new IllegalStateException("outer", inner);
        inner.initCause(outer);

        String told = plain(Level.ERROR, "broken", outer);

        assertTrue(told.length() < 10_000 && told.contains("IllegalStateException: outer"), told);
    }

    @Test
    void a_level_is_changed_for_a_logger_that_there_is() {
        Logger ours = (Logger) org.slf4j.LoggerFactory.getLogger("hero.supervisor.app.LogLinesTest.some");
        ours.setLevel(Level.INFO);
        assertEquals("INFO", LogOutput.set(ours.getName(), "TRACE"));
        assertTrue(ours.isTraceEnabled());
        String sentence = String.valueOf(org.junit.jupiter.api.Assertions.assertThrows(
                        hero.supervisor.domain.Refusal.class, () -> LogOutput.set("hero.nobody", "INFO"))
                .getMessage());
        assertTrue(sentence.contains("'hero.nobody'") && sentence.contains("ROOT"), sentence);
    }
}
