package hero.supervisor.engine;

import hero.supervisor.domain.JobEvent;
import hero.supervisor.domain.LogChunk;

/// Streams that nobody opens.
final class SilentStreams implements StreamWriter {
    @Override
    public byte[] log(String subscription, LogChunk chunk) {
        return new byte[0];
    }

    @Override
    public byte[] event(JobEvent event) {
        return new byte[0];
    }

    @Override
    public byte[] message(String subscription, byte[] event, int skipped) {
        return new byte[0];
    }

    @Override
    public byte[] gap(String subscription, String from, String to, Gap gap) {
        return new byte[0];
    }
}
