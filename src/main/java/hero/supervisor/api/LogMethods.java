package hero.supervisor.api;

import hero.supervisor.domain.Limits;
import hero.supervisor.domain.LogStream;
import hero.supervisor.engine.Logs;
import hero.supervisor.wire.Body;
import hero.supervisor.wire.LogJson;
import hero.supervisor.wire.Params;
import hero.supervisor.wire.RunnerReader;

/// `job.logs`. Source: contract §7.
final class LogMethods {
    private static final int READ_BYTES_MAX = 1 << 20;
    private static final int READ_BYTES_DEFAULT = 256 << 10;

    private final Logs logs;
    private final RunnerReader reader;
    private final Limits limits;

    LogMethods(Logs logs, RunnerReader reader, Limits limits) {
        this.logs = logs;
        this.reader = reader;
        this.limits = limits;
    }

    Body read(Call call) {
        Params p = call.params();
        String jobId = p.name("job_id", limits.nameChars());
        Integer attempt = p.has("attempt") ? Integer.valueOf((int) p.integer("attempt", 1, Integer.MAX_VALUE)) : null;
        LogStream stream = p.has("stream") ? reader.stream(p) : null;
        long offset = p.integer("offset", 0, Long.MAX_VALUE, 0);
        int bytesMax = (int) p.integer("limit", 1, READ_BYTES_MAX, READ_BYTES_DEFAULT);
        return LogJson.slice(jobId, logs.read(jobId, attempt, stream, offset, bytesMax));
    }
}
