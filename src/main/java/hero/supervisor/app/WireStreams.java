package hero.supervisor.app;

import hero.supervisor.domain.JobEvent;
import hero.supervisor.domain.LogChunk;
import hero.supervisor.engine.StreamWriter;
import hero.supervisor.wire.LogJson;
import hero.supervisor.wire.StreamJson;

/// The messages of streams as the wire has them.
final class WireStreams implements StreamWriter {
    @Override
    public byte[] event(JobEvent event) {
        return StreamJson.event(event);
    }

    @Override
    public byte[] message(String subscription, byte[] event, int skipped) {
        return StreamJson.message(subscription, event, skipped);
    }

    @Override
    public byte[] gap(String subscription, String from, String to, Gap gap) {
        return StreamJson.gap(subscription, from, to, gap.word());
    }

    @Override
    public byte[] log(String subscription, LogChunk chunk) {
        return LogJson.message(subscription, chunk);
    }
}
