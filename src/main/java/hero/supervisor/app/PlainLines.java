package hero.supervisor.app;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/// One line per event, for people: the time of day, the level, the class that says it, the message, and what the
/// line is about as `name=value`. The few lines that have an error are followed by the beginning of its stack, its
/// cause first.
///
/// Control characters are told as `\n` or `\u001b`: neither the text of an error nor what a caller sends can look
/// like a line of its own or speak to a terminal. By hand instead of a pattern of Logback's, as a server under
/// load writes tens of thousands of lines a second. For one thread at a time.
final class PlainLines extends EncoderBase<ILoggingEvent> {
    private static final byte[] NOTHING = {};
    private static final int LEVEL_WIDTH = 5;
    private static final int STACK_LINES = 12;
    private static final DateTimeFormatter SECOND = DateTimeFormatter.ofPattern("HH:mm:ss.");

    private final ZoneId zone;
    private final StringBuilder line = new StringBuilder(256);
    private long second = Long.MIN_VALUE;
    private String secondText = "";

    /// @param zone whose time of day is told
    PlainLines(ZoneId zone) {
        this.zone = zone;
    }

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        line.setLength(0);
        time(event.getTimeStamp());
        String level = event.getLevel().toString();
        line.append(level)
                .repeat(' ', Math.max(0, LEVEL_WIDTH - level.length()))
                .append(' ');
        String logger = event.getLoggerName();
        line.append(logger, logger.lastIndexOf('.') + 1, logger.length()).append(' ');
        told(event.getFormattedMessage());
        List<KeyValuePair> pairs = event.getKeyValuePairs();
        if (pairs != null) {
            for (KeyValuePair pair : pairs) {
                line.append(' ').append(pair.key).append('=');
                told(String.valueOf(pair.value));
            }
        }
        line.append('\n');
        stack(event.getThrowableProxy());
        return line.toString().getBytes(StandardCharsets.UTF_8);
    }

    private void time(long millis) {
        long now = Math.floorDiv(millis, 1000);
        if (now != second) {
            second = now;
            secondText = SECOND.format(Instant.ofEpochSecond(now).atZone(zone));
        }
        int rest = Math.floorMod(millis, 1000);
        line.append(secondText);
        line.append((char) ('0' + rest / 100))
                .append((char) ('0' + rest / 10 % 10))
                .append((char) ('0' + rest % 10));
        line.append(' ');
    }

    /// The cause first, then what it was wrapped by, without the calls that both have. By hand, as Logback tells
    /// the text of an error as it is.
    private void stack(@Nullable IThrowableProxy error) {
        if (error == null) {
            return;
        }
        if (error.getCause() != null) {
            stack(error.getCause());
            line.append("Wrapped by: ");
        }
        line.append(error.getClassName());
        if (error.getMessage() != null) {
            line.append(": ");
            told(error.getMessage());
        }
        line.append('\n');
        StackTraceElementProxy[] calls = error.getStackTraceElementProxyArray();
        int own = Math.min(calls.length - error.getCommonFrames(), STACK_LINES);
        for (int i = 0; i < own; i++) {
            line.append('\t').append(calls[i]).append('\n');
        }
        if (own < calls.length) {
            line.append("\t… ").append(calls.length - own).append(" more\n");
        }
        for (IThrowableProxy beside : error.getSuppressed()) {
            line.append("Suppressed: ");
            stack(beside);
        }
    }

    private void told(String text) {
        int from = line.length();
        line.append(text);
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                line.setLength(from);
                escaped(text);
                return;
            }
        }
    }

    private void escaped(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n') {
                line.append("\\n");
            } else if (Character.isISOControl(c)) {
                line.append(String.format("\\u%04x", (int) c));
            } else {
                line.append(c);
            }
        }
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }
}
