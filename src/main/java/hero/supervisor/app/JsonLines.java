package hero.supervisor.app;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import hero.supervisor.wire.Json;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/// One JSON object per line: `at`, `level`, `logger`, `message`, then what the line is about under its own names
/// (`job_id`, `runner`, `peer`, …), and `error` with the stack for the few lines that have one.
final class JsonLines extends EncoderBase<ILoggingEvent> {
    private static final byte[] NOTHING = {};

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("at", event.getInstant().toString());
        line.put("level", event.getLevel().toString());
        line.put("logger", event.getLoggerName());
        line.put("message", event.getFormattedMessage());
        List<KeyValuePair> pairs = event.getKeyValuePairs();
        if (pairs != null) {
            pairs.forEach(pair -> line.putIfAbsent(pair.key, plain(pair.value)));
        }
        IThrowableProxy error = event.getThrowableProxy();
        if (error != null) {
            line.putIfAbsent("error", ThrowableProxyUtil.asString(error).strip());
        }
        return (Json.write(line) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private static @Nullable Object plain(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case Number number -> number;
            case Boolean bool -> bool;
            case Collection<?> items -> items.stream().map(String::valueOf).toList();
            default -> String.valueOf(value);
        };
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }
}
