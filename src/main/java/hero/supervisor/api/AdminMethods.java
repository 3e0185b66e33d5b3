package hero.supervisor.api;

import hero.supervisor.domain.Limits;
import hero.supervisor.wire.Bodies;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.Params;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `admin.*`: what an operator changes in a process that runs.
final class AdminMethods {
    private static final Logger log = LoggerFactory.getLogger(AdminMethods.class);
    private static final List<String> LEVELS = List.of("ERROR", "WARN", "INFO", "DEBUG", "TRACE");
    private static final String OURS = "hero.supervisor";

    private final LogLevels levels;
    private final Limits limits;

    AdminMethods(LogLevels levels, Limits limits) {
        this.levels = levels;
        this.limits = limits;
    }

    Body logLevel(Call call) {
        Params p = call.params();
        String level = p.text("level");
        if (!LEVELS.contains(level)) {
            throw p.invalid("level", "level must be one of " + String.join(", ", LEVELS));
        }
        String named = p.optionalName("logger", limits.nameChars());
        String logger = named == null ? OURS : named;
        String was = levels.set(logger, level);
        log.atWarn()
                .addKeyValue("logger", logger)
                .addKeyValue("level", level)
                .addKeyValue("was", was)
                .addKeyValue("peer", call.peer().id())
                .log("log level changed");
        Map<String, Body> answer = new LinkedHashMap<>();
        answer.put("logger", Bodies.text(logger));
        answer.put("level", Bodies.text(level));
        answer.put("was", Bodies.text(was));
        return Bodies.object(answer);
    }
}
